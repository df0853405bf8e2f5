"""Small records for the tests of this package."""

from mmlhl.evaluation import LifelongRecord


def record(method="HAD", seed=0, miou=(50.0, 40.0), aacc=(80.0, 70.0), err=(None, 0.8), **more):
    """A record of two phases; ``more`` are further metrics of depth, higher is better."""
    result = LifelongRecord(method, seed)
    result.phases = [dict(name=t, tasks=[t], checkpoint="") for t in ("seg", "depth")]
    result.timing = [1, 1]
    result.metrics = dict(
        seg=dict(
            mIoU=dict(higher_is_better=True, values=list(miou)),
            aAcc=dict(higher_is_better=True, values=list(aacc)),
        ),
        depth=dict(abs_err=dict(higher_is_better=False, values=list(err))),
    )
    for name, values in more.items():
        result.metrics["depth"][name] = dict(higher_is_better=True, values=list(values))
    return result


def field_of_runs():
    """Naive, HAD and LwF in two seeds each, joint training once, single-task runs of one seed."""
    runs = []
    for seed in (0, 1):
        runs.append(record("HAD", seed, (50, 40 + 2 * seed), (80, 70), (None, 0.8)))
        runs.append(record("naive", seed, (50, 10 + 20 * seed), (80, 50), (None, 1.0)))
        runs.append(record("LwF", seed, (50, 30), (80, 75), (None, 0.9)))
    for run in runs:
        run.timing[0] = 59
    joint = LifelongRecord("naive", 0, label="Joint")
    metrics = {"seg/mIoU": 60, "seg/aAcc": 90, "depth/abs_err": 1.0}
    joint.add_phase("all", ["seg", "depth"], "", 120, metrics)
    seg, depth = (LifelongRecord("naive", 0, label="Single") for _ in range(2))
    seg.add_phase("seg", ["seg"], "", 60, {"seg/mIoU": 50, "seg/aAcc": 100})
    depth.add_phase("depth", ["depth"], "", 60, {"depth/abs_err": 0.4})
    return [*runs, joint, seg, depth]
