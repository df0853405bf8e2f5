# Short enough for two CPU cores, from scratch: 30 epochs per phase.
optim_wrapper = dict(type="OptimWrapper", optimizer=dict(type="Adam", lr=3e-3))
param_scheduler = [
    dict(
        type="PolyLR",
        eta_min=1e-5,
        power=0.9,
        begin=0,
        end=30,
        by_epoch=True,
        convert_to_iter_based=True,
    )
]
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=30, val_begin=1000)
