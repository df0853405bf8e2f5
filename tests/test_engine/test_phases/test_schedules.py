"""Every scheduler of mmengine ends with its phase, however long that is."""

import copy

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmengine.optim.scheduler import CosineAnnealingLR
from mmengine.registry import PARAM_SCHEDULERS

from mmlhl.engine.phases import Phase, phase_config
from mmlhl.engine.phases.schedules import Stretch
from mmlhl.engine.phases.trials.schedule import try_schedules

WARM = dict(type="LinearLR", start_factor=0.1, begin=0, end=2)
CONSTANT = dict(type="ConstantLR", factor=0.1, begin=0, end=2)
MAIN = dict(
    cosine=dict(type="CosineAnnealingLR", eta_min=0.0),
    cosine_class=dict(type=CosineAnnealingLR, eta_min=0.0),
    scoped=dict(type="mmengine.CosineAnnealingLR", eta_min=0.0),
    poly=dict(type="PolyLR", power=1.0, eta_min=0.0),
    linear=dict(type="LinearLR", start_factor=1.0, end_factor=0.0),
    exponential=dict(type="ExponentialLR", gamma=0.7),
    step=dict(type="StepLR", step_size=4, gamma=0.1),
    multi_step=dict(type="MultiStepLR", milestones=[3, 6], gamma=0.1),
    cosine_t_max=dict(type="CosineAnnealingLR", eta_min=0.0),
    restart=dict(type="CosineRestartLR", eta_min=0.0),
)


def sequence(scheduler, epochs, train_cfg=None, own=None, **changes):
    """The schedule that a phase of so many epochs gets in a sequence of ten."""
    cfg = Config(
        dict(
            work_dir="nowhere",
            model=dict(heads=dict()),
            train_cfg=train_cfg or dict(by_epoch=True, max_epochs=10),
            param_scheduler=copy.deepcopy(scheduler),
            **changes,
        )
    )
    own = own or dict(train_cfg=dict(max_epochs=epochs))
    return phase_config(cfg, [Phase(0, ("a",), ("a",), "a", own)], 0).param_scheduler


