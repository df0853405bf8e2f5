_base_ = "../had/rooms_64x96_seg_depth_normal.py"
model = dict(method=dict(_delete_=True, type="Naive"))
