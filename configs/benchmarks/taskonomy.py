# All methods on Taskonomy's ten tasks, in the order of the dataset's list and in the reverse order.
_base_ = ["../had/taskonomy_ten_tasks.py", "../_base_/benchmark_methods.py"]
order = [phase["tasks"][0] for phase in _base_.phases]
soft = dict(heads=dict(_delete_=True, segment_semantic=dict(soft_pseudo_label=True)))
benchmark = dict(orders=[order, order[::-1]], methods={"HAD, soft classes": dict(model=soft)})
