"""The hook on a plain mmengine runner: one task added to one checkpoint, and phase events."""

import copy
from pathlib import Path

import pytest
import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import Runner
from mmseg.registry import MODELS

from mmlhl.engine.hooks.step_edits import before_step, watch_steps
from mmlhl.evaluation import LifelongRecord
from mmlhl.models.methods import SPG, BaseMethod

CALLS = []


@MODELS.register_module()
class NotingMethod(BaseMethod):
    """Records its calls, and counts its phases in its state."""

    def __init__(self):
        self.phases = 0

    def begin_phase(self, model, runner):
        weight = model.heads[model.new_tasks[0]].decoder.conv_seg.weight
        CALLS.append(("begin", tuple(model.new_tasks), self.phases, weight.detach().clone()))

    def end_phase(self, model, runner):
        self.phases += 1
        CALLS.append(("end", tuple(model.new_tasks), self.phases))
        self.bias = model.heads[model.new_tasks[0]].decoder.conv_seg.bias.detach().clone()

    def edit_gradients(self, model):
        given = [p for p in model.parameters() if p.requires_grad]
        assert all(p.grad is not None for p in given)
        weight = model.heads[model.new_tasks[0]].decoder.conv_seg.weight
        CALLS.append(("gradients", weight.grad.norm()))
        for parameter in given:
            parameter.grad.zero_()

    def state_dict(self):
        return dict(phases=self.phases)

    def load_state_dict(self, state):
        self.phases = state["phases"]


def test_adds_one_task_to_one_checkpoint(plain_config, trained):
    cfg = plain_config()
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert runner.model.teacher is None  # released at the end
    record = LifelongRecord.load(Path(cfg.work_dir) / "lifelong.json")
    (phase,) = record.phases
    assert (phase["name"], phase["tasks"], phase["checkpoint"]) == ("depth", ["depth"], "depth.pth")
    assert record.metrics.keys() == {"seg", "depth"}
    stored = torch.load(Path(cfg.work_dir) / "depth.pth")
    assert {k.split(".")[1] for k in stored["state_dict"] if "heads" in k} == {"seg", "depth"}
    scalars = next(Path(cfg.work_dir).glob("*/vis_data/scalars.json")).read_text()
    assert "seg.loss_had_db" in scalars and "depth.loss_l1" in scalars


def test_the_classes_of_earlier_data_are_kept(plain_config):
    cfg = plain_config()
    cfg.train_dataloader.dataset.metainfo = dict(classes=None)
    runner = Runner.from_cfg(cfg)
    hook = next(h for h in runner.hooks if type(h).__name__ == "LifelongPhaseHook")
    hook.after_load_checkpoint(runner, dict(meta=dict(dataset_meta=dict(classes=("a", "b")))))
    checkpoint = dict(meta=dict(dataset_meta=dict(scene="kitchen")))
    hook.before_save_checkpoint(runner, checkpoint)
    assert checkpoint["meta"]["dataset_meta"] == dict(scene="kitchen", classes=("a", "b"))
    # the head of seg predicts what its own data called the classes
    checkpoint = dict(meta=dict(dataset_meta=dict(classes=("new",), depth_map_unit="px")))
    hook.before_save_checkpoint(runner, checkpoint)
    expected = dict(classes=("a", "b"), depth_map_unit="px")
    assert checkpoint["meta"]["dataset_meta"] == expected


def test_what_serves_one_phase_is_dropped_if_that_phase_did_not_end(plain_config, monkeypatch):
    method = dict(type="Composite", methods=[dict(type="WarmStart"), dict(type="SPG")])
    runner = Runner.from_cfg(plain_config(method=method))
    hook = next(h for h in runner.hooks if type(h).__name__ == "LifelongPhaseHook")
    warm = runner.model.method.methods[0]
    warm.started, hook._in_phase = True, True
    checkpoint = dict(meta={})
    hook.before_save_checkpoint(runner, checkpoint)
    assert checkpoint["lifelong_method"]["unfinished"] == ["depth"]
    lines = []
    where = "mmlhl.engine.hooks.lifelong_phase_hook.print_log"
    monkeypatch.setattr(where, lambda text, *_: lines.append(text))
    runner._resume = True
    hook._take(runner, checkpoint)
    assert warm.started and not lines
    runner._resume = False
    hook._take(runner, checkpoint)
    assert not warm.started and "before the phase of ['depth'] ended" in lines[0]
    hook._in_phase = False  # a finished phase says nothing
    hook.before_save_checkpoint(runner, checkpoint)
    assert "unfinished" not in checkpoint["lifelong_method"]


