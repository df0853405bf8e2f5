# Four times the epochs, so that phase one and naive training are close to convergence; old and new
# tasks are evaluated every four epochs.
_base_ = "nyuv2_pretrained.py"
param_scheduler = [dict(type="PolyLR", eta_min=1e-5, power=0.9, end=24, convert_to_iter_based=True)]
train_cfg = dict(max_epochs=24, val_begin=4, val_interval=4)
rows = ["Naive", "LwF", "HAD", "LwF + SGP"]
benchmark = dict(orders=[["seg", "depth", "normal"]], rows=rows, seeds=[0])
