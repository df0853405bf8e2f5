_base_ = "../rooms_seg_depth_normal.py"
model = dict(method=dict(loss=dict(mean="pixel")))
label = "HAD, pixel mean"
