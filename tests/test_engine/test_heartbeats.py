"""A process that hangs is named in the log and in the error of the waiting process."""

import time
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import warm
from torch.distributed import HashStore, constants

from mmlhl.engine import heartbeats
from mmlhl.engine.heartbeats import Heartbeats, LostRank, StalledRank, naming_stalled_ranks
from mmlhl.engine.hooks.heartbeat_hook import default_timeout
from mmlhl.refusals import is_refusal

JOB = Path(__file__).with_name("heartbeat_job.py")


def test_two_processes_one_of_which_sleeps(tmp_path):
    args = (JOB, heartbeats.__file__, tmp_path / "meet")
    waiting, sleeping = (
        warm.Command(*args, rank, log=tmp_path / f"{rank}.log") for rank in range(2)
    )
    try:
        assert waiting.finish() == 3, waiting.output
    finally:
        sleeping.process.kill()
    lines = [line for line in waiting.output.splitlines() if "hangs" in line]
    report, error = lines
    for line in (report, error):
        assert "rank 1 hangs, the others wait for it" in line
        assert "rank 1: step 2: reads, for" in line and "in read_batch" in line
        assert "rank 0: step 2: computes" in line
    assert error.startswith(
        "StalledRank: rank 0 waited for more than 3 s (env_cfg.dist_cfg.timeout): rank 1"
    )


def test_without_a_timeout_torchs_own_of_the_backend_counts(monkeypatch):
    nccl = timedelta(minutes=10)
    monkeypatch.setattr(constants, "default_pg_nccl_timeout", nccl, raising=False)
    assert [default_timeout(backend) for backend in ("gloo", "nccl")] == [1800, 600]
    monkeypatch.delattr(constants, "default_pg_nccl_timeout")  # torch 2.0 and 2.1
    assert default_timeout("nccl") == 1800


def until(holds):
    limit = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < limit
        time.sleep(0.005)


class Pair:
    """Two ranks in one process that share a store, their reports, and a clock that tests move."""

    def __init__(self):
        store = HashStore()
        self.now, self.reports = 0.0, ([], [])
        self.ranks = [Heartbeats(store, rank, 2, 1.0, self.reports[rank].append) for rank in (0, 1)]

    def look(self, *_):
        """Wait until each rank has read and sent a heartbeat."""
        # a number is raised before the post is written
        wanted = [(rank, rank._number + 2) for rank in self.ranks if rank._thread.is_alive()]
        until(lambda: all(rank._number >= number for rank, number in wanted))


@pytest.fixture
def pair(monkeypatch):
    pair = Pair()
    monkeypatch.setattr(
        heartbeats, "time", SimpleNamespace(monotonic=lambda: pair.now, sleep=pair.look)
    )
    yield pair
    for rank in pair.ranks:
        rank.stop()


def test_rank_that_does_not_answer_is_named(pair):
    first, _ = pair.ranks
    first.beat((0, 1), "computes")
    first.start()
    assert first.describe().startswith("rank 1 does not answer; rank 0: computes")


def test_no_rank_is_named_if_all_are_at_the_same_step(pair):
    for rank in pair.ranks:
        rank.beat((5, 2), "waits")
        rank.start()
    assert (
        pair.ranks[0]
        .describe()
        .startswith("no rank moves, all are at the same point; rank 0: waits")
    )


def test_reported_once_until_it_moves(pair):
    first, second = pair.ranks
    first.beat((1,), "a")
    second.beat((0,), "b")
    first.start()
    second.start()
    pair.now = 0.7
    pair.look()
    assert pair.reports == ([], [])
    pair.now = 0.9
    until(lambda: pair.reports[0])
    assert pair.reports[0][0].startswith("rank 1 hangs")
    pair.now = 2.0
    pair.look()
    for step in range(3):
        first.beat((2 + step,), "moves")
        pair.look()  # otherwise a check of the former heartbeat would use the next one's clock
        pair.now += 0.7
        pair.look()
    assert len(pair.reports[0]) == 1
    pair.now += 0.2
    until(lambda: len(pair.reports[0]) == 2)


def test_other_errors_are_not_changed(pair):
    first, _ = pair.ranks
    with pytest.raises(RuntimeError, match="timed out") as error, naming_stalled_ranks():
        raise RuntimeError("timed out")  # without a watching thread
    assert not isinstance(error.value, StalledRank)
    first.start()
    with pytest.raises(RuntimeError, match="shapes"), naming_stalled_ranks():
        raise RuntimeError("shapes")
    with pytest.raises(StalledRank, match="rank 1 does not answer"), naming_stalled_ranks():
        raise RuntimeError("Timed out waiting 1000ms for recv operation to complete")


@pytest.mark.parametrize(
    "text",
    [
        "[gloo/transport/tcp/pair.cc:537] Read error [127.0.0.1]:11971: Connection reset by peer",
        "[gloo/transport/tcp/pair.cc:553] Connection closed by peer [127.0.0.1]:41365",
        "NCCL error: remote process exited or there was a network error",
        "Failed to recv, got 0 bytes. Connection was likely closed. Did the remote server shutdown",
        "writev [127.0.0.1]:3: Broken pipe",
    ],
)
def test_a_process_that_ended_is_told_in_words(monkeypatch, text):
    with pytest.raises(RuntimeError, match="(?i)connection|pipe|exited") as error:
        with naming_stalled_ranks():
            raise RuntimeError(text)  # a single process, so of something else
    assert not is_refusal(error.value)
    monkeypatch.setattr(heartbeats, "is_initialized", lambda: True)
    monkeypatch.setattr(heartbeats, "get_rank", lambda: 1)
    with pytest.raises(LostRank) as error, naming_stalled_ranks(), naming_stalled_ranks():
        raise RuntimeError(text)
    assert is_refusal(error.value)  # one message, no traceback
    assert "rank 1 has lost its connection to another process" in str(error.value)
