"""Training in a process that is forked from a server with all imports.

Imports, garbage collection of imported objects and the formatting of dumped configs take a third
of a run of a minute. The server imports once for all runs, and the other two are switched off.
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

from ...orphans import end_with_parent
from ...paths import shipped_dir


def train(arguments: list[str], log: Path, threads: int) -> None:
    """Run ``tools/train.py`` with all output, including that of C libraries, written to ``log``.

    The process ends with the benchmark, even if that is killed.

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
