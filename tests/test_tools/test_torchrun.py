"""The torchrun of tools/dist_train.sh: its exit codes, its patience, and terminals that close."""

import os
import runpy
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest
from torch.distributed.elastic.multiprocessing import api
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError, ProcessFailure

from mmlhl.engine import stopping

TOOLS = Path(__file__).resolve().parents[2] / "tools"


class SignalException(Exception):
    """As torch's, which has the signal that torchrun was ended by."""

    sigval = signal.SIGINT


FIRST = "process 3 was the first to fail, with"


def failed(exitcode):
    first = ProcessFailure(local_rank=1, pid=7, exitcode=exitcode, error_file="none")
    return ChildFailedError("train.py", {3: first})


@pytest.mark.parametrize(
    ("error", "stopped", "code"),
    [
        (RuntimeError("a child failed"), True, 75),
        (SystemExit(1), True, 75),
        (SignalException(), False, 130),
        (KeyboardInterrupt(), False, 130),
        (failed(1), True, 75),
        (
            failed(1),
            False,
            "process 3 was the first to fail, with exit code 1: see its lines above",
        ),
        (failed(-9), False, f"{FIRST} SIGKILL: see its lines above"),
    ],
)
def test_torchrun_ends_with_the_code_of_its_processes(monkeypatch, error, stopped, code):
    tool = runpy.run_path(str(TOOLS / "_torchrun.py"))

    def run(arguments):
        assert arguments == ["a.py"]
        os.kill(os.getpid(), signal.SIGUSR1)  # torchrun has a handler of SIGTERM
        if stopped:
            Path(os.environ[tool["NOTE"]]).write_text("saved")
        raise error

    handlers = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGUSR1)}
    seen = []
    signal.signal(signal.SIGTERM, lambda *_: seen.append("SIGTERM"))
    monkeypatch.setenv(tool["NOTE"], "")
    monkeypatch.setattr("torch.distributed.run.main", run)
    monkeypatch.setattr(signal, "signal", signal.signal)  # both are changed, and restored
    monkeypatch.setattr(api.PContext, "close", api.PContext.close)
    try:
        with pytest.raises(SystemExit) as end:
            tool["main"](["a.py"])
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert end.value.code == code and seen == ["SIGTERM"]
    assert (tool["EXIT_CODE"], tool["NOTE"]) == (stopping.EXIT_CODE, stopping.NOTE)


def test_torchrun_waits_for_processes_that_it_was_asked_to_stop(monkeypatch):
    tool = runpy.run_path(str(TOOLS / "_torchrun.py"))
    waited = []
    monkeypatch.setattr(api.PContext, "close", lambda self, sig, timeout: waited.append(timeout))
    tool["wait_when_asked"](3600)
    stub = SimpleNamespace()
    for error in (api.SignalException("asked", signal.SIGTERM), RuntimeError("a process failed")):
        try:
            raise error
        except Exception:
            api.PContext.close(stub, signal.SIGTERM)
    api.PContext.close(stub, signal.SIGTERM, 5)
    assert waited == [3600, 30, 5]


@pytest.mark.parametrize("ignored", [True, False])
def test_torchrun_of_nohup_outlives_its_terminal(monkeypatch, ignored):
    tool = runpy.run_path(str(TOOLS / "_torchrun.py"))
    monkeypatch.setattr(signal, "signal", signal.signal)
    numbers, heard = (signal.SIGHUP, signal.SIGUSR2), []
    handlers = [signal.getsignal(number) for number in numbers]
    try:
        signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
        tool["stay_deaf"](signal.SIGHUP)
        for number in numbers:  # as torchrun does
            signal.signal(number, lambda number, _: heard.append(number))
            os.kill(os.getpid(), number)
    finally:
        monkeypatch.undo()
        for number, handler in zip(numbers, handlers, strict=True):
            signal.signal(number, handler)
    assert heard == list(numbers[1:] if ignored else numbers)
