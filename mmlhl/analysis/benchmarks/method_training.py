"""Training the runs of the benchmark of methods."""

from __future__ import annotations

import shutil
from pathlib import Path

from mmengine.config import Config

from ...evaluation import LifelongRecord
from ...files import atomic_path
from . import running
from .method_report import settings
from .method_runs import Run, first_phase_run, run_config
from .method_search import wanted_runs


def search(
    cfg: Config, labels: list[str], order: tuple[str, ...], root: Path, jobs: int, records: Path
) -> None:
    """Run the searches of some rows until each best value is bracketed or a run has failed."""
    failed: set[Run] = set()
    while wanted := [r for r in wanted_runs(cfg, labels, order, root) if r not in failed]:
        execute(wanted, cfg, root, jobs, "search", records)
        failed.update(run for run in wanted if run.record(root) is None)


def execute(
    runs: list[Run], cfg: Config, root: Path, jobs: int, what: str, records: Path | None = None
) -> None:
    """Train every run that has no complete record yet, ``jobs`` at a time.

    Shared first phases are trained before the runs that use them.
    """
    runs = [run for run in dict.fromkeys(runs) if run.record(root) is None]
    sources = {run: source for run in runs if (source := first_phase_run(cfg, run))}
    for title, group in (
        (f"{what}: shared first phases", list(dict.fromkeys(sources.values()))),
        (what, runs),
    ):
        if group:
            running.execute(
                [r for r in group if r not in sources or is_complete(sources[r], root)],
                done=lambda run: (
                    is_complete(run, root)
                    if run in sources.values()
                    else run.record(root) is not None
                ),
                train=lambda run: train(run, cfg, root, jobs, records),
                folder=lambda run: run.folder(root),
                jobs=jobs,
                what=title,
            )


def is_complete(run: Run, root: Path) -> bool:
    """Whether a run's record and the checkpoints in it exist."""
    record = run.record(root)
    return record is not None and all(
        (run.folder(root) / phase["checkpoint"]).is_file() for phase in record.phases
    )


def train(run: Run, cfg: Config, root: Path, jobs: int, records: Path | None = None) -> int:
    """Train or resume one run in a separate process and return its exit code.

    A finished run's record is also copied into ``records``, except for shared first phases, which
    are useless without their model.
    """
    source = first_phase_run(cfg, run)
    if source:
        take_first_phase(source.folder(root), run, cfg, root)
    code = running.train_config(run_config(cfg, run), run.folder(root), jobs, resume=True)
    if code == 0 and records and not run.first:
        publish(run, cfg, root, records)
    return code


def take_first_phase(source: Path, run: Run, cfg: Config, root: Path) -> None:
    """Copy another run's first phase into a run's folder, as if the run had stopped after it.

    The run then resumes with the same model, metrics and images as if it had trained that phase
    itself.
    """
    folder = run.folder(root)
    if (folder / "lifelong.json").is_file():
        return
    record = LifelongRecord.load(source / "lifelong.json")
    checkpoint = record.phases[0]["checkpoint"]
    with atomic_path(folder / checkpoint) as temporary:
        shutil.copyfile(source / checkpoint, temporary)
    record.method = cfg.benchmark.methods[run.label]["method"]["type"]
    record.extra["label"] = run.label
    record.phases[0].pop("fingerprint", None)  # it has another method and label
    record.save(folder / "lifelong.json")


def publish(run: Run, cfg: Config, root: Path, records: Path) -> None:
    """Copy a finished run's record, with the commit, to the folder of records."""
    record = run.record(root)
    record.extra.setdefault("commit", running.commit())
    folder = run.folder(root).relative_to(root)
    path = records / folder.parent / f"{folder.name}.json"
    running.write_text(records / "settings.txt", settings(cfg))
    path.parent.mkdir(parents=True, exist_ok=True)
    record.save(path)


def restore(records: Path, root: Path) -> int:
    """Copy the records of finished runs into the work dir.

    Args:
        records: Folder that :func:`publish` writes into.
        root: The work dir, whose own records are kept.

    Returns:
        Number of copied records.
    """
    new = 0
    for kind in ("search", "runs"):
        for path in sorted((records / kind).rglob("*.json")):
            target = root / path.relative_to(records).with_suffix("") / "lifelong.json"
            if not target.is_file():
                with atomic_path(target) as temporary:
                    shutil.copyfile(path, temporary)
                new += 1
    return new


def check_settings(cfg: Config, *folders: Path) -> None:
    """Refuse folders with runs of other settings, since they could not be compared.

    Args:
        cfg: The benchmark's config.
        *folders: The work dir, in which the settings are written, and the folder of records, in
            which they are written with the first record.

    Raises:
        SystemExit: If a folder has other settings; names it and both settings. If two rows would
            have the same folders.
    """
    rows: dict[str, str] = {}
    for label in cfg.benchmark.methods:
        name = Run(label, ("task",), 0).folder(Path()).name
        if rows.setdefault(name, label) != label:
            raise SystemExit(
                f"rows {rows[name]!r} and {label!r} share the folder {name}: rename one"
            )
    now = settings(cfg)
    for folder in folders:
        path = folder / "settings.txt"
        before = path.read_text(encoding="utf-8") if path.is_file() else now
        # the wording of records of an earlier release
        if before.replace(" epochs a phase ", " epochs per phase ") != now:
            raise SystemExit(
                f"{path} says: {before}\nthe config says: {now}\n"
                "Give another --work-dir and --records"
            )
    running.write_text(folders[0] / "settings.txt", now)
