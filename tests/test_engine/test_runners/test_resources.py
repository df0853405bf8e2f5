"""The resources of a process do not grow over the phases of a sequence."""

from pathlib import Path

import pytest

from mmlhl.analysis.benchmarks.phase_resources import trace


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads Linux's /proc")
def test_six_phases():
    found = trace(6)
    first, later = found[1], found[2:]
    assert all(each["threads"] == first["threads"] for each in later)
    # the last entry is after training: the phase's own log files are closed
    assert all(each["files"] == first["files"] for each in later[:-1])
    assert later[-1]["files"] < first["files"]
    assert later[-1]["memory"] < first["memory"] + 40