def rates(schedule, steps, param="lr"):
    """The learning rate in each step."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0, momentum=1.0)
    built = [PARAM_SCHEDULERS.build(dict(each, optimizer=optimizer)) for each in schedule]
    out = []
    for _ in range(steps):
        out.append(optimizer.param_groups[0][param])
        optimizer.step()
        for each in built:
            each.step()
    return out


@pytest.mark.parametrize("warmup", [None, WARM, CONSTANT])
@pytest.mark.parametrize("name", MAIN)
@pytest.mark.parametrize("epochs", [5, 10, 13, 40])
def test_schedule_ends_with_the_phase(name, warmup, epochs):
    start = 0 if warmup is None else 2
    main = dict(MAIN[name], begin=start, end=10)
    if name == "cosine_t_max":
        main["T_max"] = 10 - start
    if name == "restart":
        main["periods"] = [10 - start]
    seen = rates(sequence([warmup, main] if warmup else [main], epochs), epochs)
    top = seen.index(max(seen))
    assert top <= max(start, 1)
    assert seen[-1] < 0.3 * max(seen), seen
    assert all(b <= a + 1e-6 for a, b in zip(seen[top:], seen[top + 1 :], strict=False)), seen


@pytest.mark.parametrize("epochs", [5, 20])
def test_values_by_hand(epochs):
    """Linear from 1 to 0 in a phase: as many equal steps as it has epochs."""
    seen = rates(sequence([dict(type="PolyLR", power=1.0, begin=0, end=10)], epochs), epochs)
    assert seen == pytest.approx([1 - i / (epochs - 1) for i in range(epochs)])
    (exponential,) = sequence([dict(type="ExponentialLR", gamma=0.5, begin=0, end=10)], epochs)
    assert exponential.gamma**epochs == pytest.approx(0.5**10)
    (steps,) = sequence([dict(type="MultiStepLR", milestones=[6, 8], end=10)], epochs)
    assert steps.milestones == [6 * epochs // 10, 8 * epochs // 10]
    (step,) = sequence([dict(type="StepLR", step_size=4)], epochs)
    assert step.step_size == 4 * epochs // 10 and "end" not in step


def test_one_cycle_does_not_step_beyond_its_end():
    for total in (dict(total_steps=10), dict(end=10)):
        cycle = dict(type="OneCycleLR", eta_max=1.0, **total)
        for epochs in (4, 30):
            seen = rates(sequence([cycle], epochs), epochs)
            assert seen[-1] < 0.01 and max(seen) > 0.8


def test_momentum_and_other_values_follow_too():
    schedule = sequence(
        [dict(type="CosineAnnealingMomentum", eta_min=0.0, begin=0, end=10, T_max=10)], 20
    )
    assert rates(schedule, 20, "momentum")[-1] < 0.05
    (value,) = sequence(
        [dict(type="PolyParamScheduler", param_name="weight_decay", begin=0, end=10)], 3
    )
    assert value.end == 3


def test_a_warmup_stays_unless_it_would_take_half_of_the_phase():
    main = dict(type="CosineAnnealingLR", begin=2, end=10, T_max=8)
    for epochs, end in ((40, 2), (4, 2), (3, 1), (2, 1)):
        warm, cosine = sequence([WARM, main], epochs)
        assert (warm.end, cosine.begin, cosine.end) == (end, end, epochs)
        assert cosine.T_max == epochs - end
    (cosine,) = sequence([WARM, main], 1)  # no warm-up is left
    assert (cosine.begin, cosine.end) == (0, 1)


def test_one_schedule_an_optimiser():
    groups = dict(a=[dict(type="PolyLR", begin=0, end=10)], b=dict(type="PolyLR", end=10))
    out = sequence(groups, 5)
    assert out.a[0].end == 5 and out.b.end == 5


def test_a_schedule_by_iterations_in_epochs_is_as_much_longer():
    warm = dict(type="LinearLR", start_factor=0.1, begin=0, end=50, by_epoch=False)
    main = dict(type="PolyLR", begin=50, end=1000, by_epoch=False)
    warm, main = sequence([warm, main], 20)
    assert (warm.end, main.begin, main.end) == (50, 50, 2000)


@pytest.mark.parametrize("convert", [False, True])
def test_a_phase_by_iterations_in_a_sequence_by_epochs(convert):
    own = dict(train_cfg=dict(_delete_=True, type="IterBasedTrainLoop", max_iters=500))
    main = dict(type="CosineAnnealingLR", begin=2, end=10, T_max=8, convert_to_iter_based=convert)
    warm, main = sequence([WARM, main], None, own=own)
    assert (warm.begin, warm.end, main.begin, main.end, main.T_max) == (0, 100, 100, 500, 400)
    assert not warm.by_epoch and not main.by_epoch and "convert_to_iter_based" not in main


def test_iterations_and_no_type():
    (poly,) = sequence(
        [dict(type="PolyLR", begin=0, end=100, by_epoch=False)],
        None,
        train_cfg=dict(type="mmengine.IterBasedTrainLoop", max_iters=100),
        own=dict(train_cfg=dict(max_iters=7)),
    )
    assert poly.end == 7


@pytest.mark.parametrize("options", [dict(), dict(convert_to_iter_based=True), dict(begin=2)])
def test_without_an_end_it_ends_with_the_phase_in_any_unit(options):
    given = dict(type="PolyLR", **options)
    assert sequence([given], 30) == [{**given, **({"begin": 6} if options.get("begin") else {})}]
    own = dict(train_cfg=dict(_delete_=True, type="IterBasedTrainLoop", max_iters=400))
    (poly,) = sequence([given], None, own=own)
    begin = 80 if options.get("begin") else None
    assert (poly.get("begin"), poly.get("end"), poly.by_epoch) == (begin, None, False)
    assert "convert_to_iter_based" not in poly


def test_length_may_be_set_in_phases_only():
    (cosine,) = sequence(
        [dict(type="CosineAnnealingLR", T_max=10)], 4, train_cfg=dict(by_epoch=True)
    )
    assert cosine.T_max == 4


def test_schedule_of_a_phase_is_not_changed():
    own = dict(
        train_cfg=dict(max_epochs=30), param_scheduler=[dict(type="PolyLR", begin=0, end=10)]
    )
    assert sequence([dict(type="PolyLR", end=10)], None, own=own)[0].end == 10
    assert sequence(None, 30) is None


def test_points_in_time():
    stretch = Stretch(before=10, now=20, warmup=2)
    assert [stretch(t) for t in (0, 1, 2, 6, 10, 13)] == [0, 1, 2, 11, 20, 23]


def test_trying_a_schedule_leaves_rates_as_they_were(config):
    cfg = config(train_cfg=dict(type="EpochBasedTrainLoop", max_epochs=3))
    cfg.param_scheduler = [
        dict(type="LinearLR", start_factor=0.1, end=2, by_epoch=False),
        dict(type="OneCycleLR", eta_max=0.5, total_steps=6, by_epoch=False),
        dict(type="PolyMomentum", eta_min=0.1, end=3, by_epoch=True),
    ]
    weight = torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([weight], lr=0.2, momentum=0.9)
    try_schedules(cfg, OptimWrapper(optimizer), 2, 6, "phases[0]")
    (group,) = optimizer.param_groups
    assert (group["lr"], group["momentum"], "initial_lr" in group) == (0.2, 0.9, False)
    assert group["params"][0] is weight
    with pytest.raises(ValueError, match="OneCycleLR.: total_steps=6 is over .* takes 7 iter"):
        try_schedules(cfg, OptimWrapper(optimizer), 2, 7, "phases[0]")
    cfg.param_scheduler[1].end = 5  # the cycle ends, and the rate stays
    try_schedules(cfg, OptimWrapper(optimizer), 2, 7, "phases[0]")


def by_iterations(end):
    return dict(type="LinearLR", start_factor=0.1, begin=0, end=end, by_epoch=False)


STEPS = dict(type="MultiStepLR", milestones=[6, 8], end=10)


@pytest.mark.parametrize(("epochs", "end"), [(20, 500), (10, 500), (5, 250)])
def test_a_warmup_by_iterations_before_a_schedule_by_epochs(epochs, end):
    """A common pair. In a longer phase the warm-up stays as long as it is."""
    warm, steps = sequence([by_iterations(500), STEPS], epochs)
    assert (warm.end, warm.by_epoch) == (end, False)
    assert steps.milestones == [6 * epochs // 10, 8 * epochs // 10]


@pytest.mark.parametrize(("iterations", "end"), [(4000, 500), (1000, 500), (600, 300)])
def test_such_a_warmup_in_a_phase_by_iterations(iterations, end):
    own = dict(train_cfg=dict(max_iters=iterations))
    warm, steps = sequence([by_iterations(500), STEPS], None, own=own)
    assert (warm.end, warm.by_epoch) == (end, False)
    assert (steps.end, steps.by_epoch) == (iterations, False)
    assert steps.milestones == [6 * iterations // 10, 8 * iterations // 10]


def test_a_rise_alone_is_the_schedule():
    (only,) = sequence([by_iterations(500)], 20)
    assert only.end == 1000
    (only,) = sequence([by_iterations(500)], None, own=dict(train_cfg=dict(max_iters=100)))
    assert only.end == 100


@pytest.mark.parametrize("beside", [[], [dict(type="PolyLR", begin=0, end=10)]])
def test_a_rate_on_a_plateau_counts_validations_in_either_unit(beside):
    plateau = dict(type="ReduceOnPlateauLR", monitor="a/rmse", rule="less", begin=2, end=8)
    cfg = dict(val_cfg={}, val_dataloader=dict(dataset={}), val_evaluator={})
    out = sequence([*beside, plateau], None, own=dict(train_cfg=dict(max_iters=100)), **cfg)
    assert (out[-1].begin, out[-1].end, out[-1].get("by_epoch", True)) == (2, 8, True)
