"""Sequences that are killed or stopped at any moment and resumed have identical results."""

import json
import signal
from pathlib import Path

import pytest
import warm

from mmlhl.engine.stopping import EXIT_CODE


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What became of the sequences of ``kill_job``: augmentation, dropout, workers, two ranks."""
    job = Path(__file__).with_name("kill_job.py")
    folder = tmp_path_factory.mktemp("kills")
    code, text = warm.run(job, folder, log=folder / "log", CUDA_VISIBLE_DEVICES="")
    assert code == 0, text[-4000:]
    return json.loads(text.splitlines()[-1])


@pytest.mark.parametrize(("name", "processes"), [("one", 1), ("two", 2)])
def test_killed_then_stopped_then_finished(found, name, processes):
    """Killed in phase one, asked to stop in phase two; whichever rank is asked, all stop."""
    outcome = found[name]
    assert outcome["plain"] == outcome["end"] == [0] * processes
    assert outcome["codes"] == [[-signal.SIGKILL] * processes, [EXIT_CODE] * processes]
    assert outcome["differ"] == []
    assert len(outcome["stopped"]) == 1
    assert outcome["left"] == []  # the next checkpoint has replaced it


def test_one_process_resumes_a_run_of_two(found):
    alone = found["alone"]
    assert alone["end"] == [0], alone["log"]
    assert "2 process(es) with 2 images per step trained so far, 1 with 2 go on" in alone["log"]
