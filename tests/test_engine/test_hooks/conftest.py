"""A plain runner that adds one task to one checkpoint; the folder's helpers can be imported."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def plain_config(sequence_config, trained, tmp_path):
    """A function: config of a plain runner that adds depth to the checkpoint of phase one."""
    finished, record = trained
    checkpoint = str(Path(finished.work_dir, record.phases[0]["checkpoint"]))

    def config(load_from=checkpoint, tasks=("seg", "depth"), hook=(), method=None, **changes):
        cfg = sequence_config(tmp_path / "plain", load_from=load_from, **changes)
        for key in ("phases", "runner_type"):
            cfg.pop(key)
        cfg.model.tasks, cfg.model.new_tasks = list(tasks), list(tasks[-1:])
        if method is not None:
            cfg.model.method = method
        cfg.train_dataloader.dataset.tasks = list(tasks[-1:])
        cfg.train_cfg.max_epochs = 1
        cfg.visualizer.name = cfg.experiment_name
        cfg.custom_hooks = [dict(type="LifelongPhaseHook", **dict(hook))]
        return cfg

    return config
