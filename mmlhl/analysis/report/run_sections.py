"""Sections on the runs: what was run, its cost, its settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ...evaluation.record import LifelongRecord
from ..training_curves import loss_curves, read_losses
from .document import Block, Listing, Paragraph, Section, Table
from .pictures import plot
from .work_dir import config_file, folder_of, peak_memory, phase_config_of, settings

#: Beyond so many logged values, a running mean over the second number is drawn.
SMOOTH_BEYOND, SMOOTH = 400, 10

#: Separator of values of earlier and later phases.
THEN = " → "


def run_names(records: Sequence[LifelongRecord]) -> list[str]:
    """A name for each run: label and seed, and work dir or number if these are not unique."""
    names = [r.label if r.seed is None else f"{r.label}, seed {r.seed}" for r in records]
    folders = [folder.resolve().name if (folder := folder_of(r)) else "" for r in records]
    named = list(zip(names, folders, strict=True))
    tells = [bool(folder) and named.count((name, folder)) == 1 for name, folder in named]
    return [
        name if names.count(name) == 1 else f"{name} ({folders[i] if tells[i] else i + 1})"
        for i, name in enumerate(names)
    ]


def order_of(record: LifelongRecord) -> str:
    """The tasks of the phases, in order."""
    return THEN.join("+".join(phase["tasks"]) for phase in record.phases) or "no phase finished"


def what_was_run(records: Sequence[LifelongRecord], names: Sequence[str]) -> Section:
    """A table with one row per run."""
    header = ["run", "method", "seed", "phases", "dataset", "config", "commit", "work dir"]
    rows = []
    for record, name in zip(records, names, strict=True):
        last = phase_config_of(record, len(record) - 1) if len(record) else None
        folder = folder_of(record)
        commits = (str(each["commit"]) for each in _environments(record) if each.get("commit"))
        commit = record.extra.get("commit") or THEN.join(dict.fromkeys(commits)) or None
        given = THEN.join(map(str, record.over_phases("config"))) or (last or {}).get("filename")
        cells = (
            *(name, record.method or "-", record.seed, order_of(record)),
            *(THEN.join(map(str, record.over_phases("dataset"))) or None, given, commit),
            folder.resolve().name if folder else None,
        )
        rows.append(["-" if cell is None else str(cell) for cell in cells])
    shown = [j for j in range(len(header)) if any(row[j] != "-" for row in rows)]
    table = Table(
        "Runs of this report",
        [header[j] for j in shown],
        [[row[j] for j in shown] for row in rows],
        numeric=False,
    )
    return Section("What was run", [table])


def costs(records: Sequence[LifelongRecord], names: Sequence[str]) -> Section:
    """Time, images kept and peak memory of each phase."""
    header = ["run", "phase", "time [min]", "images kept", "peak GPU memory [MB]"]
    rows, unlogged = [], False
    for record, name in zip(records, names, strict=True):
        for index, phase in enumerate(record.phases):
            memory = peak_memory(record, index)
            seconds = record.timing[index] if index < len(record.timing) else None
            unlogged = unlogged or memory is None
            rows.append(
                [
                    name,
                    f"{index + 1} {phase.get('name') or '+'.join(phase['tasks'])}",
                    f"{seconds / 60:.1f}" if isinstance(seconds, int | float) else "-",
                    str(phase.get("exemplars") or 0),
                    "-" if memory is None else f"{memory:.0f}",
                ]
            )
    notes = ["Time is that of training only, without the evaluation after it."]
    if all(row[-1] == "-" for row in rows):
        header, rows = header[:-1], [row[:-1] for row in rows]
        notes.append("Peak memory is not recorded: only training on a GPU logs it.")
    elif unlogged:
        notes.append("A dash: the phase's log has no peak memory; only training on a GPU logs it.")
    return Section("Time and memory", [Table("Cost of each phase", header, rows, notes=notes)])


def losses(records: Sequence[LifelongRecord], names: Sequence[str]) -> Section | None:
    """The losses of each run that has logs; None if none has."""
    blocks: list[Block] = []
    for record, name in zip(records, names, strict=True):
        folder = folder_of(record)
        try:
            logs = read_losses(folder) if folder else []
        except FileNotFoundError:
            continue
        if not logs:
            continue
        smooth = SMOOTH if sum(len(log.steps) for log in logs) > SMOOTH_BEYOND else 1
        mean = f", mean over {smooth} logged values" if smooth > 1 else ""
        alt = (
            f"Losses of {name} over the iterations of {len(logs)} phases, one panel per task, "
            "dotted lines between phases. "
            + " ".join(
                f"At the end of {log.name}: total {log.losses['loss'][-1]:.3g}."
                for log in logs
                if "loss" in log.losses
            )
        )
        blocks.append(
            plot(lambda: loss_curves(logs, smooth), alt.strip(), f"Losses of {name}{mean}")  # noqa: B023
        )
    return Section("Losses", blocks) if blocks else None


def how_it_was_set(records: Sequence[LifelongRecord], names: Sequence[str]) -> Section | None:
    """The settings of each phase, and the configs in full; None if no run has its configs."""
    parts = []
    for record, name in zip(records, names, strict=True):
        known = [phase_config_of(record, index) for index in range(len(record))]
        by_phase = [settings(cfg) if cfg else {} for cfg in known]
        keys = list(dict.fromkeys(key for entries in by_phase for key in entries))
        blocks: list[Block] = []
        if keys:
            header = ["setting"]
            header += [f"{i} {phase.get('name', '')}" for i, phase in enumerate(record.phases, 1)]
            rows = [[key, *(entries.get(key, "-") for entries in by_phase)] for key in keys]
            blocks.append(Table(f"Settings of {name}, by phase", header, rows, numeric=False))
        for index, phase in enumerate(record.phases):
            file = config_file(record, index)
            if file is not None:
                text = file.read_text(encoding="utf-8", errors="replace")
                blocks.append(
                    Listing(f"Config of phase {index + 1}, {phase.get('name', '')}", text)
                )
        if blocks:
            parts.append(Section(name, blocks))
    return Section("Settings", sections=parts) if parts else None


def environments(records: Sequence[LifelongRecord], names: Sequence[str]) -> Section:
    """Package versions of the runs, one column per run."""
    known = [_environments(record) for record in records]
    keys = list(dict.fromkeys(key for run in known for entry in run for key in entry))
    if not keys:
        text = "These records do not have it: they were written before it was recorded."
        return Section("Environment", [Paragraph(text)])
    rows = [
        [str(key)]
        + [THEN.join(dict.fromkeys(str(e.get(key, "-")) for e in run)) or "-" for run in known]
        for key in keys
    ]
    if all(run == known[0] for run in known):
        rows, names = [row[:2] for row in rows], ["all runs"] if len(known) > 1 else names[:1]
    table = Table("Package versions", ["package", *names], rows, numeric=False)
    return Section("Environment", [table])


def _environments(record: LifelongRecord) -> list[Mapping]:
    """The different environments in which a run's phases were trained."""
    return [entry for entry in record.over_phases("environment") if isinstance(entry, Mapping)]
