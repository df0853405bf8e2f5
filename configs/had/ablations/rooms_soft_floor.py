_base_ = "../rooms_seg_depth_normal.py"
model = dict(method=dict(loss=dict(offset=0.05)))
label = "HAD, soft floor 0.05"
