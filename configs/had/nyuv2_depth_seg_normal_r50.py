_base_ = "./nyuv2_seg_depth_normal_r50.py"
phases = [dict(tasks=["depth"]), dict(tasks=["seg"]), dict(tasks=["normal"])]
