"""Every config passes the checks of mmengine's plain Runner, which mmseg's test.py builds."""

import pytest
from mmengine.config import Config

from mmlhl.engine.phases import phase_config

from .loading import LEAVES, load, sequence

# mmengine raises unless all or none of a line are set
TOGETHER = (
    ("train_dataloader", "train_cfg", "optim_wrapper"),
    ("val_dataloader", "val_cfg", "val_evaluator"),
    ("test_dataloader", "test_cfg", "test_evaluator"),
)


def incomplete(cfg):
    """Keys of a config that are None although related keys are not."""
    return [
        key
        for keys in TOGETHER
        for key in keys
        if cfg.get(key) is None and any(cfg.get(other) is not None for other in keys)
    ]


def test_incomplete_config_is_detected():
    assert incomplete(Config(dict(val_cfg=dict(), val_evaluator=dict()))) == ["val_dataloader"]


@pytest.mark.parametrize("path", LEAVES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_config(path):
    cfg = load(path)
    assert incomplete(cfg) == []
    if cfg.runner_type != "LifelongRunner":
        assert "phases" not in cfg
        return
    # tools/test.py sets keys of the one evaluator for --out, and wraps the model for --tta
    assert cfg.test_evaluator.type == "MultiTaskEvaluator"
    assert cfg.tta_model.type == "MultiTaskTTAModel" and cfg.tta_pipeline
    cfg, phases = sequence(path)
    for phase in phases:
        before = "earlier.pth" if phase.index else None
        assert incomplete(phase_config(cfg, phases, phase.index, before)) == []
