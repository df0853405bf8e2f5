_base_ = "../rooms_seg_depth_normal.py"
model = dict(method=dict(bins=5))
label = "HAD, 5 bins"
