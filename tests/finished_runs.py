"""Files of finished benchmark runs, written without training."""

from __future__ import annotations

import json

from mmlhl.evaluation import LifelongRecord


def finish_sequence(run, root, miou, error=1.0):
    """Write the record and the models of a sequence like training."""
    record = LifelongRecord(run.label, run.seed, label=run.label)
    joint = run.label == "Joint"
    for task in ["joint"] if joint else run.order:
        metrics = {"seg/mIoU": miou, "depth/abs_err": error}
        tasks = list(run.order) if joint else [task]
        checkpoint = f"phase_{len(record) + 1}_{task}/{task}.pth"
        record.add_phase(task, tasks, checkpoint, 60.0, metrics)
        model = run.folder(root) / checkpoint
        model.parent.mkdir(parents=True, exist_ok=True)
        model.touch()
    record.save(run.folder(root) / "lifelong.json")


def finish_distillation(run, root, miou, seconds=60.0):
    """Write the result of a distillation like training."""
    folder = run.folder(root)
    folder.mkdir(parents=True, exist_ok=True)
    epochs = 20 if run.teaches else 8  # of the benchmark on rooms
    result = {"seg/mIoU": miou, "seg/aAcc": 80.0, "seconds": seconds, "epochs": epochs}
    (folder / "result.json").write_text(json.dumps(result))
