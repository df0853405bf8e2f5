"""The system's random numbers while a transform is tried."""

import os
import random
import secrets
import uuid

import numpy as np
import pytest

from mmlhl.datasets.transforms.trials.system_draws import system_draws

DRAWS = [
    lambda: os.urandom(9),
    lambda: random.SystemRandom().random(),
    lambda: secrets.token_bytes(5),
    uuid.uuid4,
    lambda: np.random.default_rng().random(),
]


@pytest.mark.parametrize("draw", DRAWS)
def test_the_same_numbers_for_the_same_seed(draw):
    def drawn(seed):
        with system_draws(seed) as sizes:
            numbers = [draw() for _ in range(3)]
        assert len(sizes) >= 3 and len({str(number) for number in numbers}) == 3
        return numbers

    assert drawn(3) == drawn(3) != drawn(4)


def test_the_first_numbers_are_small_or_great():
    with system_draws(5, "least"):
        assert random.SystemRandom().random() < 1e-9
    with system_draws(5, "least"):
        assert np.random.default_rng().random() == np.random.default_rng(5).random()
    with system_draws(5, "least"):
        assert os.urandom(1) == b"\0" != os.urandom(8)
    with system_draws(5, "greatest"):
        assert random.SystemRandom().random() > 1 - 1e-9
    with system_draws(5, "greatest"):
        assert secrets.randbelow(1000) < 1000  # draws again until a number is small enough


def test_the_system_draws_again_after_the_block():
    before = os.urandom
    with pytest.raises(KeyError), system_draws(0):
        raise KeyError
    assert os.urandom is before and os.urandom(16) != os.urandom(16)
    assert random.SystemRandom().random() != random.SystemRandom().random()
