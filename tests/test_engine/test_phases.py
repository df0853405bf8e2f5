"""Every mistake in a sequence is told before anything is built; the config of each phase."""

import copy

import pytest
import torch
from mmengine.config import Config, ConfigDict
from mmseg.registry import MODELS

from mmlhl.engine import LifelongRunner, parse_phases, phase_config
from mmlhl.models.methods import BaseMethod


@pytest.fixture
def config(sequence_config, tmp_path):
    """A function: a sequence's config with some entries changed."""

    def make(**changes):
        return sequence_config(tmp_path / "run", **changes)

    return make


@pytest.fixture
def nothing_is_built(monkeypatch):
    """Building any network, dataset or runner fails the test.

    A method, and the loss in it, may be built: it is a plain object that checks its options.
    """
    build = MODELS.build

    def refuse(*args, **kwargs):
        raise AssertionError("something was built")

    def only_methods(config, *args, **kwargs):
        kind = MODELS.get(config["type"]) if isinstance(config["type"], str) else config["type"]
        if not (issubclass(kind, BaseMethod) or kind.__name__.endswith("Loss")):
            refuse()
        return build(config, *args, **kwargs)

    monkeypatch.setattr("mmseg.registry.MODELS.build", only_methods)
    monkeypatch.setattr("mmseg.registry.DATASETS.build", refuse)
    monkeypatch.setattr("mmengine.runner.Runner.__init__", refuse)


TASKS = [dict(tasks=["seg"]), dict(tasks=["depth"])]


@pytest.mark.parametrize(
    ("phases", "told"),
    [
        (None, r"phases must be a list such as .* got None"),
        ([], "phases must be a list"),
        (dict(tasks=["seg"]), "phases must be a list"),
        ([dict(tasks=[])], r"phases\[0\] must be dict\(tasks"),
        ([*TASKS, ["normal"]], r"phases\[2\] must be dict\(tasks.*got \['normal'\]"),
        ([dict(tasks="seg")], r"phases\[0\].tasks must be a list, got 'seg'; write \['seg'\]"),
        ([*TASKS, dict(tasks=["seg"])], r"phases\[2\].tasks: 'seg' comes twice"),
        ([dict(tasks=["seg", "seg"])], "'seg' comes twice"),
        (
            [dict(tasks=["seg"], train_cfg=dict(max_epochs=1))],
            r"phases\[0\] has unknown keys \['train_cfg'\].*cfg=dict",
        ),
        ([dict(tasks=["seg"], name="a/b")], r"phases\[0\].name .*'a/b'"),
        (
            [*TASKS, dict(tasks=["edge"])],
            r"phases\[2\].tasks: no head is configured for task 'edge'; model.heads has "
            r"\['seg', 'depth', 'normal'\]",
        ),
    ],
)
def test_wrong_phases(config, nothing_is_built, phases, told):
    cfg = config()
    cfg.phases = phases
    with pytest.raises(ValueError, match=told):
        LifelongRunner.from_cfg(cfg)


def test_a_head_without_data(config, nothing_is_built, decoder_config):
    cfg = config(phases=[*TASKS, dict(tasks=["edge"])])
    cfg.model.heads.edge = dict(
        type="ChannelHead", channels=1, field="edge_map", decoder=decoder_config()
    )
    told = (
        r"phases\[2\].tasks: train_dataloader.dataset \(RoomsDataset\) has no annotation for task "
        r"'edge'; it offers \['seg', 'depth', 'normal'\]"
    )
    with pytest.raises(ValueError, match=told):
        LifelongRunner.from_cfg(cfg)


@pytest.mark.parametrize("loader", ["train_dataloader", "test_dataloader"])
def test_a_dataset_that_gives_up_an_annotation(config, nothing_is_built, loader):
    cfg = config(phases=TASKS)
    cfg[loader].dataset.annotations = dict(depth=None)
    with pytest.raises(ValueError, match=f"{loader}.dataset .* no annotation for task 'depth'"):
        LifelongRunner.from_cfg(cfg)


def test_data_inside_a_wrapper_is_checked_too(config, nothing_is_built):
    cfg = config(phases=TASKS)
    inner = dict(cfg.train_dataloader.dataset, annotations=dict(depth=None))
    cfg.train_dataloader.dataset = dict(type="RepeatDataset", times=2, dataset=inner)
    with pytest.raises(ValueError, match="no annotation for task 'depth'"):
        LifelongRunner.from_cfg(cfg)


