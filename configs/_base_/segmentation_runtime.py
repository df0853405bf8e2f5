# For single-task models: mmengine's Runner, with validation during training.
_base_ = "./default_runtime.py"
runner_type = "Runner"
val_cfg = dict(_delete_=True, type="ValLoop")
custom_hooks = [dict(type="FiniteHook")]
