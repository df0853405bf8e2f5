"""Loading processes that are killed are named with phase, iteration, loader, and what would do."""

import os
import re
import signal
from types import SimpleNamespace

import pytest
import torch
from mmengine.runner import BaseLoop
from torch.utils.data import DataLoader, Dataset

from mmlhl.engine.lost_workers import LostWorkers, naming_lost_workers


class Dying(Dataset):
    """Four values; whoever reads the last but one ends like a process without memory."""

    def __init__(self, number):
        self.number = number

    def __len__(self):
        return 4

    def __getitem__(self, index):
        if index == 2:
            os.kill(os.getpid(), self.number)
        return torch.zeros(1000)


class Loop(BaseLoop):
    """A loop that only reads."""

    def __init__(self, loader):
        self.dataloader = loader

    def run(self):
        return [len(batch) for batch in self.dataloader]


def runner(key, number, **options):
    loader = DataLoader(Dying(number), num_workers=1, multiprocessing_context="fork", **options)
    made = dict(_train_loop=Loop(None), _val_loop=None, _test_loop=None)
    made[f"_{key}_loop"] = Loop(loader)
    return SimpleNamespace(experiment_name="run_phase_2_depth", iter=6, **made)


@pytest.fixture(autouse=True)
def handler(monkeypatch):
    """Keeps torch's handler of the end of workers, which it sets once, and lets it look often."""
    look = torch.utils.data.dataloader._MultiProcessingDataLoaderIter._try_get_data
    monkeypatch.setattr(look, "__defaults__", (0.2,))  # seconds; 5 otherwise
    before = signal.getsignal(signal.SIGCHLD)
    yield
    signal.signal(signal.SIGCHLD, before)


@pytest.mark.parametrize("options", [{}, dict(persistent_workers=True, prefetch_factor=4)])
@pytest.mark.parametrize("key", ["train", "val", "test"])
def test_a_worker_without_memory(key, options):
    reading = runner(key, signal.SIGKILL, **options)
    with pytest.raises(LostWorkers) as caught, naming_lost_workers(reading):
        reading.__dict__[f"_{key}_loop"].run()
    message = str(caught.value)
    for part in ("run_phase_2_depth", "iteration 7", f"lower {key}_dataloader.num_workers"):
        assert part in message
    assert "batch_size" in message and "--resume" in message


def test_a_worker_that_crashes():
    reading = runner("train", signal.SIGSEGV)
    wanted = "train_dataloader: .*(num_workers=0 the error is raised|lack of memory)"
    with pytest.raises(LostWorkers, match=wanted), naming_lost_workers(reading):
        reading._train_loop.run()


@pytest.mark.parametrize(
    "text, wanted",
    [
        ("DataLoader worker (pid 7) is killed by signal: Bus error. It is", "/dev/shm"),
        (
            "DataLoader worker (pid 7) exited unexpectedly with exit code 1. Details",
            "num_workers=0",
        ),
        ("DataLoader worker (pid(s) 7, 8) exited unexpectedly", "pid(s) 7, 8"),
        ("DataLoader timed out after 5 seconds", "test_dataloader.timeout"),
    ],
)
def test_other_ends_in_a_test(text, wanted):
    with pytest.raises(LostWorkers, match=re.escape(wanted)) as caught:
        with naming_lost_workers(SimpleNamespace()):
            raise RuntimeError(text)
    assert "--resume" not in str(caught.value)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("Caught RuntimeError in DataLoader worker process 0."),
        FileNotFoundError("a.png"),
        ConnectionResetError(104, "Connection reset by peer"),
    ],
)
def test_other_errors_stay(error):
    with pytest.raises(type(error)) as caught, naming_lost_workers(SimpleNamespace()):
        raise error
    assert caught.value is error
