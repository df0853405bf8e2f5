"""Tasks and devices that an inferencer cannot have."""

import pytest

from mmlhl.inference import LifelongInferencer


@pytest.mark.parametrize(
    "options, message",
    [
        (dict(tasks=["edges"]), r"'edges'.*knows only \['seg', 'depth', 'normal'\]"),
        (dict(tasks="seg"), "string 'seg'"),
        (dict(tasks=[]), "tasks is empty"),
        (dict(tasks=["seg", "seg"]), "tasks names a task twice"),
        (dict(device="mps:0"), "^device='mps:0' cannot be used here [^\n]{,140}; use 'cpu' or"),
        (dict(device="hpu"), "^device='hpu' cannot be used here"),
        (dict(device="gpu"), "'gpu' is not a device"),
        (dict(device="cuda:77"), "cuda:77"),
        (dict(device="meta:9"), "meta"),
    ],
)
def test_bad_choices(checkpoint, options, message):
    with pytest.raises(ValueError, match=message):
        LifelongInferencer(checkpoint, **options)
