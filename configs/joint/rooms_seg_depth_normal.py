# The upper bound: all tasks' labels on all images at once, as many steps as the whole sequence.
_base_ = "../had/rooms_seg_depth_normal.py"
phases = [dict(tasks=["seg", "depth", "normal"])]
disjoint_phases = False
model = dict(method=dict(_delete_=True, type="Naive"))
label = "Joint"
