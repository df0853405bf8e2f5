"""A training in a process that a server has forked, with everything imported already.

Imports, walks of the garbage collector through all that is imported, and the formatting of dumped
configs take a third of a run of a minute; the server does the first once for all runs, and the
others are spared here.
"""

from __future__ import annotations

import gc
import os
import runpy
import sys
from pathlib import Path

# isort: off
import mmlhl  # noqa: F401
import torch
import torch._dynamo
import yapf.yapflib.yapf_api
from mmengine.config import config

# isort: on

from ...engine.orphans import end_with_parent
from ...paths import shipped_dir


def train(arguments: list[str], log: Path, threads: int) -> None:
    """Run ``tools/train.py``; its output, and that of all libraries below, goes to ``log``.

    It ends with the benchmark, even if that one is killed.

    Args:
        arguments: Its command line.
        log: File, overwritten.
        threads: Threads of torch.
    """
    end_with_parent()
    torch.set_num_threads(threads)
    gc.freeze()
    for module in (yapf.yapflib.yapf_api, config):  # newer and older mmengine
        module.FormatCode = lambda text, **_: (text, True)
    with open(log, "w", encoding="utf-8") as file:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.dup2(file.fileno(), stream.fileno())
    script = str(shipped_dir("tools") / "train.py")
    sys.argv = [script, *arguments]
    runpy.run_path(script, run_name="__main__")
