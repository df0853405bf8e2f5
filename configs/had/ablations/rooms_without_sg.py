_base_ = "../rooms_seg_depth_normal.py"
model = dict(method=dict(loss=dict(with_sg=False)))
label = "HAD without SG"