@pytest.mark.parametrize("fused", [True, False])
def test_gradients_are_unscaled_before_a_step_is_watched(fused):
    weight, seen = torch.nn.Parameter(torch.ones(2)), []
    optimizer = torch.optim.Adam([weight], lr=0.1, fused=fused)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    before_step(optimizer, lambda *_: seen.append(weight.grad.clone()))
    for factor in (2.0, float("inf")):  # the second overflows: there is no step
        optimizer.zero_grad()
        scaler.scale((weight * factor).sum()).backward()
        scaler.step(optimizer)
        scaler.update()
    assert [grad.tolist() for grad in seen] == [[2.0, 2.0]]
    assert weight.detach() == pytest.approx(0.9)


def test_distillation_without_a_checkpoint(plain_config):
    runner = Runner.from_cfg(plain_config(load_from=None))
    with pytest.raises(ValueError, match=r"HAD keeps \['seg'\] .* load_from"):
        runner.train()


def test_first_teachers_have_to_be_listed(plain_config):
    cfg = plain_config()
    cfg.model.method = dict(type="LwF", teachers="first")
    with pytest.raises(ValueError, match=r"models that learned \['seg'\]: list .* earlier=\["):
        Runner.from_cfg(cfg).train()


def test_resume_with_load_from_is_refused_as_a_teacher(plain_config):
    cfg = plain_config(resume=True)
    with pytest.raises(ValueError, match=r"goes on from load_from='.*seg.pth'.*teacher_checkpoint"):
        Runner.from_cfg(cfg).train()


def test_methods_that_edit_steps_need_a_single_optimiser(plain_config):
    class Both:
        optim_wrapper = OptimWrapperDict(
            a=OptimWrapper(torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)),
            b=OptimWrapper(torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)),
        )

    class Model:
        method = SPG()

    with pytest.raises(ValueError, match="SPG edits each step .* one optimiser, not 2"):
        watch_steps(Model, Both)
    Model.method = BaseMethod()
    watch_steps(Model, Both)


def test_a_checkpoint_for_the_teacher_alone(plain_config):
    cfg = plain_config()
    checkpoint = cfg.load_from
    cfg.load_from, cfg.custom_hooks[0].teacher_checkpoint = None, checkpoint
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert (Path(cfg.work_dir) / "depth.pth").exists()


def test_a_preprocessor_beside_the_model_is_the_teachers_too(plain_config):
    cfg = plain_config()
    cfg.data_preprocessor = cfg.model.pop("data_preprocessor")
    runner = Runner.from_cfg(cfg)
    hook = next(h for h in runner.hooks if type(h).__name__ == "LifelongPhaseHook")
    hook.before_run(runner)
    runner.build_train_loop(runner._train_loop)
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    hook.before_train(runner)
    student, teacher = (m.data_preprocessor for m in (runner.model, runner.model.teacher))
    assert type(teacher) is type(student) and torch.equal(teacher.mean, student.mean)


def test_teacher_without_an_old_task_is_refused(plain_config):
    runner = Runner.from_cfg(plain_config(tasks=("seg", "normal", "depth")))
    with pytest.raises(ValueError, match=r"no head for \['normal'\]"):
        runner.train()


def test_another_model_is_refused(plain_config):
    cfg = plain_config(load_from=None)
    cfg.model = dict(
        type="EncoderDecoder",
        backbone=cfg.model.backbone,
        decode_head=dict(cfg.model.heads.seg.decoder, num_classes=13),
        data_preprocessor=cfg.model.data_preprocessor,
    )
    with pytest.raises(TypeError, match="needs a LifelongSegmentor"):
        Runner.from_cfg(cfg).train()


# -- all parameters are in the optimiser -------
def test_head_added_on_loading_is_reported_as_untrained(plain_config):
    """The checkpoint has seg, which the config does not, too late for the optimiser."""
    runner = Runner.from_cfg(plain_config(tasks=("depth",)))
    with pytest.raises(RuntimeError, match=r"does not have \d+ trainable parameters.*heads.seg"):
        runner.train()


