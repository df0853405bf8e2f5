# tools/benchmarks/methods.py where a phase hardly moves the encoder, as in the paper's protocol:
# about a hundred steps of large batches at a small learning rate, and little weight decay.
_base_ = "rooms.py"
rows = ["Naive", "Joint", "LwF", "HAD", "HAD, offset 0.05", "HAD as released", "HAD without SG"]
rows += ["HAD without DB", "HAD, arithmetic", "HAD, 5 bins", "HAD, 15 bins"]
benchmark = dict(
    orders=[["seg", "depth", "normal"]],
    rows=rows,
    later_phases=dict(
        train_dataloader=dict(batch_size=32),
        optim_wrapper=dict(optimizer=dict(lr=1e-3, weight_decay=1e-5)),
        train_cfg=dict(max_epochs=20),
    ),
)
