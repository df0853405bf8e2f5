_base_ = "./cityscapes_seg_depth.py"
phases = [dict(tasks=["depth"]), dict(tasks=["seg"])]
