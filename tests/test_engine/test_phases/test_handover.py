"""Checks of a phase by its method before training."""

import copy
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmseg.registry import MODELS

from mmlhl.engine.phases.handover import PlannedPhase, check_handover, check_memory
from mmlhl.engine.phases.trials import build as trial_build
from mmlhl.engine.phases.trials import step as trial_step
from mmlhl.engine.phases.trials.schedule import try_schedules


@pytest.fixture
def models(model_config):
    """A function: the models of two phases with a method, the second one changed."""

    def make(method, change=lambda model: None):
        first = model_config(method=method, tasks=["seg"], new_tasks=["seg"])
        second = copy.deepcopy({**first, "tasks": ["seg", "depth"], "new_tasks": ["depth"]})
        change(second)
        return MODELS.build(first), MODELS.build(second)

    return make


def planned(model, optimizer=torch.optim.Adam, steps=6, **options):
    trained = [p for p in model.parameters() if p.requires_grad]
    wrapper = OptimWrapper(optimizer(trained, lr=0.1, **options))
    return PlannedPhase(range(3), wrapper, steps)


COMPOSITE = dict(type="Composite", methods=[dict(type="LwF", warmup=2), dict(type="L2SP")])


@pytest.mark.parametrize(
    "method, options, message",
    [
        (dict(type="LwF", warmup=2), {}, "warmup=2 is 6 iterations, and the phase of"),
        (COMPOSITE, {}, "warmup=2 is 6 iterations, and the phase of"),
        (
            dict(type="L2SP"),
            dict(optimizer=torch.optim.ASGD, weight_decay=0.1),
            "does not know how ASGD decays",
        ),
    ],
)
def test_method_refuses_a_later_phase(models, method, options, message):
    before, now = models(method)
    check_handover(before, None, planned(before, **options))  # nothing is old yet
    with pytest.raises(ValueError, match=message):
        check_handover(now, before, planned(now, **options))
    check_handover(now, before, planned(now, steps=7))


@pytest.mark.parametrize("kind", ["DER", "ICaRL"])
def test_kept_images_stay_as_they_were_normalised(models, kind):
    before, now = models(dict(type=kind), lambda m: m["data_preprocessor"].update(mean=[0, 0, 0]))
    with pytest.raises(ValueError, match=f"{kind} keeps images as they were normalised"):
        check_handover(now, before, planned(now))
    check_handover(now, before, planned(now), adopted=True)  # it has kept none
    before.method = MODELS.build(dict(type="Naive"))  # keeps none
    check_handover(now, before, planned(now))


def test_frozen_head_keeps_its_shape(models):
    def wider(model):
        model["heads"]["seg"]["decoder"]["channels"] = 16

    before, now = models(dict(type="Naive"), wider)
    with pytest.raises(ValueError, match="Naive leaves the head of 'seg' as it is, but"):
        check_handover(now, before, None)
    check_handover(*reversed(models(dict(type="HAD"), wider)), None)  # it learns from the teacher


def test_several_optimisers(models):
    before, now = models(dict(type="SGP"))
    several = OptimWrapperDict(one=planned(now).optim_wrapper, two=planned(now).optim_wrapper)
    with pytest.raises(ValueError, match="SGP edits each step .* one optimiser, not 2"):
        check_handover(now, before, PlannedPhase(range(3), several, 6))


def test_schedules_of_several_optimisers_are_followed(monkeypatch):
    one, two = (
        OptimWrapper(torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)) for _ in "ab"
    )
    several = OptimWrapperDict(one=one, two=two)
    monkeypatch.setattr(trial_build, "build_optim_wrapper", lambda *_: several)
    cfg = Config(dict(optim_wrapper={}, train_cfg=dict(by_epoch=True, max_epochs=10)))
    assert trial_build.build_optimiser(cfg, None) is several
    fine = dict(type="PolyLR", begin=0, end=10)
    below = dict(type="LinearLR", start_factor=1.0, end_factor=-1.0, begin=0, end=10)
    for right in (fine, [fine], dict(one=fine, two=[fine])):
        cfg.param_scheduler = right
        try_schedules(cfg, several, 2, 20, "phases[0]")
    assert [wrapper.get_lr()["lr"] for wrapper in (one, two)] == [[0.1], [0.1]]
    for wrong, message in (
        ([fine, below], r"phases\[0\]: param_scheduler\[1\] \(LinearLR\): "),
        (dict(one=fine, two=below), r"param_scheduler\.two\[0\] \(LinearLR\)"),
        (dict(one=fine), r"for \['one'\], but the optimisers are \['one', 'two'\]"),
        (dict(one=fine, too=fine), r"for \['one', 'too'\], but"),
    ):
        cfg.param_scheduler = wrong
        with pytest.raises(ValueError, match=message):
            try_schedules(cfg, several, 2, 20, "phases[0]")


