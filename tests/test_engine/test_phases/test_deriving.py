"""The plain config of each phase."""

import pytest
import torch
from mmengine.config import Config, ConfigDict
from mmengine.optim import AmpOptimWrapper
from mmseg.registry import DATASETS

from mmlhl.engine import parse_phases, phase_config
from mmlhl.engine.hooks import FiniteHook
from mmlhl.engine.phases import deriving
from mmlhl.registered import type_name

TASKS = [dict(tasks=["seg"]), dict(tasks=["depth"])]


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
    result, hook = out.custom_hooks[-2:]
    assert result.type == "PhaseResultHook" and result.name == "seg"
    assert result.record.endswith("run/lifelong.json")
    assert hook.type == "LifelongPhaseHook"
    assert "teacher_checkpoint" not in hook
    assert out.val_cfg is None and out.val_dataloader is None and out.val_evaluator is None
    assert out.test_cfg is not None


@pytest.mark.parametrize("composite", [False, True])
def test_first_teachers_are_the_models_of_all_earlier_phases(config, composite):
    cfg = config()
    method = dict(type="LwF", teachers="first")
    both = dict(type="Composite", methods=[method, dict(type="WarmStart")])
    cfg.model.method = both if composite else method
    cfg.phases[1].cfg = dict(model=dict(backbone=dict(depth=34)))
    phases = parse_phases(cfg)
    assert "earlier" not in phase_config(cfg, phases, 0).custom_hooks[-1]
    first, second = phase_config(cfg, phases, 2, previous="depth.pth").custom_hooks[-1].earlier
    assert first.checkpoint.endswith("run/phase_1_seg/seg.pth") and first.tasks == ["seg"]
    assert (second.checkpoint, second.tasks) == ("depth.pth", ["depth"])
    # the new encoder stays
    assert first.model.backbone.depth == 18 and "model" not in second


def test_config_of_a_later_phase(config):
    cfg = config(custom_hooks=[dict(type="EMAHook")])
    phases = parse_phases(cfg)
    out = phase_config(cfg, phases, 2, previous="run/phase_2_depth/depth.pth")
    assert out.model.tasks == ["seg", "depth", "normal"] and out.model.new_tasks == ["normal"]
    assert out.train_dataloader.dataset.tasks == ["normal"]  # exemplar-free: new labels alone
    assert out.test_dataloader.dataset.tasks == ["seg", "depth", "normal"]
    assert out.load_from == "run/phase_2_depth/depth.pth"
    hook = out.custom_hooks[-1]
    assert out.custom_hooks[0].type == "EMAHook"
    assert hook.teacher_checkpoint == "run/phase_2_depth/depth.pth"
    assert "teacher_model" not in hook
    resumed = phase_config(cfg, phases, 2, "run/phase_2_depth/depth.pth", resume=True)
    assert resumed.resume is True and resumed.load_from is None
    assert resumed.custom_hooks[-1].teacher_checkpoint == "run/phase_2_depth/depth.pth"


def test_custom_hooks_may_be_none(config):
    cfg = config(custom_hooks=None)
    hooks = phase_config(cfg, parse_phases(cfg), 0).custom_hooks
    assert [hook.type for hook in hooks[-2:]] == ["PhaseResultHook", "LifelongPhaseHook"]


def test_losses_are_watched_once(config):
    """With the user's hook, or with its defaults."""
    for own in ([], [dict(type="mmlhl.FiniteHook", action="skip")]):
        cfg = config(custom_hooks=own)
        hooks = phase_config(cfg, parse_phases(cfg), 0).custom_hooks
        watching = [hook for hook in hooks if hook.type.endswith("FiniteHook")]
        assert len(watching) == 1 and watching[0].get("action") == (own and "skip" or None)
    given = [dict(custom_hooks=[own]) for own in (dict(type=Derived), Derived())]
    for changes in (*given, dict(default_hooks=dict(finite=dict(type="FiniteHook")))):
        cfg = config(**changes)
        hooks = phase_config(cfg, parse_phases(cfg), 0).custom_hooks
        assert not any(type_name(hook) == "FiniteHook" for hook in hooks)


class Derived(FiniteHook):
    """A hook of the user's in place of ours."""


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
    # all images of another dataset
    own = dict(train_dataloader=dict(dataset=dict(data_root="elsewhere", part=None)))
    cfg = config(phases=[dict(tasks=["seg"]), dict(tasks=["depth"], cfg=own)])
    out = phase_config(cfg, parse_phases(cfg), 1)
    assert out.train_dataloader.dataset.part is None
    assert out.train_dataloader.dataset.data_root == "elsewhere"


def test_parts_share_no_image_and_cover_all(config):

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


@pytest.mark.parametrize("given", [AmpOptimWrapper, "mmengine.AmpOptimWrapper"])
def test_mixed_precision_of_mmengine_is_ours(config, given):
    """As by its name, since mmengine's own refuses a CPU."""
    cfg = config()
    cfg.optim_wrapper.type = given
    assert phase_config(cfg, parse_phases(cfg), 0).optim_wrapper.type == "AmpOptimWrapper"


@pytest.mark.parametrize("loader", ["train_dataloader", "test_dataloader"])
def test_a_loader_without_a_sampler_reads_in_order(config, loader):
    """As in mmengine, but divided among processes and resumable, which torch's sampler is not."""
    cfg = config()
    del cfg[loader]["sampler"]
    ordered = dict(type="DefaultSampler", shuffle=False)
    assert phase_config(cfg, parse_phases(cfg), 1)[loader].sampler == ordered
    assert loader == "train_dataloader" or deriving.testing_config(cfg)[loader].sampler == ordered


def test_changed_model_is_passed_to_the_hook(config):
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
def test_only_a_new_encoder_is_initialised(config, change, handed_on):
    cfg = config(phases=[dict(tasks=["seg"]), dict(tasks=["depth"], model=dict(backbone=change))])
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


def test_a_test_resumes_no_training(config):
    assert deriving.testing_config(config(resume=True)).resume is False


@pytest.mark.parametrize("scope", [None, "mmseg", "mmlhl"])
def test_each_phase_is_built_in_a_scope_that_has_our_classes(config, scope):
    cfg = config(default_scope=scope)
    out = phase_config(cfg, parse_phases(cfg), 0)
    assert out.default_scope == (scope or "mmseg")
