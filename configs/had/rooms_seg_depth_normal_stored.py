# The teacher labels each phase's images once, to disk; no teacher in memory while it is trained.
_base_ = "./rooms_seg_depth_normal.py"
pseudo_labels = dict(stored=True)
