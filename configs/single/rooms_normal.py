# A separate network for one task, on the third of the images that its phase has in the sequence
# seg, depth, normal. Without `cfg`, it is trained on all images.
_base_ = "../had/rooms_seg_depth_normal.py"
phases = [
    dict(
        tasks=["normal"],
        cfg=dict(train_dataloader=dict(dataset=dict(part=[2, 3]))),
    )
]
model = dict(method=dict(_delete_=True, type="Naive"))
label = "Single"
