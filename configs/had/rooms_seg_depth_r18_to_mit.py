# The second phase brings a Transformer; the ResNet of the first one teaches it.
_base_ = ["./rooms_seg_depth_normal.py", "../_base_/models/mit_small.py"]
slower = dict(optimizer=dict(lr=1e-3))  # the rate of the ResNet is too high for a Transformer
phases = [
    dict(tasks=["seg"]),
    dict(tasks=["depth"], model=_base_.mit_small, cfg=dict(optim_wrapper=slower)),
]
