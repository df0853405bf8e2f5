"""Random numbers by a seed."""

import random

import numpy as np
import pytest
import torch

from mmlhl import draws


def drawn():
    return random.random(), np.random.rand(), torch.rand(2).tolist()


@pytest.mark.parametrize("seed", [0, 5, 2**62 + 7])
def test_draw_by_is_what_seeding_each_library_gives(seed):
    with draws.undisturbed():
        random.seed(seed)
        np.random.seed(seed % 2**32)
        torch.manual_seed(seed)
        expected = drawn()
        draws.draw_by(seed)
        assert drawn() == expected


@pytest.mark.parametrize("present", [True, False])
def test_devices_are_seeded_where_there_are_any(present, monkeypatch):
    seeded = []
    monkeypatch.setattr(draws, "_has_accelerator", lambda: present)
    monkeypatch.setattr(torch, "manual_seed", seeded.append)
    with draws.undisturbed():
        draws.draw_by(3)
    assert seeded == ([3] if present else [])


def test_draws_outside_go_on_as_if_nothing_had_been_drawn():
    with draws.undisturbed():
        draws.draw_by(1)
        expected = [drawn(), drawn()]
        draws.draw_by(1)
        first = drawn()
        with draws.drawn_by(2):
            drawn()
        assert [first, drawn()] == expected
