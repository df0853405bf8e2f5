_base_ = "./nyuv2_seg_depth_normal.py"
phases = [dict(tasks=["seg"]), dict(tasks=["normal"]), dict(tasks=["depth"])]
