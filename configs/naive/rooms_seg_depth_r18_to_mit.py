# The new encoder learns only depth, without any loss for the classes.
_base_ = "../had/rooms_seg_depth_r18_to_mit.py"
model = dict(method=dict(_delete_=True, type="Naive"))