@pytest.mark.parametrize("method", [dict(type="HADD"), dict(type="HADLoss"), "HADD", dict()])
def test_an_unknown_method(config, nothing_is_built, method):
    cfg = config()
    cfg.model.method = method
    with pytest.raises(ValueError, match=r"model.method: .* is no method; known are .*'HAD'"):
        LifelongRunner.from_cfg(cfg)


def test_an_unknown_method_in_a_later_phase(config, nothing_is_built):
    cfg = config()
    cfg.phases[2].cfg = dict(model=dict(method=dict(_delete_=True, type="Nave")))
    with pytest.raises(ValueError, match="'Nave' is no method"):
        LifelongRunner.from_cfg(cfg)


def test_no_work_dir(config, nothing_is_built):
    cfg = config()
    cfg.work_dir = None
    with pytest.raises(ValueError, match="work_dir is not set"):
        LifelongRunner.from_cfg(cfg)


def test_the_given_config_is_left_as_it_was(config):
    cfg = config()
    before = copy.deepcopy(cfg.to_dict())
    phases = parse_phases(cfg)
    phase_config(cfg, phases, 1, previous="phase_1_seg/seg.pth")
    assert cfg.to_dict() == before


# -- the phases --------------
def test_names_folders_and_tasks_seen(config):
    phases = parse_phases(
        config(phases=[dict(tasks=["seg"]), dict(tasks=["normal", "depth"], name="shape")])
    )
    assert [phase.folder for phase in phases] == ["phase_1_seg", "phase_2_shape"]
    assert phases[1].tasks == ("normal", "depth")
    assert phases[1].seen == ("seg", "normal", "depth")


def test_config_of_the_first_phase(config):
    cfg = config(load_from="pretrained.pth")
    phases = parse_phases(cfg)
    out = phase_config(cfg, phases, 0)
    assert isinstance(out, Config)
    assert "phases" not in out and "runner_type" not in out
    assert out.work_dir.endswith("run/phase_1_seg")
    assert out.load_from == "pretrained.pth" and out.resume is False
    assert out.model.tasks == ["seg"] and out.model.new_tasks == ["seg"]
    assert out.train_dataloader.dataset.tasks == ["seg"]
    assert out.test_dataloader.dataset.tasks == ["seg"]
    assert "part" not in out.test_dataloader.dataset
    (hook,) = out.custom_hooks
    assert hook.type == "LifelongPhaseHook" and hook.name == "seg"
    assert hook.record.endswith("run/lifelong.json")
    assert "teacher_checkpoint" not in hook
    assert out.val_cfg is None and out.val_dataloader is None and out.val_evaluator is None
    assert out.test_cfg is not None


def test_config_of_a_later_phase(config):
    cfg = config(custom_hooks=[dict(type="EMAHook")])
    phases = parse_phases(cfg)
    out = phase_config(cfg, phases, 2, previous="run/phase_2_depth/depth.pth")
    assert out.model.tasks == ["seg", "depth", "normal"] and out.model.new_tasks == ["normal"]
    assert out.train_dataloader.dataset.tasks == ["normal"]  # exemplar-free: new labels alone
    assert out.test_dataloader.dataset.tasks == ["seg", "depth", "normal"]
    assert out.load_from == "run/phase_2_depth/depth.pth"
    ema, hook = out.custom_hooks
    assert ema.type == "EMAHook"
    assert hook.teacher_checkpoint == "run/phase_2_depth/depth.pth"
    assert "teacher_model" not in hook
    resumed = phase_config(cfg, phases, 2, "run/phase_2_depth/depth.pth", resume=True)
    assert resumed.resume is True and resumed.load_from is None
    assert resumed.custom_hooks[-1].teacher_checkpoint == "run/phase_2_depth/depth.pth"


def test_custom_hooks_may_be_none(config):
    cfg = config(custom_hooks=None)
    assert len(phase_config(cfg, parse_phases(cfg), 0).custom_hooks) == 1


def test_each_phase_logs_into_a_folder_of_its_own(config, tmp_path):
    """mmengine's visualizers are global by name, and keep the folder that they were made with."""
    names = []
    for work_dir in ("had/seed_0", "lwf/seed_0"):  # same last part, as a benchmark has it
        cfg = config()
        cfg.pop("experiment_name")  # as most configs
        cfg.work_dir = str(tmp_path / work_dir)
        phases = parse_phases(cfg)
        names += [phase_config(cfg, phases, index).visualizer.name for index in range(3)]
    assert len(set(names)) == 6


