"""Whether labels fit their heads."""

from types import SimpleNamespace

import pytest

from mmlhl.engine.phases.checking import agreement
from mmlhl.engine.phases.checking.agreement import check_labels, only_mirrored
from mmlhl.models.heads import ChannelHead, NormalHead

DECODER = dict(
    type="FCNHead", in_channels=4, channels=4, in_index=0, num_convs=0, concat_input=False
)


class Slope(ChannelHead):
    """A mirrored slope has the other sign."""

    def flip(self, raw, direction):
        return -super().flip(raw, direction)


def dataset(*steps):
    """The members of a dataset that are used."""
    return SimpleNamespace(metainfo={}, pipeline=list(steps))


@pytest.mark.parametrize(
    ("head", "step", "warns"),
    [
        (Slope, "MultiTaskRandomFlip(prob=0.5)", True),
        (Slope, "RandomFlip()", True),
        (Slope, "PackMultiTaskInputs()", False),
        (ChannelHead, "MultiTaskRandomFlip(prob=0.5)", False),
    ],
)
def test_flips_that_leave_values_as_they_were_are_warned_of(head, step, warns, monkeypatch):
    lines = []
    monkeypatch.setattr(agreement, "print_log", lambda text, *_: lines.append(text))
    heads = dict(slope=head(DECODER, 1, "slope_map"))
    sample = dict(gt_slope_map=None)
    check_labels(heads, ["slope"], dataset(step), sample, "train_dataloader")
    assert lines == warns * [
        "train_dataloader.dataset flips images, and the labels of 'slope' are mirrored with them; "
        "Slope.flip changes values as well: add a transform that does so after the flip"
    ]


def test_the_flips_of_normals_are_known():
    assert NormalHead(DECODER).changes_when_flipped
    assert not only_mirrored(NormalHead(DECODER), dataset("MultiTaskRandomFlip(prob=0.5)"))
