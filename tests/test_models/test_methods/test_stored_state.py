"""What methods remember, in checkpoints that are damaged, hostile or of another model."""

import copy

import pytest
import torch
from mmseg.registry import MODELS

import mmlhl  # noqa: F401  registers the methods
from mmlhl.models.methods.stored_exemplars import check_exemplars

NAN = float("nan")
TENSORS = {"backbone.conv.weight": torch.rand(3, 2), "backbone.conv.bias": torch.rand(3)}
EXEMPLAR = dict(
    phase=0,
    image=torch.rand(3, 4, 6).half(),
    valid=None,
    labels=dict(seg=torch.zeros(1, 4, 6, dtype=torch.uint8), depth=torch.full((1, 4, 6), NAN)),
    outputs=dict(seg=torch.rand(5, 2, 3).half()),
)
BUFFER = dict(buffer=dict(items=[EXEMPLAR], draws=3), phases=1, normalisation=[[1.0], [2.0], True])
STATES = dict(
    EWC=dict(fisher=TENSORS, centre=dict(TENSORS), constant=0.5),
    SPG=dict(importance=TENSORS),
    SGP=dict(
        bases={"backbone.conv": torch.eye(4)[:, :2]},
        importance={"backbone.conv": torch.ones(2)},
        phases=1,
    ),
    ICaRL=BUFFER,
    DER=dict(BUFFER, seen=4),
    DERpp=dict(BUFFER, seen=4),
    L2SP=dict(anchors=TENSORS),
    PhaseAverage=dict(start=TENSORS),
    WarmStart=dict(started=True),
    LwF=dict(iters=2),
)


def spoilt(state, place, value):
    state = copy.deepcopy(state)
    node, (*parents, last) = state, place
    for part in parents:
        node = node[part]
    if value is ...:
        del node[last]
    else:
        node[last] = value
    return state


def places(node, above=()):
    """All places in a state."""
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in items:
        yield (*above, key), value
        if isinstance(value, (dict, list)):
            yield from places(value, (*above, key))


@pytest.mark.parametrize("name", STATES)
def test_sound_states_are_restored(name):
    MODELS.build(dict(type=name)).load_state_dict(copy.deepcopy(STATES[name]))


@pytest.mark.parametrize("name", sorted(STATES.keys() - {"DERpp"}))
def test_every_wrong_entry_is_an_error(name):
    """Each entry in turn is replaced by things of other types, and left out."""
    method = MODELS.build(dict(type=name))
    for place, value in places(STATES[name]):
        spoils = ["x", object(), {}, [1, 2], torch.ones(1, 1), NAN, -3, 10**5000, ...]
        if isinstance(value, torch.Tensor):
            # another exemplar's map, class or float, is checked against the model later
            spoils = spoils[:4] + spoils[5:8]
        for spoil in spoils:
            if _is_allowed(place, value, spoil):
                continue
            with pytest.raises(ValueError):
                method.load_state_dict(spoilt(STATES[name], place, spoil))
                pytest.fail(f"{name}: {place} was {spoil!r}")


def _is_allowed(place, value, spoil):
    """Whether a replacement is a state as well."""
    if spoil is ... and place[-1] in ("normalisation", "iters", "started", "seg", "depth"):
        return True
    if spoil is ... and str(place[0]) in ("fisher", "importance", "anchors", "start"):
        return len(place) > 1 or place[0] in ("anchors", "start")
    if isinstance(spoil, torch.Tensor):
        return False
    if spoil is ... and isinstance(place[-1], int):
        return place[0] != "normalisation" or len(place) == 3
    if spoil == {} and isinstance(value, dict):
        return True
    if place[0] == "normalisation" and len(place) == 2 and isinstance(spoil, list):
        return True  # another one, which is compared with the model's later
    if place[0] == "normalisation" and isinstance(spoil, (int, float)):
        return len(place) > 1
    if place[-1] in ("seen", "draws", "iters") and spoil == 10**5000:
        return True
    return place[-1] == "constant" and spoil == -3


@pytest.mark.parametrize(
    "name, place, value, wanted",
    [
        ("EWC", ("fisher", "backbone.conv.bias"), -torch.ones(3), "outside"),
        ("EWC", ("centre", "backbone.conv.bias"), torch.ones(4), "shape (4,), it must be (3,)"),
        ("EWC", ("centre", "backbone.conv.bias"), ..., "centre['backbone.conv.bias'] is missing"),
        ("EWC", ("fisher", "backbone.conv.bias"), torch.tensor(NAN), "NaN"),
        ("SPG", ("importance", "backbone.conv.bias"), torch.full((3,), 1.5), "[0, 1]"),
        ("SGP", ("importance", "backbone.conv"), torch.ones(3), "importance (3,)"),
        ("SGP", ("bases", "backbone.conv"), torch.ones(3), "shape (3,)"),
        ("SGP", ("phases",), 10**30, "a huge number"),
        ("ICaRL", ("phases",), 2**40, "phases"),
        ("DER", ("buffer", "items", 0, "image"), torch.ones(3, 4, 6) * NAN, "image 0"),
        ("DER", ("buffer", "items", 0, "image"), torch.ones(3, 5, 6), "image 0"),
        ("DERpp", ("buffer", "items", 0, "valid"), torch.ones(4, 6), "valid"),
        ("DER", ("buffer", "items", 0, "outputs", "seg"), torch.ones(1, 2, 2) * NAN, "outputs"),
        ("ICaRL", ("buffer", "items", 0, "labels", "seg"), torch.ones(4, 6), "labels['seg']"),
        ("L2SP", ("anchors", "backbone.conv.bias"), torch.tensor([NAN] * 3), "anchors"),
        ("PhaseAverage", ("start", "backbone.conv.bias"), torch.ones(3).long(), "int64"),
    ],
)
def test_messages_name_the_entry(name, place, value, wanted):
    with pytest.raises(ValueError) as error:
        MODELS.build(dict(type=name)).load_state_dict(spoilt(STATES[name], place, value))
    assert wanted in str(error.value)


def test_a_composite_names_the_method():
    method = MODELS.build(dict(type="Composite", methods=[dict(type="EWC"), dict(type="SPG")]))
    for methods in (3, {"SPG": dict(importance=7)}, {"EWC": []}):
        with pytest.raises(ValueError, match="methods is|SPG: importance|EWC: a list"):
            method.load_state_dict(dict(methods=methods))


@pytest.mark.parametrize(
    "labels, wanted",
    [
        (dict(sky=torch.zeros(1, 4, 6)), "'sky'"),
        (dict(seg=torch.full((1, 4, 6), 77, dtype=torch.uint8)), "ids up to 77"),
    ],
)
def test_exemplars_fit_the_model(build, labels, wanted):
    model = build(dict(type="DER"))
    check_exemplars([dict(EXEMPLAR, outputs={})], model, "DER")
    with pytest.raises(ValueError, match=wanted):
        check_exemplars([dict(EXEMPLAR, labels=labels, outputs={})], model, "DER")
