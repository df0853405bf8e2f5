_base_ = "../rooms_seg_depth_normal.py"
model = dict(method=dict(loss=dict(mean="arithmetic")))
label = "HAD, arithmetic mean"
