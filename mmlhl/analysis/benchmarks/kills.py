"""Killing sequences at any moment, resuming, and comparing with ones that were not killed.

Processes are forked from one that has imported everything, so that a run takes seconds. That
process must not train itself, since its threads would be missing in the forked processes.
"""

from __future__ import annotations

import gc
import os
import random
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.config import config as config_file
from yapf.yapflib import yapf_api

from ...checkpoints import read_checkpoint
from ...config_values import leaves
from ...engine import LifelongRunner, close_distributed, prepare_distributed
from ...evaluation import LifelongRecord
from .kill_sequences import kill_config

#: seconds after which a run is considered stuck
LIMIT = 300.0


@dataclass
class Outcome:
    """The result of one sequence that was killed.

    Args:
        options: Options of :func:`~.kill_sequences.kill_config`.
        kills: For each kill, the seconds since the start of the attempt.
        differences: Differences from the sequence without kills; empty if identical.
        commit: The commit of the code; empty if it was not noted.
    """

    options: dict[str, Any]
    kills: list[float] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    commit: str = ""


def load_everything() -> None:
    """Import all modules of a run, and exclude them from garbage collection in children."""
    import torch._dynamo  # noqa: F401  imported by every optimiser

    gc.freeze()


def train(cfg: Config, resume: bool = False) -> None:
    """Train a sequence in this process, as ``tools/train.py`` does.

    The formatting of configs in logs, half of a small run's time, is switched off.
    """
    yapf_api.FormatCode = config_file.FormatCode = lambda text, **_: (text, True)
    cfg.resume = resume
    torch.set_num_threads(1)
    prepare_distributed(cfg)
    LifelongRunner.from_cfg(cfg).train()
    close_distributed()


def start(work: Callable[[], None], processes: int = 1, log: Path | None = None) -> list[int]:
    """Fork processes that call a function, as ranks of one run if there are several.

    Args:
        work: The function.
        processes: Number of processes.
        log: File to which their output is appended; None drops it.

    Returns:
        Their process ids, in the order of ranks.
    """
    load_everything()
    port = _free_port()
    started = []
    for rank in range(processes):
        child = os.fork()
        if child:
            started.append(child)
            continue
        status = 1
        try:
            with open(log or os.devnull, "a") as file:
                os.dup2(file.fileno(), 1)
                os.dup2(file.fileno(), 2)
            if processes > 1:
                os.environ.update(
                    RANK=str(rank),
                    LOCAL_RANK=str(rank),
                    WORLD_SIZE=str(processes),
                    MASTER_ADDR="127.0.0.1",
                    MASTER_PORT=port,
                )
            work()
            status = 0
        except SystemExit as error:
            status = error.code if isinstance(error.code, int) else 1
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    return started


def finish(started: list[int], seconds: float | None = None) -> list[int]:
    """Wait for processes; kill them all after some time, or if one of them has failed.

    Args:
        started: Their process ids.
        seconds: Seconds until they are killed; None kills only runs that are stuck.

    Returns:
        Their exit codes; the negative number of the signal for one that was killed.
    """
    deadline = time.monotonic() + (LIMIT if seconds is None else seconds)
    codes: dict[int, int] = {}
    while len(codes) < len(started):
        for child in started:
            if child not in codes:
                done, status = os.waitpid(child, os.WNOHANG)
                if done:
                    codes[child] = os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline or any(codes.values()):
            for child in started:  # their loading workers then end by themselves
                if child not in codes:
                    os.kill(child, signal.SIGKILL)
            deadline = time.monotonic() + LIMIT
        time.sleep(0.005)
    return [codes[child] for child in started]


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def kill_and_resume(
    root: Path,
    folder: Path,
    options: Mapping[str, Any],
    undisturbed: Path,
    seconds: float,
    draw: random.Random,
    most: int = 3,
) -> Outcome:
    """Train a sequence that is killed at random moments, and compare it.

    Args:
        root: The images.
        folder: Work dir of the sequence.
        options: Options of its config.
        undisturbed: Work dir of the same sequence without kills.
        seconds: Duration of the sequence without kills.
        draw: Generator of the random moments.
        most: Number of attempts that are killed before one may finish.
    """
    outcome = Outcome(dict(options))
    log = folder.with_suffix(".log")
    processes = options.get("processes", 1)
    for attempt in range(most + 1):
        cfg = kill_config(root, folder, **options)
        # later attempts have less left to train
        moment = draw.uniform(0, seconds * 0.7**attempt) if attempt < most else None
        resume = attempt > 0
        codes = finish(start(partial(train, cfg, resume), processes, log), moment)
        if not any(codes):
            break
        if moment is None or set(codes) != {-signal.SIGKILL}:
            outcome.differences.append(f"attempt {attempt + 1} ended with {codes}, see {log}")
            return outcome
        outcome.kills.append(round(moment, 2))
    outcome.differences += differences(undisturbed, folder)
    return outcome


def differences(one: Path, other: Path) -> list[str]:
    """Differences between two finished sequences, bit by bit, apart from wall time."""
    records = [LifelongRecord.load(folder) for folder in (one, other)]
    found = [] if records[0].same_results(records[1]) else ["lifelong.json"]
    for phase in records[0].phases:
        path = phase["checkpoint"]
        states = [read_checkpoint(folder / path) for folder in (one, other)]
        for key in ("state_dict", "lifelong_method", "ema_state_dict"):
            parts = [dict(leaves(state.get(key))) for state in states]
            names = parts[0].keys() | parts[1].keys()
            unequal = [n for n in names if not _equal(parts[0].get(n), parts[1].get(n))]
            if unequal:
                found.append(f"{path}: {len(unequal)} of {len(names)} values of {key}")
    return found


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        if (one.dtype, one.shape) != (other.dtype, other.shape):
            return False
        one, other = (each.detach().contiguous().reshape(-1) for each in (one, other))
        return torch.equal(one.view(torch.uint8), other.view(torch.uint8))  # NaN, too
    return type(one) is type(other) and one == other
