_base_ = "./cityscapes19_seg_depth.py"
phases = [dict(tasks=["depth"]), dict(tasks=["seg"])]
