# From ImageNet weights; each old task is taught by the model of the phase that learned it.
_base_ = "rooms_seg_depth_normal_pretrained.py"
model = dict(method=dict(teachers="first", loss_weight=1.0))
pseudo_labels = dict(stored=True)
