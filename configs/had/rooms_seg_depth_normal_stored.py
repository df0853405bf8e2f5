# The teacher stores labels of each phase's images once, and is not in memory during training.
_base_ = "./rooms_seg_depth_normal.py"
pseudo_labels = dict(stored=True)
