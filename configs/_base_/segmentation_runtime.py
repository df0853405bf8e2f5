# For a model of one task: mmengine's Runner, evaluated as it learns.
_base_ = "./default_runtime.py"
runner_type = "Runner"
val_cfg = dict(_delete_=True, type="ValLoop")
custom_hooks = [dict(type="FiniteHook")]
