"""The model zoo: small checkpoints of shipped configs, and their metrics."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from ..checkpoints import read_checkpoint
from ..evaluation.record import LifelongRecord
from ..evaluation.tables import decimals, number
from ..evaluation.units import with_unit
from ..inference.publishing import publish, write_published
from ..paths import shipped_dir
from .derived import PAPER_METRICS, choose

#: Limit on a published file, so that it can be attached to a release.
MAX_BYTES = 10_000_000


@dataclass(frozen=True)
class ZooModel:
    """A model of the zoo.

    Attributes:
        name: Beginning of the name of its file.
        config: Path in ``configs``.
        data: Dataset of its training.
    """

    name: str
    config: str
    data: str


ZOO = (
    ZooModel("rooms_64x96_naive", "naive/rooms_64x96_seg_depth_normal.py", "rooms, 64x96"),
    ZooModel("rooms_64x96_lwf", "lwf/rooms_64x96_seg_depth_normal.py", "rooms, 64x96"),
    ZooModel("rooms_64x96_had", "had/rooms_64x96_seg_depth_normal.py", "rooms, 64x96"),
    ZooModel("rooms_64x96_sgp", "sgp/rooms_64x96_seg_depth_normal.py", "rooms, 64x96"),
    ZooModel("rooms_had", "had/rooms_seg_depth_normal.py", "rooms, 96x128"),
    ZooModel("camvid_naive", "naive/camvid_seg_edge.py", "CamVid"),
    ZooModel("camvid_had", "had/camvid_seg_edge.py", "CamVid"),
)


def missing_data(model: ZooModel) -> str:
    """The folder of a model's dataset if it does not exist, else an empty string."""
    cfg = Config.fromfile(shipped_dir("configs") / model.config)
    root = cfg.train_dataloader.dataset.data_root
    return "" if Path(root).is_dir() else root


def is_trained(folder: Path, config: Path) -> bool:
    """Whether a work dir contains the complete sequence."""
    if not (folder / "lifelong.json").is_file():
        return False
    return len(LifelongRecord.load(folder / "lifelong.json")) == len(Config.fromfile(config).phases)


def make(model: ZooModel, folder: Path) -> dict[str, Any]:
    """Train a model unless it is already trained, and publish it.

    Returns:
        Facts for the page: file, size, checksum, commit, record.

    Raises:
        subprocess.CalledProcessError: If the training fails.
        ValueError: If the file is too large.
    """
    work_dir, config = folder / model.name, shipped_dir("configs") / model.config
    if not is_trained(work_dir, config):
        tool = str(shipped_dir("tools") / "train.py")
        command = [sys.executable, tool, str(config), "--work-dir", str(work_dir), "--resume"]
        subprocess.run(command, check=True)
    record = LifelongRecord.load(work_dir / "lifelong.json")
    source = work_dir / record.phases[-1]["checkpoint"]
    whole = work_dir / f"{model.name}.pth"
    write_published(whole, publish(read_checkpoint(str(source)), source=str(source), half=True))
    data = whole.read_bytes()
    if len(data) >= MAX_BYTES:
        raise ValueError(f"{whole} has {len(data)} bytes; a file of the zoo is below {MAX_BYTES}")
    checksum = hashlib.sha256(data).hexdigest()
    target = folder / "published" / f"{model.name}-{checksum[:8]}.pth"
    target.parent.mkdir(exist_ok=True)
    whole.rename(target)
    return dict(
        file=target.name,
        bytes=len(data),
        sha256=checksum,
        commit=record.extra.get("environment", {}).get("commit", "unknown"),
        record=record.to_dict(),
    )


def page(facts: Mapping[str, Mapping[str, Any]], command: str) -> str:
    """The table of all models."""
    lines = [f"Command: `{command}`.", ""]
    lines += ["| file | config | data | MB | metrics after the last phase | commit |"]
    lines += ["| --- | --- | --- | ---: | --- | --- |"]
    for model in ZOO:
        if (known := facts.get(model.name)) is None:
            continue
        file, size = f"`{known['file']}`", f"{known['bytes'] / 1e6:.1f}"
        metrics = ", ".join(_metrics(LifelongRecord.from_dict(dict(known["record"]))))
        row = (file, f"`configs/{model.config}`", model.data, size, metrics, known["commit"])
        lines.append(f"| {' | '.join(row)} |")
    if lacking := [f"`{model.name}`" for model in ZOO if model.name not in facts]:
        lines += ["", f"Not trained: {', '.join(lacking)}."]
    sums = [f"{known['sha256']}  {known['file']}" for known in facts.values()]
    return "\n".join([*lines, "", "```text", *sums, "```"] if sums else lines)


def _metrics(record: LifelongRecord) -> Sequence[str]:
    """The first of the paper's metrics of each task, with its unit."""
    order = {name: place for place, name in enumerate(PAPER_METRICS)}
    shown: dict[str, str] = {}
    for task, metric in sorted(choose(record), key=lambda key: order.get(key[1], len(order))):
        value = record.values(task, metric)[-1]
        if value is not None and task not in shown:
            name = with_unit(metric, record.unit(task, metric))
            shown[task] = f"{task} {name} {number(value, decimals([value]))}"
    return [shown[task] for task in record.tasks if task in shown]
