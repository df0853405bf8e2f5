"""Whether checkpoints may contain code.

They may not unless the user allows it for a run. The switch is an environment variable, so that it
also holds in the processes that the run starts: ranks, benchmarks, workers.
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
    """Add the flag ``--trust-checkpoint`` to a command."""
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
    """Allow or forbid unrestricted loading in the block, child processes included.

    If it is forbidden, every other ``torch.load`` of the run is restricted as well, such as that of
    a backbone with its own loader, whatever torch's own environment variables are set to.

    Args:
        trust: Whether the user gave ``--trust-checkpoint``; if a parent process allows it, it is
            allowed in any case.
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
