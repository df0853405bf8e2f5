"""Errors of one process that all processes raise."""

import pytest

from mmlhl import ranks
from mmlhl.engine.stopping import Stopped


@pytest.fixture
def others(monkeypatch):
    """What other processes give; a process's own comes last."""
    given = []
    monkeypatch.setattr(ranks, "all_gather_object", lambda own: [*given, own])
    return given


def test_an_error_of_another_process_is_raised(others):
    with ranks.raised_by_all():
        pass
    others += [None, ("FileNotFoundError", "no a.png"), ("ValueError", "later")]
    with pytest.raises(ValueError, match="^no a.png$"), ranks.raised_by_all():
        pass
    others[:] = [("Stopped", "stopped in phase 2")]
    with pytest.raises(Stopped) as stopped, ranks.raised_by_all(ValueError, Stopped):
        pass
    assert stopped.value.message == "stopped in phase 2"


def test_a_process_raises_its_own_error(others, monkeypatch):
    others.append(("ValueError", "of the first"))
    with pytest.raises(KeyError, match="mine"), ranks.raised_by_all():
        raise KeyError("mine")
    given = []
    monkeypatch.setattr(ranks, "all_gather_object", lambda own: given.append(own) or [own])
    with pytest.raises(Stopped), ranks.raised_by_all(Stopped):
        raise Stopped("asked")
    assert given == [("Stopped", "asked")]
    with pytest.raises(ZeroDivisionError), ranks.raised_by_all(ValueError):
        raise ZeroDivisionError
    assert len(given) == 1  # of a kind that is not caught
