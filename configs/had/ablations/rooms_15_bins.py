_base_ = "../rooms_seg_depth_normal.py"
model = dict(method=dict(bins=15))
label = "HAD, 15 bins"
