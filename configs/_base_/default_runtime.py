custom_imports = dict(imports=["mmlhl"], allow_failed_imports=False)
runner_type = "LifelongRunner"
default_scope = "mmseg"
# Each phase trains on its own part of the training set; False gives every phase all of it.
disjoint_phases = True
# Every phase is evaluated on the test set at its end. For validation during training as well, set
# train_cfg = dict(val_begin=1, val_interval=1), which the schedules here do not.
val_cfg = dict(type="ValLoop")
test_cfg = dict(type="TestLoop")
env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method="fork", opencv_num_threads=0),
    dist_cfg=dict(backend="nccl"),
)
default_hooks = dict(
    timer=dict(type="IterTimerHook"),
    logger=dict(type="LoggerHook", interval=50, log_metric_by_epoch=True),
    param_scheduler=dict(type="ParamSchedulerHook"),
    # two, since mmengine removes the oldest before it writes the next, so that one survives a kill
    checkpoint=dict(type="CheckpointHook", interval=1, max_keep_ckpts=2),
    sampler_seed=dict(type="DistSamplerSeedHook"),
    visualization=dict(type="MultiTaskVisualizationHook"),
)
# Live display of a sequence where standard output is a terminal; interval in seconds.
progress = dict(live=True, interval=1.0)
vis_backends = [dict(type="LocalVisBackend")]
visualizer = dict(type="MultiTaskVisualizer", vis_backends=vis_backends, name="visualizer")
tta_model = dict(type="MultiTaskTTAModel")
log_processor = dict(by_epoch=True)
log_level = "INFO"
randomness = dict(seed=0)
load_from = None
resume = False