def test_disjoint_parts(config):
    cfg = config()
    phases = parse_phases(cfg)
    parts = [phase_config(cfg, phases, i).train_dataloader.dataset.part for i in range(3)]
    assert parts == [[0, 3], [1, 3], [2, 3]]
    cfg.disjoint_phases = False
    assert "part" not in phase_config(cfg, phases, 1).train_dataloader.dataset
    # images of its own, all of them
    own = dict(train_dataloader=dict(dataset=dict(data_root="elsewhere", part=None)))
    cfg = config(phases=[dict(tasks=["seg"]), dict(tasks=["depth"], cfg=own)])
    out = phase_config(cfg, parse_phases(cfg), 1)
    assert out.train_dataloader.dataset.part is None
    assert out.train_dataloader.dataset.data_root == "elsewhere"


def test_parts_share_no_image_and_cover_all(config):
    from mmseg.registry import DATASETS

    cfg = config()
    phases = parse_phases(cfg)
    seen = []
    for index in range(3):
        dataset = DATASETS.build(phase_config(cfg, phases, index).train_dataloader.dataset)
        seen.append({dataset.get_data_info(i)["img_path"] for i in range(len(dataset))})
    assert [len(part) for part in seen] == [4, 4, 4]
    assert len(set.union(*seen)) == 12


def test_a_wrapped_dataset_gets_tasks_and_part(config):
    cfg = config()
    inner = cfg.train_dataloader.dataset
    cfg.train_dataloader.dataset = dict(type="RepeatDataset", times=2, dataset=inner)
    out = phase_config(cfg, parse_phases(cfg), 1).train_dataloader.dataset
    assert out.dataset.tasks == ["depth"] and out.dataset.part == [1, 3]
    assert "tasks" not in out


# -- overrides --------------
def test_a_phase_overrides_anything_for_itself_alone(config):
    own = dict(
        train_cfg=dict(max_epochs=7),
        model=dict(method=dict(_delete_=True, type="LwF", loss_weight=1.0)),
        optim_wrapper=dict(optimizer=dict(lr=0.5)),
    )
    cfg = config(
        phases=[dict(tasks=["seg"]), dict(tasks=["depth"], cfg=own), dict(tasks=["normal"])]
    )
    phases = parse_phases(cfg)
    first, second, third = (phase_config(cfg, phases, i, "x.pth") for i in range(3))
    assert second.train_cfg.max_epochs == 7 and second.optim_wrapper.optimizer.lr == 0.5
    assert second.optim_wrapper.optimizer.type == "Adam"
    assert second.model.method == dict(type="LwF", loss_weight=1.0)
    assert third.train_cfg.max_epochs == 2 and third.model.method.type == "HAD"
    assert first.optim_wrapper.optimizer.lr == 2e-3
    # the schedule that ended with the sequence's epochs ends with the phase's
    assert [out.param_scheduler[0].end for out in (first, second, third)] == [2, 7, 2]


def test_a_schedule_of_another_length_is_left_alone(config):
    own = dict(train_cfg=dict(max_epochs=7))
    cfg = config(phases=[dict(tasks=["seg"], cfg=own)])
    cfg.param_scheduler = [
        dict(type="LinearLR", begin=0, end=1, start_factor=0.1),
        dict(type="CosineAnnealingLR", begin=1, end=2, T_max=2),
    ]
    warmup, cosine = phase_config(cfg, parse_phases(cfg), 0).param_scheduler
    assert warmup.end == 1
    assert cosine.end == 7 and cosine.T_max == 7


def test_iterations_are_followed_too(config):
    own = dict(train_cfg=dict(max_iters=50))
    cfg = config(phases=[dict(tasks=["seg"], cfg=own)])
    cfg.train_cfg = dict(type="IterBasedTrainLoop", max_iters=100)
    cfg.param_scheduler = dict(type="PolyLR", begin=0, end=100, by_epoch=False)
    assert phase_config(cfg, parse_phases(cfg), 0).param_scheduler.end == 50


def validating(config, best):
    cfg = config()
    cfg.val_dataloader, cfg.val_evaluator = cfg.test_dataloader, cfg.test_evaluator
    cfg.val_cfg = dict(type="ValLoop")
    cfg.default_hooks.checkpoint.save_best = best
    phases = parse_phases(cfg)
    return [phase_config(cfg, phases, index) for index in range(3)]


def test_validation_sees_the_tasks_so_far(config):
    outs = validating(config, None)
    assert [out.val_dataloader.dataset.tasks for out in outs] == [
        ["seg"],
        ["seg", "depth"],
        ["seg", "depth", "normal"],
    ]
    assert all("part" not in out.val_dataloader.dataset for out in outs)


