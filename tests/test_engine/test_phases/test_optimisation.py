"""Options of optimisers that would be ignored, act otherwise, or fail on a GPU only."""

import copy
import re
from contextlib import nullcontext

import pytest
import torch
from mmengine.logging import MMLogger
from torch import nn

from mmlhl.engine import parse_phases
from mmlhl.engine.phases.optimisation import check_optimisation
from mmlhl.engine.phases.rehearsal import rehearse
from mmlhl.engine.phases.trials.build import build_optimiser

ADAM = dict(type="AdamW", lr=1e-3, weight_decay=0.01)


class TwoEps(torch.optim.SGD):
    """Like Adafactor."""

    def __init__(self, params, lr=0.1, weight_decay=0.0, eps=(None, 1e-3)):
        super().__init__(params, lr, weight_decay=weight_decay)


def layer_decay(**options):
    return dict(
        constructor="LearningRateDecayOptimizerConstructor",
        paramwise_cfg={"num_layers": 4, "decay_rate": 0.9, "decay_type": "layer_wise", **options},
    )


def optimizer(**options):
    return dict(optimizer={**ADAM, **options})


def clip(**options):
    return dict(clip_grad=options)


def scale(**options):
    return dict(type="AmpOptimWrapper", loss_scale=options)


WRONG = [
    (scale(init_scle=1.0), "loss_scale.init_scle: there is no such key; did you mean 'init_scale'"),
    (scale(init_scale=-1), "loss_scale.init_scale must be a number > 0, got -1"),
    (scale(growth_factor=1.0), "loss_scale.growth_factor must be a number > 1, got 1.0"),
    (scale(backoff_factor=1), "loss_scale.backoff_factor must be a number within (0, 1), got 1"),
    (scale(growth_interval=2.0), "loss_scale.growth_interval must be a whole number >= 1, got 2.0"),
    (scale(enabled="no"), "loss_scale.enabled must be True or False, got 'no'"),
    (clip(max_norm=1.0, nrm_type=2), "clip_grad.nrm_type: .* did you mean 'norm_type'"),
    (clip(max_nrm=1.0), "clip_grad.max_nrm: .* did you mean 'max_norm'"),
    (clip(type="valu", clip_value=1.0), "clip_grad.type must be one of .* did you mean 'value'"),
    (clip(type="value", max_norm=1.0), "clip_grad.max_norm: there is no such key"),
    (optimizer(lr=None), "optimizer.lr is None; leave it out, or write one like 0.001"),
    (optimizer(eps=None), "optimizer.eps is None; leave it out"),
    (layer_decay(dacay_rate=0.9), "paramwise_cfg.dacay_rate: .* did you mean 'decay_rate'?"),
    (layer_decay(custom_keys={}), "paramwise_cfg.custom_keys: there is no such key"),
    (layer_decay(num_layers=None), "paramwise_cfg.num_layers must be a whole number >= 1, got Non"),
    (layer_decay(decay_rate="0.9"), "paramwise_cfg.decay_rate must be a number within (0, 1]"),
    (layer_decay(decay_rate=1.1), "paramwise_cfg.decay_rate must be a number within (0, 1]"),
    (layer_decay(decay_type="stagewise"), "decay_type must be one of .* did you mean 'stage_wise'"),
    (
        dict(constructor="LayerDecayOptimizerConstructor", paramwise_cfg=dict(num_layers=4)),
        "paramwise_cfg.layer_decay_rate must be a number within (0, 1], got None",
    ),
]


@pytest.mark.parametrize(("changes", "message"), WRONG)
def test_refused(changes, message):
    wrapper = {"optimizer": ADAM, **changes}
    pattern = re.escape(message).replace(r"\.\*", ".*")
    with pytest.raises(ValueError, match=rf"^phases\[1\]: optim_wrapper\.(\w+\.)?{pattern}"):
        check_optimisation(wrapper, "phases[1]: optim_wrapper")


@pytest.mark.parametrize(
    "changes",
    [
        scale(init_scale=1024.0, growth_interval=100, enabled=True),
        dict(type="AmpOptimWrapper", loss_scale="dynamic"),
        clip(max_norm=float("inf"), norm_type=2, error_if_nonfinite=False),
        clip(type="value", clip_value=0.5),
        optimizer(betas=[0.9, 0.95]),
        optimizer(type=TwoEps, eps=(None, 1e-3)),
        dict(optimizer=dict(type="SGD", lr=0.1, momentum=0.9)),
        layer_decay(),
        layer_decay(decay_type="stage_wise"),
        dict(
            constructor="LayerDecayOptimizerConstructor",
            paramwise_cfg=dict(num_layers=12, layer_decay_rate=0.65),
        ),
    ],
)
def test_allowed(changes):
    check_optimisation({"optimizer": ADAM, **changes}, "optim_wrapper")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"optim_wrapper.constructor": "DefaultOptimWrapperConstructr"},
            "optim_wrapper.constructor: .* did you mean 'DefaultOptimWrapperConstructor'",
        ),
        (
            {
                "optim_wrapper.constructor": "mmengine.DefaultOptimWrapperConstructor",
                "optim_wrapper.clip_gard": dict(max_norm=1.0),
            },
            "optim_wrapper.clip_gard: .* did you mean 'clip_grad'",
        ),
        (
            {"optim_wrapper": {**layer_decay(), "optimizer": dict(wieght_decay=0.1)}},
            "optim_wrapper.optimizer.wieght_decay: .* did you mean 'weight_decay'",
        ),
    ],
)
def test_known_constructors(config, nothing_is_built, changes, message):
    cfg = config()
    cfg.merge_from_dict(copy.deepcopy(changes))
    with pytest.raises(ValueError, match=f"^{message}"):
        parse_phases(cfg)


def test_layer_decay_of_an_encoder_that_it_does_not_know(config):
    cfg = config()
    cfg.optim_wrapper = {"type": "OptimWrapper", "optimizer": ADAM, **layer_decay()}
    model = nn.Module()
    model.backbone = nn.Linear(1, 1)
    with pytest.raises(ValueError, match="^LearningRateDecayOptimizer.* knows no layers of ResNet"):
        build_optimiser(cfg, model)


@pytest.mark.parametrize(
    ("index", "key", "message"),
    [
        (1, "bakbone", r"phases\[1\]: optim_wrapper.*'bakbone' .* did you mean 'backbone'"),
        (2, "backbonne", r"phases\[2\]: optim_wrapper.*'backbonne' .* did you mean 'backbone'"),
        (1, "heads.normal", None),  # learned later: a warning
        (0, "heads.seg", None),
    ],
)
def test_keys_of_parameters_of_a_phase(config, index, key, message):
    cfg = config()
    paramwise = dict(custom_keys={key: dict(lr_mult=0.1)})
    cfg.phases[index].cfg = dict(optim_wrapper=dict(paramwise_cfg=paramwise))
    with pytest.raises(ValueError, match=message) if message else nullcontext():
        rehearse(cfg, parse_phases(cfg))


def test_keys_of_parameters_of_a_sequence_may_be_of_any_phase(config, caplog):
    keys = {"heads.depth": dict(lr_mult=0.1), "backbone": dict(lr_mult=0.5)}
    cfg = config()
    cfg.optim_wrapper.paramwise_cfg = dict(custom_keys=keys)
    logger = MMLogger.get_current_instance()
    logger.addHandler(caplog.handler)
    try:
        rehearse(cfg, parse_phases(cfg))
    finally:
        logger.removeHandler(caplog.handler)
    assert "custom_keys" not in caplog.text
