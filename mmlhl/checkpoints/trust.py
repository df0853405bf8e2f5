"""Whether checkpoints may hold code.

Closed unless somebody opens it for a run. The switch is an environment variable, so that it holds
in the run's own processes as well: launched ranks, benchmarks' children, workers.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager

from mmengine.logging import print_log

FLAG = "--trust-checkpoint"
VARIABLE = "MMLHL_TRUST_CHECKPOINT"
TORCH_FORCE = "TORCH_FORCE_WEIGHTS_ONLY_LOAD"
TORCH_FORCE_NOT = "TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"


def add_trust_argument(parser: argparse.ArgumentParser) -> None:
    """Give a command the flag ``--trust-checkpoint``."""
    parser.add_argument(
        FLAG,
        action="store_true",
        help="load checkpoints that hold more than data; such a file can run any code, so load "
        "only files whose makers you trust",
    )


def checkpoints_are_trusted() -> bool:
    """Whether this run may load checkpoints that hold more than data."""
    return os.environ.get(VARIABLE) == "1"


@contextmanager
def checkpoint_trust(trust: bool) -> Iterator[None]:
    """Open or shut unrestricted loading while the context lasts, child processes included.

    Shut, every other ``torch.load`` of the run is restricted as well, such as that of a backbone
    with a loader of its own, whatever torch's own environment variables say.

    Args:
        trust: What the user said, by ``--trust-checkpoint``; a parent's yes holds as well.
    """
    before = {name: os.environ.get(name) for name in (VARIABLE, TORCH_FORCE, TORCH_FORCE_NOT)}
    if trust:
        os.environ[VARIABLE] = "1"
    if not checkpoints_are_trusted():
        if os.environ.pop(TORCH_FORCE_NOT, None):
            print_log(f"{TORCH_FORCE_NOT} is ignored: checkpoints with code need {FLAG}")
        os.environ[TORCH_FORCE] = "1"
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
