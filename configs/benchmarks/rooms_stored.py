# Stored pseudo labels compared with the online teacher, on rooms at 64x96: the same strengths, no
# search, three epochs per phase.
_base_ = "./rooms.py"
stored = dict(pseudo_labels=dict(stored=True))
methods = {
    "_delete_": True,
    "Naive": dict(method=dict(type="Naive"), first_phase="Naive"),
    "LwF": dict(method=dict(type="LwF", loss_weight=1.0), first_phase="Naive"),
    "LwF, stored": dict(method=dict(type="LwF", loss_weight=1.0), cfg=stored, first_phase="Naive"),
    "HAD": dict(method=dict(type="HAD", loss_weight=0.3), first_phase="Naive"),
    "HAD, stored": dict(method=dict(type="HAD", loss_weight=0.3), cfg=stored, first_phase="Naive"),
}
rows = list(methods)[1:]
orders = [["seg", "depth", "normal"]]
param_scheduler = [dict(type="PolyLR", eta_min=1e-5, power=0.9, end=3, convert_to_iter_based=True)]
train_cfg = dict(max_epochs=3)
benchmark = dict(methods=methods, rows=rows, orders=orders, seeds=[0, 1], claims=[])
