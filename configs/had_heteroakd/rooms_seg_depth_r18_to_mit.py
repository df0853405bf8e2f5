_base_ = "../had/rooms_seg_depth_r18_to_mit.py"
# The Transformer's last map has only 3x4 pixels; the one before has the size of the ResNet's last.
hakd = dict(seg=dict(student_tap=2, student_channels=80, teacher_channels=256, grid="teacher"))
model = dict(method=dict(type="HADHeteroAKD", hakd=hakd))
