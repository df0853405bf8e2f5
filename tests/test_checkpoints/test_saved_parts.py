"""Parts of a checkpoint that were lost since it was written."""

import pytest
import torch

from mmlhl.checkpoints.saved_parts import lost_part, note_parts
from mmlhl.checkpoints.walking import placed_tensors, placed_values


@pytest.fixture
def content():
    written = dict(
        meta=dict(seed=3, processes=dict(number=1)),
        optimizer=dict(state={0: dict(exp_avg=torch.ones(2))}, param_groups=[dict(lr=0.1)]),
        lifelong_method=dict(fisher={"a": torch.ones(1)}),
        early_stopping=[{}],
    )
    note_parts(written)
    return written


def test_a_whole_checkpoint_has_lost_nothing(content, tmp_path):
    assert lost_part(content) is None
    note_parts(content)  # again, as a saved checkpoint may be saved once more
    torch.save(content, tmp_path / "a.pth")
    assert lost_part(torch.load(tmp_path / "a.pth", weights_only=True)) is None


@pytest.mark.parametrize(
    "part, value",
    [
        ("optimizer", dict(state={}, param_groups=[dict(lr=0.1)])),
        ("lifelong_method", {}),
        ("lifelong_method", ...),
        ("early_stopping", [dict(wait_count=1)]),
        ("meta", dict(processes=dict(number=1))),
    ],
)
def test_a_lost_part_is_named(content, part, value):
    parts = content["meta"]["parts"]
    if value is ...:
        del content[part]
    elif part == "meta":
        content["meta"] = dict(value, parts=parts)
    else:
        content[part] = value
    assert f"its {part} holds" in lost_part(content)


@pytest.mark.parametrize("noted", [None, 3, dict(optimizer="many")])
def test_hostile_or_missing_numbers(content, noted):
    content["meta"]["parts"] = noted
    assert (lost_part(content) is None) == (not isinstance(noted, dict))


def test_a_list_in_itself_is_walked_once():
    loop = [torch.ones(1)]
    loop += [loop, loop]
    assert [place for place, _ in placed_tensors(dict(a=loop))] == ["a[0]"]
    deep = ()
    for _ in range(60):  # would be 2 ** 60 places
        deep = (deep, deep)
    assert not list(placed_values(deep))
