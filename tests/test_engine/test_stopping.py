"""Requests to stop: once, again at once as launchers pass them on, and for good."""

import os
import signal

import pytest

from mmlhl.engine import stopping
from mmlhl.engine.stopping import NOTE, Stopped, listen, requested


def test_a_signal_that_a_launcher_passes_on_is_the_same_request(monkeypatch):
    with listen():
        os.kill(os.getpid(), signal.SIGUSR1)
        os.kill(os.getpid(), signal.SIGTERM)
        assert requested() == signal.SIGUSR1
        now = stopping.time.monotonic()
        monkeypatch.setattr(stopping.time, "monotonic", lambda: now + 3)
        with pytest.raises(Stopped, match="twice"):
            os.kill(os.getpid(), signal.SIGTERM)
    assert requested() is None


def test_the_launcher_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv(NOTE, str(tmp_path / "stopped"))
    assert Stopped("saved").code == 75
    assert (tmp_path / "stopped").read_text() == "saved\n"
    monkeypatch.setenv(NOTE, str(tmp_path / "nowhere" / "stopped"))
    assert Stopped("saved").code == 75
