"""One exemplar per step, with decoders that batch normalisation cannot train on one image."""

import pytest
import torch

from mmlhl.engine import LifelongRunner
from mmlhl.models.methods.replay import trains_on_one

SINGLES = [
    dict(type="DER", replay_batch=1),
    dict(type="DER", buffer_size=1),
    dict(type="DERpp", outputs="trajectory", buffer_size=1),
    dict(type="ICaRL", replay_batch=1),
    dict(type="Composite", methods=[dict(type="DER", replay_batch=1), dict(type="EWC")]),
]


@pytest.fixture
def pooling(decoder_config):
    """A decoder that pools the whole image."""
    config = decoder_config(type="ASPPHead", dilations=(1, 2))
    return {key: config[key] for key in config if key not in ("num_convs", "concat_input")}


@pytest.fixture
def pooled(build, pooling, model_config):
    """A function: a segmentor with a method, whose decoders pool the whole image."""

    def make(method, **tasks):
        heads = model_config()["heads"]
        for head in heads.values():
            head["decoder"] = dict(pooling)
        return build(method, heads=heads, **tasks)

    return make


@pytest.mark.parametrize("method", SINGLES, ids=lambda method: f"{method['type']}")
def test_refused(pooled, method):
    model = pooled(method)
    with pytest.raises(
        ValueError, match=r"(replay_batch|buffer_size)=1 each step replays a single"
    ):
        model.method.check_phase(model, None)


@pytest.mark.parametrize("method", [*SINGLES, dict(type="DER", replay_batch=2)])
def test_accepted_without_pooling_or_with_two(pooled, build, method):
    two = method.get("replay_batch") == 2
    model = pooled(method) if two else build(method)
    model.method.check_phase(model, None)


def test_the_first_phase_replays_only_along_a_trajectory(pooled):
    tasks = dict(tasks=["seg"], new_tasks=["seg"])
    model = pooled(dict(type="DER", replay_batch=1), **tasks)
    model.method.check_phase(model, None)
    model = pooled(dict(type="DER", replay_batch=1, outputs="trajectory"), **tasks)
    with pytest.raises(ValueError, match="replay_batch=1"):
        model.method.check_phase(model, None)


def test_the_trial_leaves_no_trace(pooled):
    model = pooled(dict(type="DER"))
    model.heads["seg"].eval()
    modes = [module.training for module in model.modules()]
    before = {key: value.clone() for key, value in model.state_dict().items()}
    assert not trains_on_one(model, ["seg"])
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_found_before_phase_one(sequence_config, model_config, pooling, tmp_path):
    model = model_config(method=dict(type="DER", replay_batch=1))
    model["heads"]["seg"]["decoder"] = pooling
    cfg = sequence_config(tmp_path / "run", model=model, dry_run=True)
    with pytest.raises(ValueError, match=r"phases\[1\].*replay_batch to 2 or more"):
        LifelongRunner.from_cfg(cfg).train()
    assert not list(tmp_path.rglob("*.pth"))
