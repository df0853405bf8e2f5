_base_ = "../rooms_seg_depth_normal.py"
model = dict(method=dict(bins=10))
label = "HAD, 10 bins"
