import pytest
import torch

from mmlhl.models.methods import Composite

LWF_SGP = [dict(type="LwF"), dict(type="SGP", images=4, patches=40)]


@pytest.fixture
def pair(build, batch):
    """A function: a model in phase two with a method, its teacher set, and a batch for it."""

    def make(method):
        model = build(method)
        model.set_teacher(build(dict(type="Naive"), tasks=["seg"], new_tasks=["seg"], seed=1))
        return model, model.data_preprocessor(batch(), training=True)

    return make


def test_losses_are_added_and_the_teacher_runs_once(pair):
    config = dict(type="Composite", methods=[dict(type="HAD"), dict(type="EWC"), dict(type="DER")])
    model, data = pair(config)
    calls = []
    model.teacher.backbone.register_forward_hook(lambda *_: calls.append(1))
    had, ewc, der = model.method.methods
    ewc.fisher = {n: torch.ones_like(p) for n, p in model.named_parameters() if n[0] == "b"}
    ewc.centre = {n: torch.zeros_like(p) for n, p in model.named_parameters() if n[0] == "b"}
    losses = model.loss(**data)
    assert len(calls) == 1
    kept = {name for name in losses if not name.startswith("depth.")}
    assert kept == {"seg.loss_had_db", "seg.loss_had_sg", "loss_ewc", "seg.loss_der"}
    step = model.make_step(data["inputs"], data["data_samples"], with_teacher=True)
    torch.testing.assert_close(
        had.losses(model, step)["seg.loss_had_sg"], losses["seg.loss_had_sg"], rtol=1e-3, atol=1e-4
    )
    assert model.method.exemplars == der.exemplars == 2


@pytest.mark.parametrize("order", [("SPG", "SGP"), ("SGP", "SPG")])
def test_edits_of_the_step_are_chained_in_their_order(build, order):
    methods = [dict(type=kind) for kind in order]
    model = build(dict(type="Composite", methods=methods), tasks=["seg"], new_tasks=["seg"])
    by_name = dict(zip(order, model.method.methods, strict=True))
    by_name["SGP"].freeze_rest, by_name["SPG"].slow_new_heads = False, False
    weight = model.backbone.conv1.weight  # (4, 3, 7, 7)
    basis = torch.linalg.qr(torch.randn(147, 2))[0]
    by_name["SGP"].bases = {"backbone.conv1": basis}
    by_name["SGP"].importance = {"backbone.conv1": torch.tensor([1.0, 0.5])}
    mask = torch.rand_like(weight)
    by_name["SPG"].importance = {"backbone.conv1.weight": mask}
    before, step = weight.detach().clone(), torch.randn_like(weight)
    assert model.method.edits_gradients and model.method.edits_weights
    model.method.edit_gradients(model)
    with torch.no_grad():
        weight += step
    model.method.edit_weights(model)

    def project(x):
        flat = x.flatten(1)
        return (flat - flat @ basis @ torch.diag(torch.tensor([1.0, 0.5])) @ basis.T).view_as(x)

    edits = dict(SGP=project, SPG=lambda x: x * (1 - mask))
    for kind in order:
        step = edits[kind](step)
    torch.testing.assert_close(weight.detach(), before + step, rtol=1e-4, atol=1e-5)


def test_requirements_of_parts_are_combined():
    kinds = dict(type="Composite", methods=[dict(type="LwF", temperature=2.0), dict(type="EWC")])
    method = Composite(kinds["methods"])
    assert method.needs_teacher and method.needs_teacher_predictions and method.trains_old_heads
    assert method.needs_same_encoder and not method.edits_gradients and not method.edits_weights
    assert Composite(LWF_SGP).edits_weights
    assert Composite([dict(type="LwF", warmup=1), dict(type="EWC")]).edits_gradients
    plain = Composite([dict(type="SPG"), dict(type="EWC")])
    assert not plain.needs_teacher and not plain.trains_old_heads and plain.state_dict() != {}


