"""What augments batches moves images and labels together, or is refused."""

import copy
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.structures import PixelData
from mmseg.registry import MODELS

from mmlhl.datasets.transforms.trials.batches import watch_batches
from mmlhl.engine.hooks import TrainingFactsHook
from mmlhl.engine.phases.trials.step import trial_step

from ..test_stock_transforms import pack
from .test_packed import (
    RIGHT,
    WRONG,
    brighter,
    classes_along,
    everything,
    image,
    named,
    noisy,
    one_label,
    zoomed,
)
from .test_sample_checks import sample

OWN = np.random.default_rng(0)


class Batches:
    """An augmentation of batches made of one of packed samples."""

    def __init__(self, step, when=lambda number: True):
        self.step, self.when, self.number = step, when, 0

    def __call__(self, inputs, samples):
        self.number += 1
        if not self.when(self.number):
            return inputs, samples
        pairs = [
            self.step(dict(inputs=each, data_samples=sample))
            for each, sample in zip(inputs, samples, strict=True)
        ]
        return torch.stack([each["inputs"] for each in pairs]), samples


def preprocessor(augments):
    return MODELS.build(dict(type="MultiTaskDataPreProcessor", batch_augments=augments))


class Next(BaseException):
    """Reached the preprocessor."""


def come_next(*_, **__):
    raise Next


def tried(augments, samples=()):
    """What a trial step does first."""
    built = preprocessor(augments)
    built.forward = come_next
    model = SimpleNamespace(train=lambda: None, data_preprocessor=built)
    with pytest.raises(Next):
        trial_step(model, dict(inputs=[], data_samples=list(samples)))


def batch(number, size=2, fields=None):
    packed = [pack(sample(size * number + each)) for each in range(size)]
    for each in packed:
        for field in [*each["data_samples"].keys()]:
            if fields is not None and field not in fields:
                delattr(each["data_samples"], field)
    return {key: [each[key] for each in packed] for key in packed[0]}


def watched(augments):
    built = preprocessor(augments)
    for _ in range(2):  # as of a resumed phase
        watch_batches(built)
    return built


def train(augments, count=14, **options):
    built = watched(augments)
    for number in range(count):
        built(batch(number, **options), training=True)


@pytest.mark.parametrize("step", WRONG)
def test_an_augmentation_of_batches(step):
    for samples in ((), [pack(sample(0))["data_samples"]]):
        with pytest.raises(ValueError, match=r"data_preprocessor\.batch_augments moves pixels of"):
            tried(Batches(step), samples)


@pytest.mark.parametrize("step", RIGHT)
def test_batches_whose_labels_follow(step):
    tried(Batches(step))
    tried(Batches(step), [pack(sample(0))["data_samples"]])


def test_only_labels_that_there_are_have_to_follow():
    only = batch(0, fields=["gt_sem_seg"])["data_samples"]
    tried(Batches(classes_along), only)
    train(Batches(classes_along), 12, fields=["gt_sem_seg"])
    with pytest.raises(ValueError, match="not of images and gt_sem_seg alike"):
        tried(Batches(image), only)
    two = batch(0, fields=["gt_sem_seg", "gt_depth_map"])["data_samples"]
    with pytest.raises(ValueError, match="not of images and gt_depth_map alike"):
        tried(Batches(classes_along), two)


def test_a_flip_need_not_turn_normals_that_no_sample_has():
    def flipped(inputs, samples):
        for each in samples:
            for field in each.keys():
                each.set_data({field: PixelData(data=each.get(field).data.flip(-1))})
        return inputs.flip(-1), samples

    tried(flipped, batch(0, fields=["gt_sem_seg", "gt_depth_map"])["data_samples"])
    train(flipped, 2, fields=["gt_sem_seg", "gt_depth_map"])
    for samples in ((), batch(0)["data_samples"]):
        with pytest.raises(ValueError, match="moves pixels of packed images"):
            tried(flipped, samples)


def test_one_that_says_that_nothing_moves():
    told = Batches(image)
    told.moves_pixels = False
    tried(told)
    train(told, 2)
    tried(None)


def by_own_draws(inputs, samples):
    return (inputs.flip(-1) if OWN.random() < 0.01 else inputs), samples


