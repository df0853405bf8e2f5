# The second phase has a Transformer as encoder, and the ResNet of the first phase as teacher.
_base_ = ["./rooms_seg_depth_normal.py", "../_base_/models/mit_small.py"]
slower = dict(optimizer=dict(lr=1e-3))  # the ResNet's learning rate is too high for a Transformer
phases = [
    dict(tasks=["seg"]),
    dict(tasks=["depth"], model=_base_.mit_small, cfg=dict(optim_wrapper=slower)),
]