@pytest.mark.parametrize(
    ("methods", "message"),
    [
        ([dict(type="LwF")], "at least two configs"),
        (dict(type="LwF"), "at least two configs"),
        ([dict(type="LwF"), dict(type="HAD")], "LwF and HAD cannot go together.*pseudo labels"),
        ([dict(type="ICaRL"), dict(type="DER")], "ICaRL and DER cannot go together.*buffer"),
        ([dict(type="ICaRL"), dict(type="LwF")], "ICaRL and LwF cannot go together"),
        ([dict(type="EWC"), dict(type="EWC", online=True)], "EWC is listed twice"),
        ([dict(type="Naive"), dict(type="EWC")], "Naive keeps nothing"),
        ([dict(type="EWC"), dict(type="DenseL1Loss")], r"methods\[1\] builds a DenseL1Loss"),
        ([dict(type="EWC"), dict(type="Composite", methods=LWF_SGP)], "into the outer list"),
    ],
)
def test_incompatible_parts_are_refused(methods, message):
    with pytest.raises(ValueError, match=message):
        Composite(methods)


def test_two_losses_of_one_name_are_refused(pair):
    model, data = pair(dict(type="Composite", methods=[dict(type="EWC"), dict(type="SPG")]))
    for method in model.method.methods:
        method.losses = lambda model, step: {"loss_own": torch.zeros(())}
    with pytest.raises(ValueError, match=r"SPG gives \['loss_own'\]"):
        model.loss(**data)


def test_state_of_parts_is_restored_and_unknown_entries_are_reported(round_trip, monkeypatch):
    first = Composite([dict(type="EWC"), dict(type="SGP")])
    first.methods[0].fisher = {"w": torch.ones(2)}
    first.methods[0].centre = {"w": torch.zeros(2)}
    first.methods[1].bases = {"l": torch.eye(3)}
    first.methods[1].importance = {"l": torch.ones(3)}
    swapped = round_trip(first, Composite([dict(type="SGP"), dict(type="EWC")]))
    assert torch.equal(swapped.methods[1].fisher["w"], torch.ones(2))
    message = []
    monkeypatch.setattr(
        "mmlhl.models.methods.composite.print_log", lambda text, *_: message.append(text)
    )
    Composite([dict(type="SGP"), dict(type="SPG")]).load_state_dict(first.state_dict())
    assert len(message) == 1 and "['EWC'] remember" in message[0]


def test_weights_are_averaged_before_others_measure_them(build):
    kinds = [dict(type="EWC"), dict(type="PhaseAverage"), dict(type="LwF", warmup=1)]
    method, ended = Composite(kinds), []
    for name, part in zip(method.names, method.methods, strict=True):
        part.end_phase = lambda *_, name=name: ended.append(name)
    method.end_phase(None, None)
    assert ended == ["PhaseAverage", "EWC", "LwF"]
    average, lwf = method.methods[1:]
    average.start, lwf.iters = {"w": torch.zeros(1)}, 5
    method.forget_phase()
    assert average.start == {} and lwf.iters == 0


def test_projectors_of_a_method_are_not_part_of_the_encoder(build):
    from mmlhl.models.methods.measuring import encoder_parameters
    from mmlhl.models.methods.sgp import encoder_layers

    hakd = dict(type="HADHeteroAKD", hakd=dict(seg=dict()))
    model = build(dict(type="Composite", methods=[hakd, dict(type="EWC"), dict(type="SGP")]))
    assert "seg" in model.distillers
    names = [*encoder_parameters(model), *encoder_layers(model)]
    assert names and all(name.startswith("backbone.") for name in names)


def test_a_sequence(two_phases):
    methods = [*LWF_SGP, dict(type="DER", buffer_size=4)]
    run = two_phases(dict(type="Composite", methods=methods))
    assert run.record.method == "Composite"
    assert [phase["exemplars"] for phase in run.record.phases] == [4, 4]
    state = run.checkpoints[1]["lifelong_method"]
    assert state["method"] == "Composite" and set(state["methods"]) == {"SGP", "DER"}
    assert state["methods"]["SGP"]["phases"] == 2
