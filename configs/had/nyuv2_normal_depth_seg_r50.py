_base_ = "./nyuv2_seg_depth_normal_r50.py"
phases = [dict(tasks=["normal"]), dict(tasks=["depth"]), dict(tasks=["seg"])]
