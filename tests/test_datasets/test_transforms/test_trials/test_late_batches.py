"""A batch that moves samples, or labels by name, where trials saw nothing is refused as well."""

from contextlib import nullcontext

import pytest
import torch

from .test_batches import batch, swapped, swapped_alone, train, tried, watched


def copied_alone(inputs, samples):
    return inputs[:1].expand_as(inputs).clone(), samples


def labels_alone(inputs, samples):
    return inputs, samples[::-1]


@pytest.mark.parametrize("augment", [swapped_alone, copied_alone, labels_alone, swapped])
def test_samples_that_a_late_batch_exchanges(augment):
    def late(inputs, samples):
        return augment(inputs, samples) if late.due else (inputs, samples)

    late.due = False
    tried(late, batch(0)["data_samples"])
    built = watched(late)
    built(batch(0), training=True)
    late.due = True
    if augment is swapped:
        built(batch(1), training=True)
    else:
        with pytest.raises(ValueError, match="moves pixels of packed images"):
            built(batch(1), training=True)


@pytest.mark.parametrize("x, fault", [(-1, None), (1, "not of images and gt_normal_map alike")])
def test_normals_that_are_flipped_by_name_are_turned(x, fault):
    def augment(inputs, samples):
        for each in samples:
            each.gt_sem_seg.data = each.gt_sem_seg.data.flip(-1)
            each.gt_normal_map.data = each.gt_normal_map.data.flip(-1)
            each.gt_normal_map.data[0] *= x
        return inputs.flip(-1), samples

    fields = ["gt_sem_seg", "gt_normal_map"]
    with pytest.raises(ValueError, match=fault) if fault else nullcontext():
        tried(augment, batch(0, fields=fields)["data_samples"])
    with pytest.raises(ValueError, match=fault) if fault else nullcontext():
        train(augment, 2, fields=fields)


def test_an_image_that_moves_with_a_constant_label_but_without_another():
    def named(inputs, samples):
        for each in samples:
            each.gt_sem_seg.data = each.gt_sem_seg.data.flip(-1)
        return inputs.flip(-1), samples

    built, data = watched(named), batch(0, fields=["gt_sem_seg", "gt_depth_map"])
    for each in data["data_samples"]:
        each.gt_sem_seg.data.fill_(255)
    with pytest.raises(ValueError, match="not of images and gt_depth_map alike"):
        built(data, training=True)


def test_labels_that_all_stay_are_tried_once():
    calls = []

    def counted(inputs, samples):
        calls.append(len(samples))
        return inputs + torch.randn_like(inputs) * 99, samples

    counts = []
    for fields in (["gt_sem_seg"], None):
        built = watched(counted)
        calls.clear()
        torch.manual_seed(0)
        built(batch(0, fields=fields), training=True)
        counts.append(len(calls))
    assert counts[0] == counts[1] > 1
