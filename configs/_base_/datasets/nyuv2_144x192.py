# NYUv2 at 144x192 as images: JPEG photographs, class ids, depth in centimetres (16 bit) and normals
# as colours, `{train,val}/{image,label13,depth,normal}/<id>`.
_base_ = "nyuv2.py"
dataset = dict(
    img=dict(suffix=".jpg"),
    annotations=dict(
        seg=dict(dir="{split}/label13", suffix=".png"),
        depth=dict(suffix=".png", scale=0.01),
        normal=dict(suffix=".png"),
    ),
)
train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadMultiTaskAnnotations"),
    dict(type="MultiTaskRandomFlip", prob=0.5),
    dict(type="PackMultiTaskInputs"),
]
train_dataloader = dict(batch_size=16, dataset=dict(pipeline=train_pipeline, **dataset))
val_dataloader = dict(batch_size=16, dataset=dataset)
test_dataloader = dict(batch_size=16, dataset=dataset)
