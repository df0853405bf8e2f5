# The second phase brings a Transformer; the ResNet of the first one teaches it.
_base_ = ["./rooms_seg_depth_normal.py", "../_base_/models/mit_small.py"]
phases = [dict(tasks=["seg"]), dict(tasks=["depth"], cfg=dict(model=_base_.mit_small))]
