# The schedule of the HAD release: 20 epochs per phase, so its StepLR (100 epochs) never steps.
optim_wrapper = dict(type="OptimWrapper", optimizer=dict(type="Adam", lr=1e-4, weight_decay=1e-5))
param_scheduler = [dict(type="StepLR", step_size=100, gamma=0.5, by_epoch=True)]
train_cfg = dict(type="EpochBasedTrainLoop", max_epochs=20, val_begin=1000)
