"""The remaining time of a sequence, by hand."""

from types import SimpleNamespace

import numpy as np
import pytest
from mmengine.logging import HistoryBuffer

from mmlhl.engine.logs.moment import (
    Plan,
    beginning,
    clock,
    known_steps,
    sequence_eta,
    sequence_seconds,
)


def test_the_present_phase_later_phases_and_evaluations():
    # 30 s of this phase, 100 + 50 steps of 0.2 s, two evaluations of 8 s
    assert sequence_seconds(30, [100, 50], 0.2, 2, 8.0) == pytest.approx(30 + 30 + 16)
    assert sequence_seconds(30, [], 0.2) == 30
    assert sequence_seconds(0, [0], 0.2, 1, 8.0) == 8  # the next phase is an adopted model


def test_a_phase_of_unknown_length_counts_as_the_present_one():
    assert known_steps([None, 0, 7], 40) == [40, 0, 7]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00:00"), (59.9, "0:00:59"), (-1, "0:00:00"), (3723, "1:02:03")]
)
def test_clock(seconds, text):
    assert clock(seconds) == text
    assert clock(86400 + 3723) == "1 day, 1:02:03"


def plan(*steps, evaluation=0.0):
    phases = [SimpleNamespace(name=f"task{index}") for index in range(len(steps))]
    return Plan(phases, list(steps), evaluation)


def runner(times, eta, steps=100):
    hub = SimpleNamespace(
        get_info=lambda key, default: eta,
        log_scalars={"train/time": HistoryBuffer(np.array(times), np.ones(len(times)))}
        if times
        else {},
    )
    return SimpleNamespace(message_hub=hub, max_iters=steps)


def test_of_a_running_phase():
    # the second of four: 12 s left, then 60 steps and, unknown, 100; 0.5 s each; three evaluations
    found = sequence_eta(plan(80, 100, 60, None, evaluation=4.0), 1, runner([0.4, 0.6], 12.0))
    assert found == pytest.approx(12 + 160 * 0.5 + 3 * 4.0)


def test_no_eta_without_a_timer():
    assert sequence_eta(plan(80, 100), 0, runner([], None)) is None


def test_steps_are_counted_over_phases():
    now = beginning(plan(80, 100, None), 1)
    assert (now.label, now.done, now.total) == ("phase 2/3 task1", 0, 100)
    assert (now.sequence_done, now.sequence_total) == (80, 280)
