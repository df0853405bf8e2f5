"""Commands in processes of their own that need not import torch, mmseg and mmlhl first.

multiprocessing's fork server is a fork of the process that runs the tests, made before any test:
what has trained once cannot be forked. Its children are as a new interpreter's, seconds earlier,
whoever asks for them.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import runpy
import socket
import sys
from multiprocessing import forkserver, resource_tracker, util
from pathlib import Path

import torch


def prepare() -> None:
    """Start the fork server."""
    import torch._dynamo  # noqa: F401  every optimiser does

    resource_tracker.ensure_running()
    start, util.spawnv_passfds = util.spawnv_passfds, _fork
    try:
        forkserver.ensure_running()
    finally:
        util.spawnv_passfds = start


def _fork(_path, args, kept):
    """Fork instead of starting an interpreter with ``args``, keeping some files open."""
    child = os.fork()
    if child:
        return child
    try:
        for number in map(int, os.listdir("/proc/self/fd")):
            if number > 2 and number not in kept:
                try:
                    os.close(number)
                except OSError:  # the default of the listing
                    pass
        _open_streams()
        gc.freeze()
        exec(args[args.index("-c") + 1], {})
    finally:
        os._exit(0)


def _open_streams():
    """Text streams over the process's own files, instead of pytest's."""
    sys.stdin = open(os.devnull)
    sys.stdout, sys.stderr = (open(n, "w", buffering=1, closefd=False) for n in (1, 2))


def _command(script, args, env, cwd, log):
    with open(log, "a") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    _open_streams()
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.argv = [script, *args]
    sys.path.insert(0, os.path.dirname(script))
    torch.set_num_threads(1)
    runpy.run_path(script, run_name="__main__")


class Command:
    """``python SCRIPT ARGS...``, running.

    Args:
        script: the file.
        *args: what follows it.
        log: file that gets the output, both streams.
        cwd: folder to run in.
        **env: variables beside those of this process.
    """

    def __init__(self, script, *args, log, cwd=None, **env) -> None:
        self.log = Path(log)
        target = (str(script), [*map(str, args)], {**os.environ, **env}, str(cwd or os.getcwd()))
        self.process = multiprocessing.get_context("forkserver").Process(
            target=_command, args=(*target, str(log))
        )
        self.process.start()

    def finish(self, timeout=300) -> int:
        """Wait for the end of the process; its exit code, negative for a signal."""
        self.process.join(timeout)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()
            raise TimeoutError(f"no end after {timeout} s:\n{self.output[-4000:]}")
        return self.process.exitcode

    @property
    def output(self) -> str:
        """The output so far."""
        return self.log.read_text()


def run_ranks(script, *args, folder, count=2):
    """Run a command in several processes on the CPU, like torchrun; all must succeed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    env = dict(MASTER_ADDR="127.0.0.1", MASTER_PORT=port, WORLD_SIZE=str(count))
    ranks = [
        Command(
            *(script, *args),
            log=Path(folder) / f"rank_{rank}.log",
            **{**env, "RANK": str(rank), "LOCAL_RANK": str(rank), "CUDA_VISIBLE_DEVICES": ""},
        )
        for rank in range(count)
    ]
    for rank in ranks:
        assert rank.finish() == 0, rank.output[-4000:]


def run(script, *args, **options):
    """Run a command to its end; its exit code and its output."""
    command = Command(script, *args, **options)
    return command.finish(), command.output
