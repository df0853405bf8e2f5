"""Every method works with every head, including users' own heads."""

from __future__ import annotations

import inspect
import math
from functools import cache

import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch.utils.data import DataLoader

from mmlhl.models import heads as heads_package
from mmlhl.models.heads import BaseDenseHead
from mmlhl.models.methods import BaseMethod
from mmlhl.models.methods.exemplars import to_batch
from mmlhl.models.methods.matching import matched

from . import user_heads  # noqa: F401  registers them

SIZE = (12, 16)
HEADS = dict(
    SegmentationHead=dict(num_classes=3),
    DepthHead=dict(),
    NormalHead=dict(),
    ChannelHead=dict(channels=2, field="edge_map"),
    BinaryHead=dict(field="saliency_map"),
    WrappedHead=dict(),
    DerivedHead=dict(),
    KindsHead=dict(),
    MinimalHead=dict(channels=2, field="plain_map", loss=dict(type="DenseL1Loss")),
)
OPTIONS = dict(
    SGP=dict(images=4, patches=40),
    DER=dict(buffer_size=3),
    DERpp=dict(buffer_size=3),
    ICaRL=dict(buffer_size=3),
    Composite=dict(
        methods=[
            dict(type="LwF", temperature=2.0),
            dict(type="SGP", images=4, patches=40),
            dict(type="EWC"),
            dict(type="DERpp", buffer_size=3),
        ]
    ),
)


def registered(base):
    """Classes of the registry that can be built."""
    found = {name: cls for name, cls in MODELS.module_dict.items() if inspect.isclass(cls)}
    return {name: cls for name, cls in found.items() if issubclass(cls, base)}


METHODS = {n: c for n, c in registered(BaseMethod).items() if c.__module__.startswith("mmlhl")}


def field_of(name):
    defaults = dict(
        SegmentationHead="sem_seg",
        DepthHead="depth_map",
        NormalHead="normal_map",
        WrappedHead="angle_map",
        DerivedHead="derived_map",
        KindsHead="kind_map",
    )
    return HEADS[name].get("field") or defaults[name]


def ground_truth(name, generator):
    if name in ("SegmentationHead", "KindsHead"):
        label = torch.randint(3, (1, *SIZE), generator=generator)
        label[0, 0, :5] = 255 if name == "SegmentationHead" else 9
        return label
    if name == "BinaryHead":
        return torch.randint(2, (1, *SIZE), generator=generator)
    channels = HEADS[name].get("channels", 3 if name == "NormalHead" else 1)
    return torch.rand(channels, *SIZE, generator=generator) + 0.1