def test_several_optimisers_need_a_step_of_the_models_own(models, monkeypatch):
    _, now = models(dict(type="Naive"))
    several = OptimWrapperDict(one=planned(now).optim_wrapper, two=planned(now).optim_wrapper)
    monkeypatch.setattr(trial_build, "build_optim_wrapper", lambda *_: several)
    cfg = Config(dict(optim_wrapper={}))
    with pytest.raises(ValueError, match=r"several optimisers \(one, two\), with which Lifelong"):
        trial_build.build_optimiser(cfg, now)

    class Own(type(now)):
        def train_step(self, data, optim_wrapper):
            """A step that does nothing."""

    monkeypatch.setattr(now, "__class__", Own)
    assert trial_build.build_optimiser(cfg, now) is several


def test_checks_change_no_method(models):
    before, now = models(dict(type="LwF", warmup=1, warmup_by_epoch=False))
    now.method.warmup_iters = 7
    check_handover(now, before, planned(now))
    assert now.method.warmup_iters == 7


@pytest.mark.parametrize("kind", ["EWC", "SPG", "SGP"])
def test_stages_may_be_frozen_and_released_by_phase(models, kind):
    def freeze(model):
        model["backbone"]["frozen_stages"] = 1

    whole, frozen = models(dict(type=kind), freeze)
    check_handover(frozen, whole, planned(frozen))
    memory = _memory(kind, whole)
    for model in (frozen, whole):
        model.method.load_state_dict(copy.deepcopy(memory))
        model.method.begin_phase(model, planned(model))
        losses = model.method.losses(model, None)
        assert all(value.isfinite() for value in losses.values())
        model.method.edit_gradients(model)
        model.method.edit_weights(model)
    partly = _memory(kind, frozen)
    assert len(partly.get("bases") or partly.get("fisher") or partly["importance"]) < len(
        memory.get("bases") or memory.get("fisher") or memory["importance"]
    )
    whole.method.load_state_dict(partly)
    whole.method.begin_phase(whole, planned(whole))  # names the weights that are not protected


def _memory(kind, model):
    from mmlhl.models.methods.measuring import encoder_parameters
    from mmlhl.models.methods.sgp import encoder_layers

    if kind == "SGP":
        widths = {n: m.weight.flatten(1).shape[1] for n, m in encoder_layers(model).items()}
        bases = {name: torch.eye(width)[:, :1] for name, width in widths.items()}
        return dict(bases=bases, importance={n: torch.ones(1) for n in bases}, phases=1)
    values = {n: torch.rand_like(p).detach() for n, p in encoder_parameters(model).items()}
    if kind == "SPG":
        return dict(importance=values)
    return dict(fisher=values, centre=dict(values), constant=0.0)


def test_a_task_without_a_loss_is_named():
    two = SimpleNamespace(new_tasks=["seg", "gloss"])
    trial_step._check_names(two, ["seg.loss_ce", "gloss.loss_l1", "gloss.acc"])
    with pytest.raises(ValueError, match=r"heads.gloss: its loss gives \['error'\], of which noth"):
        trial_step._check_names(two, ["seg.loss_ce", "gloss.error"])


@pytest.mark.parametrize(
    "kind, entries, named",
    [
        ("EWC", ("fisher", "centre"), "fisher['w'] has values that are NaN"),
        ("EWC", ("centre",), "centre['w'] has values that are NaN"),
        ("SPG", ("importance",), "importance['w'] has values that are NaN"),
        ("SGP", ("bases",), "bases['w'] has values that are NaN"),
        ("L2SP", ("anchors",), "anchors['w'] has values that are NaN"),
    ],
)
def test_what_a_method_measured_is_finite(kind, entries, named):
    method = MODELS.build(dict(type=kind))
    check_memory(method)  # nothing was measured yet
    for entry in {"EWC": ("fisher", "centre"), "SGP": ("bases", "importance")}.get(kind, entries):
        setattr(method, entry, {"w": torch.eye(2) if entry == "bases" else torch.ones(2)})
    check_memory(method)
    for entry in entries:
        getattr(method, entry)["w"].fill_(float("nan"))
    with pytest.raises(ValueError) as error:
        check_memory(method)
    assert named in str(error.value) and f"{kind}: what it measured" in str(error.value)
