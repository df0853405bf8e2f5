_base_ = "../had/camvid_seg_edge.py"
model = dict(method=dict(_delete_=True, type="LwF"))
