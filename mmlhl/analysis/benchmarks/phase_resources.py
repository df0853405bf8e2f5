"""Resources of a process after each phase of a long sequence: memory, open files, threads."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from pathlib import Path

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from ...engine import LifelongRunner
from .kill_sequences import kill_config, write_images
from .running import commit

TRACE: list[dict[str, float]] = []


class ResourceHook(Hook):
    """Records the resources of the process when a phase begins to train."""

    def before_train(self, runner: Runner) -> None:
        """Record them; the objects of earlier phases should be freed by now."""
        TRACE.append(held())


def held() -> dict[str, float]:
    """Memory, open files and threads of this process; Linux.

    Returns:
        ``memory``, resident MiB; ``peak``, its greatest since the last call; ``files`` and
        ``threads``.
    """
    memory, peak = status("VmRSS"), status("VmHWM")
    forget_peak()
    files = len(os.listdir("/proc/self/fd"))
    return dict(memory=memory, peak=peak, files=files, threads=threading.active_count())


def status(name: str) -> float:
    """A line of this process's status in MiB: ``VmRSS``, resident now, or ``VmHWM``, its peak."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"/proc/self/status has no {name}")


def forget_peak() -> None:
    """Reset the peak to what is resident now."""
    Path("/proc/self/clear_refs").write_text("5")


def long_config(root: Path, work_dir: Path, phases: int, **options: object) -> Config:
    """Config of a sequence of many phases of one epoch, each with its own binary task."""
    cfg = kill_config(root, work_dir, epochs=1, **options)  # type: ignore[arg-type]
    tasks = [f"task{number}" for number in range(phases)]
    decoder = cfg.model.heads.depth.decoder
    cfg.model.heads = {
        task: dict(type="BinaryHead", field=f"{task}_map", decoder=decoder) for task in tasks
    }
    for split in ("train", "test"):
        cfg[f"{split}_dataloader"].dataset.annotations = {
            task: dict(kind="binary", dir=f"{split}/seg", suffix=".png", threshold=1.5)
            for task in tasks
        }
    metrics = {task: dict(type="BinaryMetric", field=f"{task}_map") for task in tasks}
    cfg.test_evaluator = dict(type="MultiTaskEvaluator", metrics=metrics)
    cfg.phases = [dict(tasks=[task]) for task in tasks]
    cfg.disjoint_phases = False
    cfg.custom_hooks = [dict(type="ResourceHook")]
    cfg.visualizer = dict(
        type="SegLocalVisualizer", vis_backends=[dict(type="LocalVisBackend")], name="visualizer"
    )
    return cfg


def trace(phases: int, **options: object) -> list[dict[str, float]]:
    """Train a sequence in this process; resources at the beginning of each phase and at the end."""
    folder = Path(tempfile.mkdtemp())
    HOOKS.register_module(module=ResourceHook, force=True)
    TRACE.clear()
    try:
        write_images(folder / "images")
        cfg = long_config(folder / "images", folder / "run", phases, **options)
        LifelongRunner.from_cfg(cfg).train()
    finally:
        shutil.rmtree(folder)
    return [*TRACE, held()]


def report(found: list[dict[str, float]], command: str) -> str:
    """The trace as Markdown."""
    phases = len(found) - 1
    lines = [
        f"Command: `{command}`; commit {commit()}.",
        "",
        f"{phases} phases in one process, one binary task each, evaluated on all tasks so far; "
        "what the process holds when a phase begins to train.",
        "",
        "| phase | resident memory (MiB) | open files | threads |",
        "| --- | ---: | ---: | ---: |",
    ]
    shown = sorted({1, 2, *range(5, phases + 1, 5), phases})
    for number in shown:
        now = found[number - 1]
        lines.append(
            f"| {number} | {now['memory']:.1f} | {now['files']:.0f} | {now['threads']:.0f} |"
        )
    return "\n".join(lines)
