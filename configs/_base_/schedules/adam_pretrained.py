# For a pretrained encoder and batches of 16: about a hundred steps per phase are enough.
_base_ = "adam_rooms.py"
optim_wrapper = dict(optimizer=dict(lr=4e-3, weight_decay=1e-4))
