_base_ = "../rooms_seg_depth_normal.py"
model = dict(method=dict(average_tasks=False))
label = "HAD without 1/(t-1)"
