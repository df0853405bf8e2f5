# tools/benchmarks/methods.py with large batches, as in the paper's protocol (64), after phase one.
_base_ = "rooms.py"
rows = ["Naive", "Joint", "LwF", "HAD", "HAD, offset 0.05", "HAD as released", "HAD without SG"]
rows += ["HAD without DB", "HAD, arithmetic", "HAD, 5 bins", "HAD, 15 bins"]
benchmark = dict(
    orders=[["seg", "depth", "normal"]],
    rows=rows,
    later_phases=dict(train_dataloader=dict(batch_size=32), train_cfg=dict(max_epochs=20)),
)
