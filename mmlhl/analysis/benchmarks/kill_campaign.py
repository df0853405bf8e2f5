"""A campaign of many kills over methods, processes and loops, and its table."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable, Iterable
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

from ...files import write_text
from ...json_lines import json_lines
from .kill_sequences import kill_config, write_images
from .kills import Outcome, finish, kill_and_resume, start, train
from .running import commit

#: options of the sequences, each method with one process and with two
VARIANTS: list[dict[str, Any]] = [
    dict(method="HAD", workers=1),
    dict(method="EWC", workers=2, persistent=True, accumulate=2, interval=2),
    dict(method="SGP", by_epoch=False, workers=1),
    dict(method="ICaRL", averaged=True),
    dict(method="DER", workers=1, persistent=True, interval=1),
    dict(method="HAD", processes=2, averaged=True),
    dict(method="EWC", processes=2, by_epoch=False),
    dict(method="SGP", processes=2, interval=1),
    dict(method="ICaRL", processes=2, accumulate=3, interval=1, workers=1),
    dict(method="DER", processes=2),
]
RESULTS = "kills.jsonl"
#: file with the duration of a sequence, in the folder of the one without kills
SECONDS = "seconds.txt"


def campaign(folder: Path, kills: int, log: Callable[[str], None] = print) -> list[Outcome]:
    """Kill sequences until there were a number of kills, counting those of earlier calls.

    Args:
        folder: Folder of images, work dirs and outcomes.
        kills: Number of kills.
        log: Called with one line per sequence.
    """
    root = folder / "images"
    write_images(root)
    outcomes = read_outcomes(folder)
    if (lost := _lines(folder) - len(outcomes)) > 0:
        log(f"{folder / RESULTS}: {lost} line(s) are cut off; their sequences are run again")
    while (so_far := sum(len(each.kills) for each in outcomes)) < kills:
        number = len(outcomes)
        options = VARIANTS[number % len(VARIANTS)]
        undisturbed, seconds = _undisturbed(root, folder, options)
        work_dir = folder / f"killed_{number:03}"
        draw = random.Random(f"{number}/{os.urandom(8).hex()}")
        most, began = min(3, kills - so_far), time.monotonic()
        outcome = kill_and_resume(root, work_dir, options, undisturbed, seconds, draw, most)
        if not outcome.kills:  # the machine has become faster: kill earlier the next time
            write_text(undisturbed / SECONDS, str(time.monotonic() - began))
        outcome.commit = commit()
        outcomes.append(outcome)
        lines = "".join(json.dumps(vars(each)) + "\n" for each in outcomes)
        write_text(folder / RESULTS, lines)
        log(f"{describe(options)}: killed after {outcome.kills} s, {verdict([outcome])}")
    return outcomes


def read_outcomes(folder: Path) -> list[Outcome]:
    """The outcomes in the folder of a campaign, in order; lines that are cut off are left out."""
    names = {each.name for each in fields(Outcome)}
    lines = [line for line in json_lines(folder / RESULTS) if {"options", "kills"} <= line.keys()]
    return [Outcome(**{key: line[key] for key in names & line.keys()}) for line in lines]


def _lines(folder: Path) -> int:
    path = folder / RESULTS
    return len(path.read_bytes().splitlines()) if path.is_file() else 0


def _undisturbed(root: Path, folder: Path, options: dict[str, Any]) -> tuple[Path, float]:
    """Train a sequence without kills; its work dir and its duration in seconds."""
    work_dir = folder / f"undisturbed_{VARIANTS.index(options)}"
    note = work_dir / SECONDS
    if not note.is_file():
        began = time.monotonic()
        cfg = kill_config(root, work_dir, **options)
        log = work_dir.with_suffix(".log")
        codes = finish(start(partial(train, cfg), options.get("processes", 1), log))
        if any(codes):
            raise RuntimeError(f"the undisturbed sequence ended with {codes}, see {log}")
        write_text(note, str(time.monotonic() - began))
    return work_dir, float(note.read_text())


def describe(options: dict[str, Any]) -> str:
    """The options of a sequence in words."""
    words = [options["method"], f"{options.get('processes', 1)} process(es)"]
    words.append("epochs" if options.get("by_epoch", True) else "iterations")
    every = options.get("interval")
    if every:
        words.append(f"a checkpoint every {every} steps")
    if options.get("workers"):
        persistent = "persistent " if options.get("persistent") else ""
        words.append(f"{options['workers']} {persistent}worker(s)")
    if options.get("accumulate"):
        words.append(f"gradients of {options['accumulate']} steps")
    if options.get("averaged"):
        words.append("averaged weights")
    return ", ".join(words)


def _commits(outcomes: Iterable[Outcome]) -> str:
    """The commits of the outcomes, which may be of earlier calls."""
    found = dict.fromkeys(each.commit or "unknown" for each in outcomes)
    return ", ".join(found) or commit()


def verdict(outcomes: Iterable[Outcome]) -> str:
    """The number of sequences that ended identical to ones that were not killed."""
    outcomes = list(outcomes)
    same = sum(not each.differences for each in outcomes)
    return f"{same} of {len(outcomes)} identical"


def report(outcomes: list[Outcome], command: str) -> str:
    """The outcomes as Markdown."""
    total = sum(len(each.kills) for each in outcomes)
    identical = sum(len(each.kills) for each in outcomes if not each.differences)
    lines = [
        f"Command: `{command}`; commit {_commits(outcomes)}.",
        "",
        f"**{total} kills, {identical} of them in sequences that ended identical to the bit.** "
        "Each sequence has two phases, augmentation (resize, crop, flip, colour) and dropout; it "
        "is killed with SIGKILL at random moments of its life, the start-up of the process left "
        "out, resumed each time, and compared with the same sequence without kills: "
        "weights, what the method keeps, averaged weights, and the record but for its times.",
        "",
        "| sequence | sequences | kills | identical |",
        "| --- | ---: | ---: | ---: |",
    ]
    for options in VARIANTS:
        own = [each for each in outcomes if each.options == options]
        kills = sum(len(each.kills) for each in own)
        same = sum(not each.differences for each in own)
        lines.append(f"| {describe(options)} | {len(own)} | {kills} | {same} of {len(own)} |")
    found = [
        f"- {describe(each.options)}: " + "; ".join(each.differences)
        for each in outcomes
        if each.differences
    ]
    return "\n".join([*lines, *(["", "What differs:", "", *found] if found else [])])
