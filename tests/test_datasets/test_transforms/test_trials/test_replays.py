"""A repeated call does what the call did, and leaves no trace."""

import random

import numpy as np
import pytest
import torch

from mmlhl.datasets.transforms.trials.replays import Replay
from mmlhl.draws import undisturbed

MODULE = np.random.default_rng(0)


class Draws:
    def __init__(self):
        self.calls, self.rng, self.seen = 0, random.Random(0), []

    def __call__(self, results):
        self.calls += 1
        self.seen.append(results["number"])
        draws = [random.random(), np.random.rand(), float(torch.rand(1))]
        results["drawn"] = [*draws, self.rng.random(), MODULE.random(), self.calls]
        return results


def function(results):
    return dict(results, drawn=[random.random(), MODULE.random()])


@pytest.mark.parametrize("step", [Draws(), function])
def test_a_call_is_repeated(step):
    for number in range(3):
        replay = Replay(step)
        drawn = step(dict(number=number))["drawn"]
        state = MODULE.bit_generator.state
        for _ in range(2):
            with undisturbed():
                assert replay(dict(number=9))["drawn"] == drawn
        assert MODULE.bit_generator.state == state
    if isinstance(step, Draws):
        assert step.calls == 3 and step.seen == [0, 1, 2]


def test_errors_leave_no_trace():
    def fails(results):
        MODULE.random()
        raise KeyError

    replay, state = Replay(fails), MODULE.bit_generator.state
    with undisturbed(), pytest.raises(KeyError):
        replay({})
    assert MODULE.bit_generator.state == state
