_base_ = "../rooms_seg_depth_normal.py"
model = dict(heads=dict(seg=dict(soft_pseudo_label=True)))
label = "HAD, soft classes"
