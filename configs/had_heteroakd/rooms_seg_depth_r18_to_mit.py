_base_ = "../had/rooms_seg_depth_r18_to_mit.py"
# The Transformer's last map has 3x4 pixels, so the one before, on the grid of the ResNet's last.
hakd = dict(seg=dict(student_tap=2, student_channels=80, teacher_channels=256, grid="teacher"))
model = dict(method=dict(type="HADHeteroAKD", hakd=hakd))
