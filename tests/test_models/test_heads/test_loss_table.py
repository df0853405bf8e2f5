"""The table of losses in the docs says which heads take which losses."""

from pathlib import Path

import pytest
from mmseg.registry import MODELS

PAGE = Path(__file__).parents[3] / "docs" / "decoders.md"
DECODER = dict(type="FCNHead", in_channels=4, channels=4, num_convs=1)
OPTIONS = dict(
    BinaryHead=dict(field="mask_map"),
    ChannelHead=dict(channels=2, field="edge_map"),
    SegmentationHead=dict(num_classes=3),
)
#: what a cell asks for, beside the loss: options of the loss, options of the head, further losses
NEEDS = {
    'loss_type="binary"': (dict(loss_type="binary"), {}, []),
    'activation="softplus"': ({}, dict(activation="softplus"), []),
    "beside DenseL1Loss": ({}, {}, [dict(type="DenseL1Loss")]),
}
PLAIN = dict(LovaszLoss=dict(reduction="none"))


def rows():
    lines = PAGE.read_text().split("## Losses")[1].splitlines()
    cells = [
        [cell.strip().replace("`", "") for cell in line.strip("|").split("|")]
        for line in lines
        if line.startswith("|") and "---" not in line
    ]
    heads = cells[0][1:]
    return [(row[0], dict(zip(heads, row[1:], strict=True))) for row in cells[1:]]


def builds(kind, loss, loss_options=(), options=(), others=()):
    config = dict(type=loss, **PLAIN.get(loss, {}), **dict(loss_options))
    try:
        MODELS.build(
            dict(
                type=kind,
                decoder=DECODER,
                loss=[config, *others],
                **OPTIONS.get(kind, {}),
                **dict(options),
            )
        )
    except ValueError as error:
        assert kind in str(error) and loss in str(error)
        return False
    return True


@pytest.mark.parametrize(("loss", "cells"), rows(), ids=[loss for loss, _ in rows()])
def test_the_table_is_true(loss, cells):
    if MODELS.get(loss) is None:
        pytest.skip("this mmseg does not export it")
    for kind, cell in cells.items():
        assert builds(kind, loss) is (cell == "yes"), (kind, cell)
        if cell in NEEDS:
            assert builds(kind, loss, *NEEDS[cell]), (kind, cell)
        else:
            assert cell in ("yes", "no")


def test_the_table_has_all_losses_of_ground_truth():
    named = {
        name
        for name, cls in MODELS.module_dict.items()
        if cls.__module__.startswith("mmseg.models.losses")
        or cls.__module__ == "mmlhl.models.losses.dense_loss"
    }
    assert named <= {loss for loss, _ in rows()}