def items(name, count=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    made = []
    for _ in range(count):
        sample = SegDataSample(metainfo=dict(img_shape=SIZE, ori_shape=SIZE))
        first, later = ground_truth(name, generator), ground_truth("DepthHead", generator)
        sample.set_data(
            {f"gt_{field_of(name)}": PixelData(data=first), "gt_later_map": PixelData(data=later)}
        )
        image = torch.randint(256, (3, *SIZE), generator=generator, dtype=torch.uint8)
        made.append(dict(inputs=image, data_samples=sample))
    return made


class Run:
    """The members of a runner that a method may use."""

    def __init__(self, name):
        self.train_dataloader = DataLoader(items(name), 2, collate_fn=pseudo_collate)


def build(method, name, new):
    decoder = dict(type="FCNHead", in_channels=4, in_index=0, channels=4, num_convs=1)
    decoder.update(norm_cfg=dict(type="BN"), align_corners=False, concat_input=False)
    heads = dict(first=dict(type=name, decoder=dict(decoder), **HEADS[name]))
    heads["later"] = dict(type="ChannelHead", decoder=decoder, channels=1, field="later_map")
    return MODELS.build(
        dict(
            type="LifelongSegmentor",
            data_preprocessor=dict(type="MultiTaskDataPreProcessor", mean=[128] * 3, std=[64] * 3),
            backbone=dict(type="TinyEncoder"),
            heads=heads,
            tasks=["first", "later"] if new == "later" else ["first"],
            new_tasks=[new],
            method=method,
        )
    ).train()


def options_of(kind, name):
    options = dict(type=kind, **OPTIONS.get(kind, {}))
    if kind == "HADHeteroAKD":
        options["hakd"] = dict(first=dict())
    return options


def step_of(model, name, seed):
    data = model.data_preprocessor(pseudo_collate(items(name, 2, seed)), training=True)
    return data["inputs"], data["data_samples"]


def phase(method, name, new, previous=None, steps=2):
    """A phase as the hook runs it: state, teacher, begin, steps with their edits, end."""
    torch.manual_seed(0)
    model = build(method, name, new)
    if previous is not None:
        model.load_state_dict({**model.state_dict(), **previous.state_dict()})
        model.method.load_state_dict(previous.method.state_dict())
        if model.method.needs_teacher:
            teacher = build(dict(type="Naive"), name, "first")
            teacher.load_state_dict(previous.state_dict())
            model.set_teacher(teacher)
    model.method.begin_phase(model, Run(name))
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=0.01)
    history = []
    for seed in range(steps):
        losses = model.loss(*step_of(model, name, seed))
        history.append({key: value.detach() for key, value in losses.items()})
        optimizer.zero_grad()
        sum(value for key, value in losses.items() if "loss" in key).backward()
        assert [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None] == []
        model.method.edit_gradients(model)
        optimizer.step()
        model.method.edit_weights(model)
    model.method.end_phase(model, Run(name))
    assert all(p.isfinite().all() for p in model.parameters())
    return model, history


@cache
def first_phase(kind, name):
    """The model at the end of phase one, which is not to be changed."""
    return phase(options_of(kind, name), name, "first")[0]


def test_all_heads_are_here():
    known = {n for n in heads_package.__all__ if n != "BaseDenseHead"}
    assert known == {n for n, c in registered(BaseDenseHead).items() if "mmlhl" in c.__module__}
    assert known < set(HEADS)


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("kind", METHODS)
def test_two_phases(kind, name):
    classes = name in ("SegmentationHead", "KindsHead")
    if kind == "HADHeteroAKD" and name not in ("SegmentationHead", "KindsHead"):
        with pytest.raises(ValueError, match="'first', which is not a task of classes"):
            build(options_of(kind, name), name, "first")
        return
    before = first_phase(kind, name)
    after, history = phase(options_of(kind, name), name, "later", before)
    assert all(value.isfinite().all() for losses in history for value in losses.values())
    kept = [
        value
        for losses in history
        for key, value in losses.items()
        if "loss" in key and key.startswith("first.")
    ]
    assert bool(kept) == after.method.trains_old_heads
    if kept:
        # in its own unit nothing here is far: an angle is at most 2 from another; as a share of
        # what an untrained teacher's maps vary by, it may be
        most = 20 if classes or name == "BinaryHead" else 8
        assert all(0 <= value <= (math.inf if kind == "Tether" else most) for value in kept)
        assert any(value > 0 for value in kept)


def bare(name):
    decoder = dict(type="FCNHead", in_channels=4, channels=4, num_convs=1, align_corners=False)
    return MODELS.build(dict(type=name, decoder=decoder, **HEADS[name]))


KEPT_BY = dict(LwF=dict(), HAD=dict(), HADRelease=dict())


@pytest.mark.parametrize("kind", KEPT_BY)
@pytest.mark.parametrize("name", ["WrappedHead", "DerivedHead"])
def test_an_angle_is_near_beyond_the_wrap(kind, name):
    head, valid = bare(name), torch.ones(1, 2, 4, dtype=torch.bool)
    student = torch.full((1, 1, 2, 4), math.pi - 0.01).requires_grad_()
    method = MODELS.build(dict(type=kind))
    losses = method.distill(head, student, head.pseudo_label(-student), valid)
    # 0.02 rad apart: 1 - cos 0.02 = 0.0002; no term takes more than their mean twice
    assert all(0 <= value <= 0.0004 for value in losses.values()) and sum(losses.values()) > 1e-4
    sum(losses.values()).backward()
    assert student.grad.abs().max() > 0


