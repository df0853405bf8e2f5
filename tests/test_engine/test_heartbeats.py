"""A process that stands still is named, by the log and by the error of the one that waits."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from torch.distributed import HashStore

from mmlhl.engine import heartbeats
from mmlhl.engine.heartbeats import Heartbeats, StalledRank, naming_stalled_ranks

JOB = Path(__file__).with_name("heartbeat_job.py")


def test_two_processes_one_of_which_sleeps(tmp_path):
    jobs = [
        subprocess.Popen(
            [sys.executable, str(JOB), heartbeats.__file__, str(tmp_path / "meet"), str(rank)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        text, _ = jobs[0].communicate(timeout=60)
    finally:
        for job in jobs:
            job.kill()
            job.communicate()
    assert jobs[0].returncode == 3, text
    report, *_, error = text.splitlines()
    for line in (report, error):
        assert "rank 1 stands still, the others wait for it" in line
        assert "rank 1: step 2: reads, for" in line and "in read_batch" in line
        assert "rank 0: step 2: computes" in line
    assert error.startswith(
        "StalledRank: rank 0 waited for more than 2 s (env_cfg.dist_cfg.timeout): rank 1"
    )


@pytest.fixture
def pair():
    """Two ranks in one process that share a store; their reports."""
    store, reports = HashStore(), ([], [])
    both = [Heartbeats(store, rank, 2, 1.0, reports[rank].append) for rank in range(2)]
    yield both, reports
    for each in both:
        each.stop()


def test_a_rank_whose_thread_is_silent_does_not_answer(pair):
    (first, _), _ = pair
    first.beat((0, 1), "computes")
    first.start()
    assert first.describe().startswith("rank 1 does not answer; rank 0: computes")


def test_all_at_one_point_blames_nobody(pair):
    both, _ = pair
    for each in both:
        each.beat((5, 2), "waits")
        each.start()
    assert both[0].describe().startswith("no rank moves, all are at the same point; rank 0: waits")


def test_reported_once_until_it_moves(pair):
    (first, second), reports = pair
    first.beat((1,), "a")
    second.beat((0,), "b")
    first.start()
    second.start()
    pause = threading.Event()
    pause.wait(1.8)
    assert len(reports[0]) == 1 and reports[0][0].startswith("rank 1 stands still")
    for step in range(10):
        first.beat((2 + step,), "moves")
        pause.wait(0.1)
    assert len(reports[0]) == 1


def test_other_errors_stay_what_they_are(pair):
    (first, _), _ = pair
    with pytest.raises(RuntimeError, match="timed out") as error, naming_stalled_ranks():
        raise RuntimeError("timed out")  # nobody watches
    assert not isinstance(error.value, StalledRank)
    first.start()
    with pytest.raises(RuntimeError, match="shapes"), naming_stalled_ranks():
        raise RuntimeError("shapes")
    with pytest.raises(StalledRank, match="rank 1 does not answer"), naming_stalled_ranks():
        raise RuntimeError("Timed out waiting 1000ms for recv operation to complete")
