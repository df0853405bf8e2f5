# For a pretrained encoder and batches of 16: some hundred steps a phase.
_base_ = "adam_rooms.py"
optim_wrapper = dict(optimizer=dict(lr=1e-3, weight_decay=1e-4))