def swapped_alone(inputs, samples):
    return inputs.flip(0), samples


def swapped(inputs, samples):
    return inputs.flip(0), samples[::-1]


def pasted_alone(inputs, samples):
    inputs = inputs.clone()
    inputs[:, :, 8:, 8:] = inputs.roll(1, 0)[:, :, 8:, 8:]
    return inputs, samples


def pasted(inputs, samples):
    """A part of each image, with its labels, comes from the image before."""
    before = [{key: each.get(key).data for key in each.keys()} for each in samples]
    for i, each in enumerate(samples):
        for key, value in before[i].items():
            value = value.clone()
            value[:, 8:, 8:] = before[i - 1][key][:, 8:, 8:]
            each.set_data({key: PixelData(data=value)})
    return pasted_alone(inputs, samples)[0], samples


@pytest.mark.parametrize("augment", [by_own_draws, swapped_alone, pasted_alone])
def test_images_alone_by_own_draws_or_from_another_sample(augment):
    with pytest.raises(ValueError, match="batch_augments moves pixels of"):
        tried(augment, [pack(sample(0))["data_samples"]])


@pytest.mark.parametrize("augment", [swapped, pasted])
def test_images_and_labels_from_another_sample(augment):
    tried(augment, [pack(sample(0))["data_samples"]])
    train(augment, 6)


@pytest.mark.parametrize("step", [image, zoomed, one_label])
def test_every_batch_is_looked_at(step):
    seldom = Batches(step, lambda number: number == 12)
    with pytest.raises(ValueError, match=r"\.png: data_preprocessor.batch_augments moves pixels"):
        train(seldom)


def test_one_sample_of_a_bright_batch():
    def augment(inputs, samples):
        if inputs.mean() > 150:
            inputs[1] = inputs[1].flip(-2)
        return inputs, samples

    tried(augment)
    built, data = watched(augment), batch(0)
    built(copy.deepcopy(data), training=True)
    data["inputs"][1] = data["inputs"][1] // 2 + 127
    data["inputs"][0] = data["inputs"][0] // 2 + 127
    with pytest.raises(ValueError, match="moves pixels of packed images"):
        built(data, training=True)


@pytest.mark.parametrize("step", [everything, brighter, named, noisy])
def test_batches_that_move_together_or_not_at_all(step):
    train(Batches(step, lambda number: number % 3), 12)


def test_sizes_change_together():
    def smaller(inputs, samples):
        return inputs[..., ::2, ::2], samples

    with pytest.raises(ValueError, match=r"gt_\w+ at \(\d+, \d+\) .*, but the images at \("):
        train(smaller, 1)


def test_what_checks_draw_is_put_back():
    torch.manual_seed(0)
    outcomes = []
    for told in (False, True):
        augment = Batches(noisy)
        augment.moves_pixels = False if told else None
        built = watched(augment)
        torch.manual_seed(0)
        for number in range(3):
            data = built(batch(number), training=True)
        outcomes.append((data["inputs"], torch.rand(1)))
    assert torch.equal(outcomes[0][0], outcomes[1][0]) and outcomes[0][1] == outcomes[1][1]


class Weighted(torch.nn.Module):
    """Turns the images upside down whose number is its weight."""

    def __init__(self):
        super().__init__()
        self.number, self.seen = torch.nn.Parameter(torch.tensor(3.0)), 0

    def forward(self, inputs, samples):
        self.seen += 1
        return (inputs.flip(2) if self.seen == self.number else inputs), samples


def test_a_module_keeps_its_weights():
    built = watched(Weighted())
    assert list(built.state_dict()) == ["batch_augments.number"]
    with pytest.raises(ValueError, match="moves pixels of packed images"):
        train(built.batch_augments)


def test_each_training_is_watched():
    built = preprocessor(Batches(image, lambda number: number == 3))
    model = torch.nn.Module()
    model.data_preprocessor = built
    TrainingFactsHook().before_train(SimpleNamespace(model=model, cfg=Config()))
    with pytest.raises(ValueError, match="moves pixels of packed images"):
        for number in range(3):
            built(batch(number), training=True)
