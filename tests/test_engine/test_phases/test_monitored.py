"""Values that a config follows exist, are learned, and are followed in the right direction."""

import copy

import pytest
from mmengine.hooks import CheckpointHook
from mmengine.optim.scheduler import ReduceOnPlateauLR

from mmlhl.engine import parse_phases
from mmlhl.engine.phases import monitored, phase_config
from mmlhl.engine.phases.checking import moment_checks
from mmlhl.engine.phases.monitored import check_followed
from mmlhl.engine.phases.rehearsal import rehearse
from mmlhl.engine.phases.trials import testing

GIVEN = ["depth/abs_err", "seg/aAcc", "seg/mIoU"]
KINDS = dict(
    best=lambda **options: dict(
        default_hooks=dict(
            checkpoint={
                "type": "CheckpointHook",
                "save_best": options.pop("monitor"),
                **options,
            }
        )
    ),
    stop=lambda **options: dict(custom_hooks=[dict(type="EarlyStoppingHook", **options)]),
    # beside mmengine's own default hooks, as users write them
    second_best=lambda monitor, **options: dict(
        default_hooks=dict(
            best=dict(type="CheckpointHook", interval=-1, save_best=monitor, **options)
        )
    ),
    named_stop=lambda **options: dict(
        default_hooks=dict(early_stopping=dict(type="EarlyStoppingHook", **options))
    ),
    plateau=lambda **options: dict(param_scheduler=[dict(type="ReduceOnPlateauLR", **options)]),
)
of_each_kind = pytest.mark.parametrize("kind", KINDS)


def validating(config, phases=None, **changes):
    cfg = config(**copy.deepcopy(changes))
    cfg.val_dataloader, cfg.val_evaluator = cfg.test_dataloader, cfg.test_evaluator
    cfg.val_cfg = dict(type="ValLoop")
    if phases is not None:
        cfg.phases = phases
    return cfg


@of_each_kind
def test_a_value_that_no_validation_gives(kind, monkeypatch):
    cfg = KINDS[kind](monitor="seg/mIou", rule="greater")
    with pytest.raises(ValueError, match=r"'seg/mIou', but a .* did you mean 'seg/mIoU'\?$"):
        check_followed(cfg, GIVEN, None, True)
    said = []
    monkeypatch.setattr(monitored, "print_log", lambda text, *_: said.append(text))
    check_followed(cfg, GIVEN, None, False)  # more images may give more
    assert "'seg/mIou', but a validation of the first images gives" in said[0] and len(said) == 1


@of_each_kind
@pytest.mark.parametrize(("name", "right"), [("seg/mIoU", "greater"), ("depth/abs_err", "less")])
def test_the_worst_as_the_best(kind, name, right):
    check_followed(KINDS[kind](monitor=name, rule=right), GIVEN, None, True)
    wrong = {"greater": "less", "less": "greater"}[right]
    with pytest.raises(ValueError, match=f"rule='{wrong}', .* write rule='{right}', or leave"):
        check_followed(KINDS[kind](monitor=name, rule=wrong), GIVEN, None, True)


def test_a_users_own_direction_counts():
    class Evaluator:
        higher_is_better = {"seg/mIoU": False}

    check_followed(KINDS["stop"](monitor="seg/mIoU", rule="less"), GIVEN, Evaluator(), True)


def test_the_rule_of_the_first_value():
    check_followed(KINDS["best"](monitor="auto"), GIVEN, None, True)
    with pytest.raises(ValueError, match="'auto' is 'seg/charm' here, .* add rule='greater' or"):
        check_followed(KINDS["best"](monitor="auto"), ["seg/charm", *GIVEN], None, True)
    check_followed(KINDS["best"](monitor="auto", rule="less"), ["seg/charm"], None, True)


def test_mmengine_infers_the_rule_of_the_first_value_of_each_phase(config):
    cfg = validating(config, **KINDS["best"](monitor="auto"))
    phases = parse_phases(cfg)
    for index, name, rule in ((0, "seg/aAcc", "greater"), (1, "depth/abs_err", "less")):
        options = phase_config(cfg, phases, index).default_hooks.checkpoint.to_dict()
        del options["type"]
        hook = CheckpointHook(**options)
        hook._init_rule(hook.rules, [name])  # as after the first validation
        assert hook.rules == [rule]


def test_hooks_among_the_default_ones_wait_for_their_task(config):
    cfg = validating(config, **KINDS["named_stop"](monitor="depth/abs_err"))
    cfg.default_hooks.update(KINDS["second_best"](monitor="depth/abs_err")["default_hooks"])
    phases = parse_phases(cfg)
    before, own = (phase_config(cfg, phases, index).default_hooks for index in (0, 1))
    assert "early_stopping" not in before and before.best.save_best is None
    assert (own.early_stopping.rule, own.best.rule) == ("less", ["less"])


