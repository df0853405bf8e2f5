"""Old tasks of a finished sequence, tested with the batch statistics of their own phase.

The encoder's statistics change with the images and weights of each phase. Whether an old task is
better with those of its own phase can be measured without training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.runner import Runner
from torch import Tensor

from ...checkpoints.named_files import named_file
from ...checkpoints.reading import read_checkpoint
from ...checkpoints.stored_config import stored_config
from ...checkpoints.weights import weights_of
from ...engine.phases.deriving import testing_config
from ...evaluation import LifelongRecord
from ...evaluation.units import with_unit
from ...inference.loading import without_pretrained
from ..formats import markdown_text
from .running import commit

STATISTICS = ("running_mean", "running_var")
#: Parts of the normalisation layers that are taken from the old task's phase.
KEPT = {
    "none": (),
    "statistics": STATISTICS,
    "statistics and affine": (*STATISTICS, "weight", "bias"),
}
#: Metrics of an old task, by key of ``KEPT``.
Found = dict[str, dict[str, float]]


def with_layers_of(
    last: Mapping[str, Tensor], own: Mapping[str, Tensor], kept: Sequence[str]
) -> dict[str, Tensor]:
    """Weights of the last phase with parts of the encoder's normalisation of an earlier one.

    Args:
        last: Weights after the last phase.
        own: Weights after the earlier one.
        kept: Names of the parts that are taken from ``own`` in each normalisation layer.
    """
    ends = f".{STATISTICS[0]}"
    layers = [
        name.removesuffix(ends)
        for name in last
        if name.startswith("backbone.") and name.endswith(ends)
    ]
    names = [f"{layer}.{part}" for layer in layers for part in kept]
    return {**last, **{name: own[name] for name in names if name in own}}


def measure(work_dir: Path) -> tuple[LifelongRecord, dict[str, Found]]:
    """Test the last model of a sequence with the normalisation of each old task's phase.

    Args:
        work_dir: Folder of a finished sequence, with the checkpoints of its phases.

    Returns:
        The sequence's record, and the metrics by old task.

    Raises:
        ValueError: If the last checkpoint contains no config, or one that names files.
    """
    record = LifelongRecord.load(work_dir / "lifelong.json")
    files = [work_dir / phase["checkpoint"] for phase in record.phases]
    checkpoint = read_checkpoint(files[-1])
    config = stored_config(checkpoint, str(files[-1]))
    if config is None:
        raise ValueError(f"{files[-1]} holds no config")
    cfg = testing_config(Config(config))
    for key in ("default_hooks", "custom_hooks", "visualizer", "vis_backends"):
        cfg.pop(key, None)  # they have no part in it, and could write anywhere
    cfg.model = without_pretrained(cfg.model)  # the checkpoint has all weights
    named = named_file(dict(model=cfg.model, test_evaluator=cfg.get("test_evaluator")))
    if named:
        raise ValueError(f"the config in {files[-1]} names a file, which was not read: {named}")
    cfg.update(work_dir=str(work_dir), load_from=None, resume=False, launcher="none")
    runner = Runner.from_cfg(cfg)
    last = weights_of(checkpoint)
    found: dict[str, Found] = {}
    for phase, file in zip(record.phases[:-1], files, strict=False):
        own = weights_of(read_checkpoint(file))
        tested = {
            name: _metrics(runner, with_layers_of(last, own, kept)) for name, kept in KEPT.items()
        }
        for task in phase["tasks"]:
            found[task] = {
                name: {
                    key.split("/", 1)[1]: value
                    for key, value in metrics.items()
                    if key.startswith(f"{task}/")
                }
                for name, metrics in tested.items()
            }
    return record, found


def report(measured: Sequence[tuple[LifelongRecord, dict[str, Found]]], command: str) -> str:
    """The results as Markdown, with the first two metrics of each task."""
    lines = [
        f"Command: `{command}`; commit {commit()}.",
        "",
        f"| method | old task | metric | {' | '.join(KEPT)} |",
        f"| --- | --- | --- |{' ---: |' * len(KEPT)}",
    ]
    for record, found in measured:
        for task, by_kept in found.items():
            for metric in list(by_kept["none"])[:2]:
                values = " | ".join(f"{by_kept[name][metric]:.3f}" for name in KEPT)
                label = with_unit(metric, record.unit(task, metric))
                names = map(markdown_text, (record.label, task, label))
                lines.append(f"| {' | '.join(names)} | {values} |")
    return "\n".join(lines)


def _metrics(runner: Runner, weights: Mapping[str, Tensor]) -> dict[str, float]:
    """Metrics of the test data with given weights.

    This does not use ``runner.test``, which would load other weights first, nor the loop's ``run``,
    whose hooks need that call.
    """
    loop, model = runner.test_loop, runner.model
    model.load_state_dict(weights, strict=False)
    model.eval()
    with torch.no_grad():
        for batch in loop.dataloader:
            loop.evaluator.process(data_samples=model.test_step(batch), data_batch=batch)
    return loop.evaluator.evaluate(len(loop.dataloader.dataset))
