import pytest
import torch

from mmlhl.models.methods import WarmStart
from mmlhl.models.methods.warm_start import inherited


def test_what_a_head_takes_by_hand():
    old = {
        "decoder.convs.weight": torch.ones(2, 2),
        "decoder.conv_seg.weight": torch.ones(1, 2),
        "losses.0.class_weight": torch.ones(5),
        "decoder.bn.num_batches_tracked": torch.tensor(7),
    }
    new = {name: torch.zeros_like(tensor) for name, tensor in old.items()}
    assert inherited(new, old) == {
        name: old[name] for name in ("decoder.convs.weight", "decoder.bn.num_batches_tracked")
    }
    # a prediction layer of another name differs by the number of channels and stays as it is
    new["decoder.last.weight"], old["decoder.last.weight"] = torch.zeros(3, 2), torch.ones(1, 2)
    assert "decoder.last.weight" not in inherited(new, old)
    # another width, another layer: not the same architecture
    assert inherited({**new, "decoder.convs.weight": torch.zeros(2, 3)}, old) is None
    assert inherited({**new, "decoder.more.weight": torch.zeros(2, 2)}, old) is None
    assert inherited({"decoder.conv_seg.weight": torch.zeros(1, 2)}, old) is None


def decoders(model):
    return {task: head.decoder.state_dict() for task, head in model.heads.items()}


def test_new_decoders_start_from_the_latest_old_one(build):
    model = build(dict(type="WarmStart"), ["seg", "depth", "normal"], ["normal"])
    model.heads["depth"].decoder.convs[0].bn.running_mean.fill_(3.0)
    before = model.heads["normal"].decoder.conv_seg.weight.clone()
    frozen = {n: t.clone() for n, t in model.state_dict().items() if "heads.normal" not in n}
    model.method.begin_phase(model, None)
    found = decoders(model)
    for name, tensor in found["normal"].items():
        if "conv_seg" not in name:
            assert torch.equal(tensor, found["depth"][name]), name
    assert torch.equal(model.heads["normal"].decoder.conv_seg.weight, before)
    assert all(torch.equal(model.state_dict()[n], t) for n, t in frozen.items())
    # the new decoder is trained on its own from there
    model.heads["normal"].decoder.convs[0].conv.weight.data.add_(1.0)
    assert torch.equal(
        decoders(model)["depth"]["convs.0.conv.weight"],
        frozen["heads.depth.decoder.convs.0.conv.weight"],
    )


def test_a_named_source(build):
    model = build(dict(type="WarmStart", source="seg"), ["seg", "depth", "normal"], ["normal"])
    model.method.begin_phase(model, None)
    found = decoders(model)
    assert torch.equal(found["normal"]["convs.0.conv.weight"], found["seg"]["convs.0.conv.weight"])
    wrong = build(dict(type="WarmStart", source="normal"), ["seg", "depth"], ["depth"])
    with pytest.raises(ValueError, match=r"source='normal'.*not a task of an earlier.*\['seg'\]"):
        wrong.method.begin_phase(wrong, None)
    with pytest.raises(ValueError, match=r"source='normal'.*not a task of an earlier"):
        wrong.method.check_phase(wrong, None)  # found before phase one is trained
    for bad in (3, "", ["seg"]):
        with pytest.raises(ValueError, match="source must be None or a task"):
            WarmStart(source=bad)


def test_warm_start_happens_once_and_not_in_phase_one(build, round_trip):
    model = build(dict(type="WarmStart"))
    model.method.begin_phase(model, None)
    model.heads["depth"].decoder.convs[0].conv.weight.data.add_(1.0)
    learned = decoders(model)["depth"]["convs.0.conv.weight"].clone()
    resumed = round_trip(model.method, WarmStart())
    resumed.begin_phase(model, None)
    assert torch.equal(decoders(model)["depth"]["convs.0.conv.weight"], learned)
    resumed.end_phase(model, None)
    assert resumed.state_dict() == {}
    first = build(dict(type="WarmStart"), ["seg"], ["seg"])
    before = {n: t.clone() for n, t in first.state_dict().items()}
    first.method.begin_phase(first, None)
    assert first.method.state_dict() == {}
    assert all(torch.equal(t, before[n]) for n, t in first.state_dict().items())


def test_decoders_of_another_architecture(build, monkeypatch):
    messages = []
    monkeypatch.setattr(
        "mmlhl.models.methods.warm_start.print_log", lambda text, *_: messages.append(text)
    )
    model = build(dict(type="WarmStart"), ["seg", "depth", "normal"], ["normal"])
    small = model.heads["depth"].decoder
    small.convs[0].conv.weight = torch.nn.Parameter(small.convs[0].conv.weight[:, :1])
    model.method.begin_phase(model, None)  # the latest one that fits
    assert messages == ["WarmStart: the decoder of 'normal' starts from that of 'seg'"]
    model.method.started, model.method.source = False, "depth"
    for refuse in (model.method.begin_phase, model.method.check_phase):
        with pytest.raises(ValueError, match="source='depth'.*another architecture than that of"):
            refuse(model, None)
    other = model.heads["seg"].decoder
    other.convs[0].conv.weight = torch.nn.Parameter(other.convs[0].conv.weight[:, :1])
    model.method.source = None
    model.method.begin_phase(model, None)
    assert "starts from scratch" in messages[-1]