@pytest.mark.parametrize(
    ("best", "kept"),
    [
        ("depth/abs_err", [None, "depth/abs_err", "depth/abs_err"]),
        ("auto", ["auto"] * 3),
        (["seg/mIoU", "normal/mean_err"], [["seg/mIoU"], ["seg/mIoU"], None]),
    ],
)
def test_save_best_waits_for_its_task(config, best, kept):
    outs = [out.default_hooks.checkpoint.save_best for out in validating(config, best)]
    normal = [[v] if isinstance(v, str) else v for v in outs]
    kept = [[v] if isinstance(v, str) else v for v in kept]
    if isinstance(best, list):
        kept[2] = best
    assert normal == kept


def test_save_best_needs_validation(config):
    cfg = config()
    cfg.default_hooks.checkpoint.save_best = "seg/mIoU"
    assert phase_config(cfg, parse_phases(cfg), 0).default_hooks.checkpoint.save_best is None


def test_a_changed_model_is_told_to_the_hook(config):
    own = dict(model=dict(heads=dict(depth=dict(activation="softplus"))))
    cfg = config(
        phases=[dict(tasks=["seg"]), dict(tasks=["depth"], cfg=own), dict(tasks=["normal"])]
    )
    phases = parse_phases(cfg)
    hook = phase_config(cfg, phases, 1, "seg.pth").custom_hooks[-1]
    assert "activation" not in hook.teacher_model.heads.depth
    third = phase_config(cfg, phases, 2, "depth.pth")
    assert third.model.heads.depth.activation == "softplus"  # architecture stays
    assert "teacher_model" not in third.custom_hooks[-1]
    assert isinstance(third.custom_hooks[-1], ConfigDict)


@pytest.mark.parametrize(
    ("change", "handed_on"),
    [
        (dict(frozen_stages=4, norm_eval=True), True),
        (dict(with_cp=True, init_cfg=dict(type="Kaiming", layer="Conv2d")), True),
        (dict(base_channels=16), False),
        (dict(depth=34), False),
    ],
)
def test_only_another_encoder_starts_anew(config, change, handed_on):
    cfg = config(
        phases=[dict(tasks=["seg"]), dict(tasks=["depth"], cfg=dict(model=dict(backbone=change)))]
    )
    state = torch.get_rng_state()
    out = phase_config(cfg, parse_phases(cfg), 1, "seg.pth")
    assert out.load_from == ("seg.pth" if handed_on else None)
    assert out.custom_hooks[-1].teacher_checkpoint == "seg.pth"
    assert "teacher_model" in out.custom_hooks[-1]
    assert torch.equal(torch.get_rng_state(), state)


def test_dotted_keys_of_a_phase_stay_like_nested_ones(config):
    own = {"model.backbone.base_channels": 12, "train_cfg.max_epochs": 7}
    cfg = config(
        phases=[dict(tasks=["seg"]), dict(tasks=["depth"], cfg=own), dict(tasks=["normal"])]
    )
    phases = parse_phases(cfg)
    second, third = (phase_config(cfg, phases, i, "x.pth") for i in (1, 2))
    assert second.model.backbone.base_channels == third.model.backbone.base_channels == 12
    assert second.train_cfg.max_epochs == 7 and third.train_cfg.max_epochs != 7
    assert second.load_from is None and third.load_from == "x.pth"


@pytest.mark.parametrize("method", ["EWC", "SPG", "SGP"])
def test_a_new_encoder_under_a_method_that_keeps_weights(config, method):
    wider = dict(model=dict(backbone=dict(base_channels=16)))
    cfg = config(phases=[dict(tasks=["seg"]), dict(tasks=["depth"], cfg=wider)])
    cfg.model.method = dict(type=method)
    with pytest.raises(ValueError, match=rf"phases\[1\] brings another encoder.*{method} keeps"):
        parse_phases(cfg)
    cfg.model.method = dict(type="DER")
    assert len(parse_phases(cfg)) == 2


def test_a_methods_bad_option_is_told_at_once(sequence_config, tmp_path):
    cfg = sequence_config(tmp_path)
    cfg.phases[2] = dict(tasks=["normal"], cfg=dict(model=dict(method=dict(bins=1))))
    with pytest.raises(ValueError, match="model.method=.*bins must be None or >= 2, got 1"):
        parse_phases(cfg)


@pytest.mark.parametrize("task", ["a.b", "a/b", "", 3])
def test_a_task_that_is_no_name(sequence_config, tmp_path, task):
    cfg = sequence_config(tmp_path, phases=[dict(tasks=[task])])
    with pytest.raises(ValueError, match="make a task's name"):
        parse_phases(cfg)