def test_the_rule_of_the_first_value_of_an_earlier_phase(config):
    phases = [dict(tasks=["depth"]), dict(tasks=["seg"])]
    cfg = validating(config, phases, **KINDS["best"](monitor="auto", rule="greater"))
    with pytest.raises(ValueError, match=r"^phases\[0\]: .*'depth/abs_err' .* write rule='less'"):
        rehearse(cfg, parse_phases(cfg))


def test_a_rate_on_a_plateau_waits_for_its_task(config):
    plateau = dict(type="mmengine.ReduceOnPlateauLR", monitor="depth/abs_err", patience=0)
    poly = dict(type="PolyLR", begin=0, end=2)
    cfg = validating(config, param_scheduler=[poly, plateau])
    phases = parse_phases(cfg)
    kept = [phase_config(cfg, phases, index).param_scheduler for index in range(3)]
    assert [len(each) for each in kept] == [1, 2, 2]
    assert kept[1][1].rule == "less"


class Waiting(ReduceOnPlateauLR):
    """A schedule of the user's whose name says nothing."""


def test_a_users_own_rate_on_a_plateau(config):
    waiting = dict(type=Waiting, monitor="depth/abs_err")
    cfg = validating(config, param_scheduler=[waiting])
    cfg.train_cfg = dict(type="IterBasedTrainLoop", max_iters=4)
    phases = parse_phases(cfg)  # it counts validations, in a phase without epochs as well
    assert [len(phase_config(cfg, phases, index).param_scheduler) for index in (0, 1)] == [0, 1]
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    with pytest.raises(ValueError, match=r"\(Waiting\) follows a metric, but nothing validates"):
        parse_phases(cfg)


def test_a_rate_on_a_plateau_of_what_rises(config):
    """mmengine takes less for better, of whatever it is."""
    cfg = validating(config, param_scheduler=dict(type="ReduceOnPlateauLR", monitor="seg/mIoU"))
    assert phase_config(cfg, parse_phases(cfg), 0).param_scheduler.rule == "greater"


@pytest.mark.parametrize("monitor", ["seg", "mIoU", "loss", "normal/mean_err"])
def test_a_rate_on_a_plateau_of_no_task(config, nothing_is_built, monitor):
    plateau = dict(type="ReduceOnPlateauLR", monitor=monitor)
    cfg = validating(config, [dict(tasks=["seg"])], param_scheduler=[plateau])
    with pytest.raises(ValueError, match=rf"param_scheduler\[0\].monitor .*'{monitor}'"):
        parse_phases(cfg)


@pytest.mark.parametrize(("of_all", "own_test"), [(False, False), (False, True), (True, False)])
def test_found_before_phase_one(config, of_all, own_test):
    changes = KINDS["stop"](monitor="depth/rms", rule="less")
    phases = [dict(tasks=["seg"]), dict(tasks=["depth"], cfg={} if of_all else changes)]
    cfg = validating(config, phases, **(changes if of_all else {}))
    if own_test:
        cfg.test_dataloader = dict(cfg.test_dataloader, batch_size=1)
    with pytest.raises(ValueError, match=r"^phases\[1\]: .*'depth/rms'.* mean 'depth/rmse'\?$"):
        rehearse(cfg, parse_phases(cfg))


@of_each_kind
def test_a_phase_that_never_validates(config, nothing_is_built, kind, monkeypatch):
    said = []
    monkeypatch.setattr(moment_checks, "print_log", lambda text, *_: said.append(text))
    cfg = validating(config, **KINDS[kind](monitor="seg/mIoU", rule="greater"))
    cfg.train_cfg.val_begin = 2
    parse_phases(cfg)
    assert not said
    cfg.train_cfg.val_begin = 3
    reason = "train_cfg.val_begin is 3, but training takes 2, so nothing validates"
    if kind in ("best", "second_best"):
        parse_phases(cfg)
        assert set(said) == {f"checkpoint.save_best has no effect: {reason}"}
    else:
        with pytest.raises(ValueError, match=f"^{reason}, and .*monitor never acts"):
            parse_phases(cfg)


@pytest.mark.parametrize("kind", ["best", "stop", "second_best"])
@pytest.mark.parametrize("name", ["seg/IoU.wall", "seg/IoU", "depth/mIoU.x"])
def test_a_value_without_a_rule_is_named_and_not_its_rule(config, monkeypatch, kind, name):
    cfg = validating(config, **KINDS[kind](monitor=name))
    with pytest.raises(ValueError, match=f"is '{name}', but a validation gives"):
        rehearse(cfg, parse_phases(cfg))
    monkeypatch.setattr(testing, "try_metrics", lambda *_, **__: [])  # as of large images
    if name == "seg/IoU.wall":  # mmengine infers the direction of the others
        with pytest.raises(ValueError, match=f"^phases.*follows '{name}', but .* add rule='great"):
            rehearse(cfg, parse_phases(cfg))