@pytest.mark.parametrize("name", ["WrappedHead", "DerivedHead"])
def test_der_uses_the_heads_distance_by_default(name):
    head = bare(name)
    raw = torch.tensor([2.0, -2.0, 0.1]).view(1, 1, 1, 3)
    then = -head.replay_output(raw)
    expected = head.distance(math.pi * raw.tanh(), -math.pi * raw.tanh()).mean()
    torch.testing.assert_close(matched(head, head.replay_output(raw), then)[0], expected)
    assert 0 <= head.bounded(then).min() and head.bounded(then).max() <= 1


@pytest.mark.parametrize("kind", KEPT_BY)
def test_a_users_classes_are_kept_as_ours(kind):
    generator = torch.Generator().manual_seed(0)
    student, teacher = torch.randn(2, 2, 3, 4, 5, generator=generator).log_softmax(2)
    valid = torch.rand(2, 4, 5, generator=generator) > 0.2
    ours, theirs = (
        MODELS.build(dict(type=kind)).distill(head, student, head.pseudo_label(teacher), valid)
        for head in (bare("SegmentationHead"), bare("KindsHead"))
    )
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        torch.testing.assert_close(theirs[name], value)


def test_padding_of_exemplars_is_what_the_head_does_not_learn():
    model = build(dict(type="DERpp"), "KindsHead", "first").eval()
    label = torch.ones(1, *SIZE, dtype=torch.uint8)
    small = dict(image=torch.zeros(3, 6, 8), labels=dict(first=label[:, :6, :8]))
    large = dict(image=torch.zeros(3, *SIZE), labels=dict(first=label))
    stored = [dict(each, valid=None, outputs={}, phase=0) for each in (small, large)]
    inputs, samples = to_batch(stored, model, torch.device("cpu"))
    assert set(samples[0].gt_kind_map.data.unique().tolist()) == {1, 9}
    feats = model.extract_feat(inputs)
    alone = model.heads["first"].replay_loss([f[:1] for f in feats], samples[:1], [0])
    torch.testing.assert_close(
        model.heads["first"].replay_loss(feats, samples, [0])["loss_kinds"], alone["loss_kinds"]
    )


def test_defaults_of_a_subclass_follow_its_overrides():
    class Axis(heads_package.NormalHead):
        def distance(self, student, teacher):
            return 1 - (student * teacher).sum(1).abs()

    class Logits(heads_package.SegmentationHead):
        def replay_distance(self, now, then):
            return (now - then).abs().mean(1)

        def distance(self, student, teacher):
            return super().distance(student, teacher) * 2

    class Quarters(heads_package.ChannelHead):
        def groups(self, teacher, valid=None, bins=None):
            return (teacher.mean(1) * 4).long().clamp(0, 3)

    assert not Axis.has_directions and Axis.replay_distance is BaseDenseHead.replay_distance
    assert Logits.replay_output is heads_package.SegmentationHead.replay_output
    assert Quarters.num_groups is None and Quarters.bounded is heads_package.ChannelHead.bounded
    assert heads_package.NormalHead.has_directions and heads_package.ChannelHead.num_groups == 2


@pytest.mark.parametrize("name", sorted(METHODS))
def test_building_a_method_draws_nothing(name):
    """Otherwise a check in a constructor would change the weights of the model built after it."""
    options = dict(HADHeteroAKD=dict(hakd=dict(seg={}))).get(name, OPTIONS.get(name, {}))
    state = torch.get_rng_state()
    MODELS.build(dict(type=name, **options))
    assert torch.equal(torch.get_rng_state(), state)
