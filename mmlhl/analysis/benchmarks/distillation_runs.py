"""The runs of the benchmark of distillation: students, their teachers, and their configs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config

from ...paths import shipped_dir

#: folder of configs without a teacher
PLAIN = "segmentation"


@dataclass(frozen=True)
class Run:
    """One training.

    Attributes:
        data: Name of the dataset in the names of configs.
        config: Model, ``<folder>/<name>`` for ``configs/<folder>/<data>_<name>.py``.
        seed: Seed of the run.
        teacher: The teacher's ``<folder>/<name>``, if it has one.
        teacher_seed: Seed of the teacher; None for the run's own.
        teaches: Whether this run trains a teacher.
    """

    data: str
    config: str
    seed: int
    teacher: str | None = None
    teacher_seed: int | None = None
    teaches: bool = False

    @property
    def file(self) -> Path:
        """Config file of the model."""
        folder, name = self.config.split("/")
        return shipped_dir("configs") / folder / f"{self.data}_{name}.py"

    def folder(self, root: Path) -> Path:
        """Folder of the run's config, checkpoint and result."""
        kind = "teachers" if self.teaches else "runs"
        return root / self.data / kind / f"{self.config.replace('/', '_')}_seed{self.seed}"

    def result(self, root: Path) -> dict | None:
        """Metrics of the final evaluation and ``seconds``; None if the run is not finished."""
        path = self.folder(root) / "result.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None

    @property
    def teacher_run(self) -> Run | None:
        """The run that trains the teacher."""
        seed = self.seed if self.teacher_seed is None else self.teacher_seed
        return Run(self.data, self.teacher, seed, teaches=True) if self.teacher else None


def teachers_of(runs: list[Run]) -> list[Run]:
    """The runs that train the teachers of given runs, without repetitions."""
    teachers = [run.teacher_run for run in runs]
    return list(dict.fromkeys(teacher for teacher in teachers if teacher is not None))


def pair_runs(cfg: Config, pair: dict, seeds: list[int], methods: list[str]) -> list[list[Run]]:
    """The students of a pair, one list per method with one run per seed."""
    student, teacher = pair["student"], pair["teacher"]
    lent = f"{PLAIN}/{teacher}", cfg.benchmark.get("teacher_seed")
    rows = []
    for method in methods:
        folder = cfg.benchmark.methods[method]
        runs = [Run(cfg.benchmark.data, f"{folder}/{student}", seed) for seed in seeds]
        if folder != PLAIN:
            config = f"{folder}/{student}_from_{teacher}"
            runs = [Run(r.data, config, r.seed, *lent) for r in runs]
        rows.append(runs)
    return rows


def all_runs(cfg: Config, seeds: list[int], methods: list[str]) -> list[Run]:
    """All students, ordered by seed."""
    tables = [pair_runs(cfg, pair, seeds, methods) for pair in cfg.benchmark.pairs]
    return [row[i] for i in range(len(seeds)) for table in tables for row in table]


def run_config(cfg: Config, run: Run, root: Path) -> Config:
    """The config for ``tools/train.py``: the benchmark's, with the run's model and length."""
    out = Config(cfg.to_dict())
    for key in ("benchmark", "variants"):
        out.pop(key, None)
    model = Config.fromfile(run.file).model
    plain = model.student if "student" in model else model
    plain.data_preprocessor = cfg.model.data_preprocessor
    if run.teacher_run is not None:
        folder, epochs = run.teacher_run.folder(root), cfg.benchmark.epochs["teacher"]
        model.teacher = dict(
            config=str(folder / "config.py"), checkpoint=str(folder / f"epoch_{epochs}.pth")
        )
    out.model = model
    out.randomness = dict(seed=run.seed)
    set_epochs(out, cfg.benchmark.epochs["teacher" if run.teaches else "student"])
    # only the last checkpoint is needed: a killed run takes a minute and starts again
    out.default_hooks.checkpoint.update(
        interval=epochs_of(out), save_last=True, save_optimizer=False, save_param_scheduler=False
    )
    return out


def epochs_of(cfg: Config) -> int:
    """Number of epochs of a training."""
    return cfg.train_cfg.max_epochs


def set_epochs(cfg: Config, epochs: int) -> None:
    """Set the number of epochs and the ends of schedules; evaluate after the last epoch only."""
    for scheduler in cfg.param_scheduler:
        if scheduler.get("end") == epochs_of(cfg):
            scheduler["end"] = epochs
    cfg.train_cfg.update(max_epochs=epochs, val_begin=epochs, val_interval=epochs)


def shrink(cfg: Config) -> None:
    """Reduce to three epochs of two steps, to test that everything runs."""
    cfg.benchmark.epochs = dict(student=3, teacher=3)
    for loader in ("train_dataloader", "val_dataloader", "test_dataloader"):
        images = 2 * cfg[loader].batch_size if loader.startswith("train") else 4
        cfg[loader].dataset.indices = images
