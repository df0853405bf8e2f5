"""HAD's loss and its ablations by hand."""

import pytest
import torch

from mmlhl.models.losses import HADLoss, salience_guided
from mmlhl.models.losses.had_loss import salient_pixels

DISTANCE = torch.tensor([[[1.0, 4.0, 3.0], [1.0, 4.0, 6.0]]])
GROUPS = torch.tensor([[[0, 0, 1], [0, 0, 1]]])
ALL = torch.ones(1, 2, 3, dtype=torch.bool)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (dict(), (2 + 18**0.5) / 2),
        (dict(mean="arithmetic"), (2.5 + 4.5) / 2),
        (dict(mean="pixel"), 19 / 6),
        (dict(offset=1.0), (10**0.5 + 28**0.5) / 2),
        (dict(eps=4.0), (4 + 24**0.5) / 2),
    ],
)
def test_means_by_hand(options, expected):
    losses = HADLoss(**options)(DISTANCE, GROUPS, ALL)
    assert losses["loss_had_db"].item() == pytest.approx(expected)


def test_salience_by_hand():
    # columns 0 0 9 0 0: the Sobel magnitude is strongest beside the bright column
    distance = torch.zeros(1, 5, 7)
    distance[..., 3] = 9.0
    chosen = salient_pixels(distance, torch.ones(1, 5, 7, dtype=torch.bool), k=0.9)
    expected = torch.zeros(1, 5, 7, dtype=torch.bool)
    expected[0, 1:-1, [2, 4]] = True  # gx = 4 * 9; 3 * 9 in the first and last row
    assert torch.equal(chosen, expected)
    everything = torch.ones(1, 5, 7, dtype=torch.bool)
    assert salience_guided(distance, everything).item() == 0  # they are dark themselves
    assert salience_guided(distance, everything, k=0.0).item() > 0


def test_terms_can_be_left_out():
    whole = HADLoss()(DISTANCE, GROUPS, ALL)
    assert set(whole) == {"loss_had_db", "loss_had_sg"}
    without_db = HADLoss(with_db=False)(DISTANCE, GROUPS, ALL)
    without_sg = HADLoss(with_sg=False)(DISTANCE, GROUPS, ALL)
    assert without_db == {"loss_had_sg": whole["loss_had_sg"]}
    assert without_sg == {"loss_had_db": whole["loss_had_db"]}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(k=90), "k must be"),
        (dict(eps=0), "eps > 0"),
        (dict(offset=-1), "offset >= 0"),
        (dict(mean="median"), "'median'"),
        (dict(with_db=False, with_sg=False), "nothing is left"),
        (dict(mean="pixel", offset=0.05), "offset=0.05 has no effect with mean='pixel'"),
        (dict(mean="arithmetic", eps=0.1), "eps=0.1 has no effect with mean='arithmetic'"),
        (dict(with_db=False, mean="pixel"), "mean='pixel' has no effect with with_db=False"),
        (dict(with_db=False, offset=0.05), "offset=0.05 has no effect with with_db=False"),
        (dict(with_sg=False, k=0.5), "k=0.5 has no effect with with_sg=False"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        HADLoss(**options)
