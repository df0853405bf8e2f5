# tools/benchmarks/methods.py with steps as in the paper's protocol after phase one: large batches
# (64 there) at a smaller learning rate.
_base_ = "rooms.py"
rows = ["Naive", "Joint", "LwF", "HAD", "HAD, offset 0.05", "HAD, offset 0.05, without SG"]
rows += ["HAD without SG", "HAD without DB", "HAD, arithmetic"]
benchmark = dict(
    orders=[["seg", "depth", "normal"]],
    rows=rows,
    later_phases=dict(
        train_dataloader=dict(batch_size=32),
        optim_wrapper=dict(optimizer=dict(lr=3e-3)),
        train_cfg=dict(max_epochs=20),
    ),
)