# -- phase events of the method -----
@pytest.mark.parametrize("accumulate", [1, 3])
def test_method_receives_phase_events_and_its_state_is_checkpointed(plain_config, accumulate):
    CALLS.clear()
    cfg = plain_config(method=dict(type="NotingMethod"))
    cfg.optim_wrapper.accumulative_counts = accumulate
    runner = Runner.from_cfg(cfg)
    runner.train()
    steps = -(-6 // accumulate)  # twelve images in batches of two
    kinds = [call[0] for call in CALLS]
    assert kinds == ["begin", *["gradients"] * steps, "end"]
    assert CALLS[0][:3] == ("begin", ("depth",), 0) and CALLS[-1] == ("end", ("depth",), 1)
    assert all(call[1] > 0 for call in CALLS[1:-1])
    # every gradient was zeroed before the step, so Adam moved nothing: as initialised
    after = torch.load(Path(cfg.work_dir) / "depth.pth")
    assert torch.equal(after["state_dict"]["heads.depth.decoder.conv_seg.weight"], CALLS[0][3])
    assert after["lifelong_method"] == dict(phases=1, method="NotingMethod")
    # the time of the whole phase, the method's own measuring included
    record = LifelongRecord.load(Path(cfg.work_dir) / "lifelong.json")
    assert 0 < record.timing[0] <= round(after["meta"]["phase_seconds"], 1)
    # the hook on the optimiser is gone
    CALLS.clear()
    runner.optim_wrapper.optimizer.step()
    assert CALLS == []

    again = copy.deepcopy(cfg)
    again.load_from, again.work_dir = str(Path(cfg.work_dir) / "depth.pth"), cfg.work_dir + "_2"
    again.model.tasks, again.model.new_tasks = ["seg", "depth", "normal"], ["normal"]
    again.train_dataloader.dataset.tasks = ["normal"]
    again.experiment_name += "_2"
    again.visualizer.name = again.experiment_name
    Runner.from_cfg(again).train()
    assert CALLS[0][:3] == ("begin", ("normal",), 1) and CALLS[-1] == ("end", ("normal",), 2)

    # a new encoder gets no weights, but the method's state is kept
    CALLS.clear()
    anew = copy.deepcopy(again)
    anew.custom_hooks[0].teacher_checkpoint, anew.load_from = again.load_from, None
    anew.work_dir, anew.experiment_name = cfg.work_dir + "_3", again.experiment_name + "_3"
    anew.visualizer.name = anew.experiment_name
    Runner.from_cfg(anew).train()
    assert CALLS[0][:3] == ("begin", ("normal",), 1)

    # another method cannot use it and warns
    other = copy.deepcopy(again)
    other.model.method = dict(type="EWC")
    runner = Runner.from_cfg(other)
    hook = next(h for h in runner.hooks if type(h).__name__ == "LifelongPhaseHook")
    hook.after_load_checkpoint(runner, torch.load(again.load_from))
    assert runner.model.method.fisher == {}


def test_a_method_measures_the_averaged_weights(plain_config):
    cfg = plain_config(method=dict(type="NotingMethod"))
    cfg.model.method.type = "NotingMethod"
    cfg.custom_hooks = [dict(type="EMAHook", momentum=0.3), *cfg.custom_hooks]
    runner = Runner.from_cfg(cfg)
    runner.train()
    stored = torch.load(Path(cfg.work_dir) / "depth.pth")["state_dict"]
    seen = runner.model.method.bias
    assert torch.equal(stored["heads.depth.decoder.conv_seg.bias"], seen)


def test_frozen_head_missing_in_the_checkpoint_is_refused(plain_config):
    def hook_and_runner(method):
        cfg = plain_config(method=method)
        cfg.model.heads.seg.decoder.channels += 2
        runner = Runner.from_cfg(cfg)
        return next(h for h in runner.hooks if type(h).__name__ == "LifelongPhaseHook"), runner

    checkpoint = torch.load(plain_config().load_from)
    hook, runner = hook_and_runner(dict(type="EWC"))
    with pytest.raises(
        ValueError, match=r"EWC leaves the head of 'seg' as it is.*heads\.seg\.deco"
    ):
        hook.after_load_checkpoint(runner, checkpoint)
    hook, runner = hook_and_runner(dict(type="HAD"))  # which teaches a new decoder
    hook.after_load_checkpoint(runner, checkpoint)
