# The upper bound: all tasks on all images at once, with as many steps as the complete sequence.
_base_ = "../had/rooms_seg_depth_normal.py"
phases = [dict(tasks=["seg", "depth", "normal"])]
disjoint_phases = False
model = dict(method=dict(_delete_=True, type="Naive"))
label = "Joint"
