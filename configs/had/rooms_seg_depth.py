# Two phases with one encoder, for comparison with rooms_seg_depth_r18_to_mit.py.
_base_ = "./rooms_seg_depth_normal.py"
phases = [dict(tasks=["seg"]), dict(tasks=["depth"])]
