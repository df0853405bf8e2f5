_base_ = "../had/rooms_seg_depth_normal_pretrained.py"
model = dict(method=dict(_delete_=True, type="LwF"))
