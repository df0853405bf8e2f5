# Short enough for two CPU cores: 20 epochs per phase. Adam's weight decay shrinks weights that the
# current loss does not use, which makes naive training forget.
optim_wrapper = dict(type="OptimWrapper", optimizer=dict(type="Adam", lr=1e-2, weight_decay=1e-4))
param_scheduler = [
    dict(
        type="PolyLR",
        eta_min=1e-5,
        power=0.9,
        begin=0,
        end=20,
        by_epoch=True,
        convert_to_iter_based=True,
    )
]
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=20, val_begin=1000)
