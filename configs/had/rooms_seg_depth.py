# Two phases with one encoder, to compare rooms_seg_depth_r18_to_mit.py with.
_base_ = "./rooms_seg_depth_normal.py"
phases = [dict(tasks=["seg"]), dict(tasks=["depth"])]
