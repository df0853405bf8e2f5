"""Faults in a user's own method are found before phase one, wherever they are."""

import random

import pytest
import torch
from mmseg.registry import MODELS

from mmlhl.engine import parse_phases
from mmlhl.engine.phases.rehearsal import rehearse
from mmlhl.engine.phases.trials import method as trial_method
from mmlhl.models.heads import DepthHead
from mmlhl.models.methods import BaseMethod
from mmlhl.models.methods.measuring import phase_batches


@MODELS.register_module()
class OwnMethod(BaseMethod):
    """Pulls to the encoder of the last phase, in some way that works or not."""

    def __init__(self, way="works"):
        self.way = way
        self.anchors = {}
        self.found = []

    def begin_phase(self, model, runner):
        if self.way == "needs memory" and model.old_tasks:
            assert self.anchors, "no anchors"

    def losses(self, model, step):
        if self.way == "second phase" and model.old_tasks:
            return {"loss_own": self.anchors["backbone.nothing"].sum()}
        return {}

    def edit_gradients(self, model):
        if self.way == "gradients" and model.old_tasks:
            next(model.parameters()).grad.add_(torch.ones(7, 7, 7))

    def edit_weights(self, model):
        if self.way == "optimiser":
            self.found.append(True)

    def end_phase(self, model, runner):
        if self.way == "signature":
            self.measure(model, runner, 3)
        if self.way == "misspelt":
            assert runner.train_loader
        if self.way == "shapes":
            for inputs, _ in phase_batches(model, runner, range(2)):
                model.extract_feat(inputs)[0] @ torch.ones(7, 7)
        if self.way == "many":
            assert len(phase_images(runner, random.sample(range(len(dataset(runner))), 3))) == 3
        if self.way == "singular":
            torch.linalg.inv(torch.ones(2, 2))
        if self.way == "optimiser":
            assert self.found
            state = runner.optim_wrapper.optimizer.state
            assert all(state[p] for p in model.backbone.parameters())
        if self.way == "saves":
            runner.save_checkpoint("nowhere", "a.pth")
        if self.way == "weights":
            for parameter in model.parameters():
                parameter.detach().zero_()
                parameter.requires_grad_(False)
        self.anchors = {name: p.detach().clone() for name, p in model.named_parameters()}

    def measure(self, model, runner):
        raise AssertionError

    def state_dict(self):
        return dict(anchors=self.anchors)

    def load_state_dict(self, state):
        self.anchors = state["anchor" if self.way == "state" else "anchors"]


def dataset(runner):
    return runner.train_dataloader.dataset


def phase_images(runner, indices):
    return [dataset(runner)[index] for index in indices]


@MODELS.register_module()
class OwnReplayHead(DepthHead):
    """Cannot say what replay stores."""

    def replay_output(self, raw):
        return raw.nothing


def tried(cfg, method):
    cfg.model.method = method
    rehearse(cfg, parse_phases(cfg))


@pytest.mark.parametrize(
    "way, wanted",
    [
        ("signature", r"phases\[0\]: model.method \(OwnMethod\): end_phase fails .*positional"),
        ("misspelt", r"runner.train_loader is no member"),
        ("shapes", "end_phase fails"),
        ("state", "state_dict fails .* KeyError: anchor"),
        ("second phase", r"phases\[1\].* losses fails .* backbone.nothing"),
        ("gradients", r"phases\[1\].* edit_gradients fails"),
    ],
)
def test_faults_are_named_before_training(config, way, wanted):
    with pytest.raises(ValueError, match=wanted):
        tried(config(), dict(type="OwnMethod", way=way))
    with pytest.raises(ValueError, match=r"model.method \(Composite\)"):
        tried(config(), dict(type="Composite", methods=[dict(type="OwnMethod", way=way), HAD]))


HAD = dict(type="HAD")


def test_a_head_of_ones_own_in_a_method_of_the_package(config):
    cfg = config()
    cfg.model.heads.depth.type = "OwnReplayHead"
    with pytest.raises(ValueError, match=r"model.method \(DER\): end_phase fails .*'nothing'"):
        tried(cfg, dict(type="DER"))


@pytest.mark.parametrize("way", ["works", "needs memory", "many", "singular", "optimiser", "saves"])
def test_what_works_in_training_is_not_refused(config, way):
    tried(config(), dict(type="OwnMethod", way=way))


@pytest.mark.parametrize("way, said", [("singular", "more images"), ("saves", "save_checkpoint")])
def test_what_cannot_be_tried_is_said(config, monkeypatch, way, said):
    lines = []
    monkeypatch.setattr(trial_method, "print_log", lambda text, *_, **__: lines.append(text))
    tried(config(), dict(type="OwnMethod", way=way))
    assert lines and said in lines[0]


def test_nothing_is_changed(config, monkeypatch):
    models = []
    build = trial_method.MethodTrial.try_phase

    def spy(self, model, *args):
        before = {name: value.clone() for name, value in model.state_dict().items()}
        method, flags = model.method, [p.requires_grad for p in model.parameters()]
        build(self, model, *args)
        after = model.state_dict()
        assert all(torch.equal(value, after[name]) for name, value in before.items())
        assert flags == [p.requires_grad for p in model.parameters()]
        assert model.method is method and not method.anchors and model.teacher is None
        models.append(model)

    monkeypatch.setattr(trial_method.MethodTrial, "try_phase", spy)
    tried(config(), dict(type="OwnMethod", way="weights"))
    assert len(models) == 3


@pytest.mark.parametrize("memory", ["own", "broken", "another's", "no file"])
def test_a_method_is_tried_on_resume_with_what_it_remembers(config, tmp_path, memory):
    cfg = config()
    cfg.work_dir, phases = str(tmp_path), parse_phases(cfg)
    cfg.model.method = dict(type="OwnMethod", way="needs memory")
    state = dict(method="OwnMethod", anchors={"a": torch.ones(1)}, unfinished=["seg"])
    if memory == "broken":
        state["anchor"] = state.pop("anchors")
    if memory == "another's":  # training leaves it out, so the method has no anchors
        state["method"] = "EWC"
    file = tmp_path / phases[0].folder / f"{phases[0].name}.pth"
    file.parent.mkdir()
    if memory != "no file":
        torch.save(dict(meta={}, state_dict={}, lifelong_method=state), file)
    broken, lacking = "load_state_dict fails .* anchors", "begin_phase .* no anchors"
    wanted = {"broken": broken, "another's": lacking}
    if memory not in wanted:
        rehearse(cfg, phases, 1)
        return
    with pytest.raises(ValueError, match=rf"phases\[1\].*OwnMethod.*{wanted[memory]}"):
        rehearse(cfg, phases, 1)
