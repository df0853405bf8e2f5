# The paper's batch: 64 images per step, four batches of 16 accumulated, and four times as many
# epochs for as many steps.
_base_ = "nyuv2_pretrained.py"
optim_wrapper = dict(accumulative_counts=4)
param_scheduler = [dict(type="PolyLR", eta_min=1e-5, power=0.9, end=24, convert_to_iter_based=True)]
train_cfg = dict(max_epochs=24)
rows = ["Naive", "LwF", "HAD", "HAD, offset 0.05", "LwF + SGP"]
benchmark = dict(orders=[["seg", "depth", "normal"]], rows=rows)
