"""A sequence that learns from stored pseudo labels."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook
from mmseg.registry import HOOKS
from sequences import train, weights

SEEN = []


@HOOKS.register_module()
class LabelWatchHook(Hook):
    """Notes what a phase has while it is trained."""

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        model = runner.model
        folder = Path(runner.work_dir) / "pseudo_labels"
        files = sorted(path.name for path in folder.glob("*.npz"))
        keys = sorted(key for key in data_batch["data_samples"][0].keys() if "gt_" in key)
        SEEN.append((model.teacher, model.stored_labels, files, keys))


@pytest.fixture(scope="module")
def stored(sequence_config, trained, tmp_path_factory):
    """The sequence of ``trained``, with stored labels; what was seen in its steps."""
    cfg = sequence_config(
        tmp_path_factory.mktemp("stored") / "run",
        pseudo_labels=dict(stored=True, keep=True),
        custom_hooks=[dict(type="LabelWatchHook")],
    )
    SEEN.clear()
    record = train(cfg)
    return cfg, record, list(SEEN)


def test_without_augmentation_the_weights_are_those_of_the_online_teacher(stored, trained):
    ours, theirs = weights(stored[0].work_dir, 2), weights(trained[0].work_dir, 2)
    for key, value in theirs.items():
        torch.testing.assert_close(ours[key], value, rtol=0.02, atol=0.02, msg=key)
    first = weights(stored[0].work_dir, 0)
    assert all(torch.equal(first[key], value) for key, value in weights(trained[0].work_dir, 0).items())
    # the labels were learned at all
    assert not torch.equal(first["backbone.conv1.weight"], ours["backbone.conv1.weight"])


def test_no_teacher_is_in_memory_and_the_labels_come_with_the_samples(stored):
    phases = [stored[2][i : i + 4] for i in (0, 4, 8)]
    assert all(teacher is None for teacher, *_ in stored[2])
    assert {entry[1] for entry in phases[0]} == {False}
    assert {entry[1] for entry in phases[1] + phases[2]} == {True}
    assert [len(entry[2]) for entry in phases[1]] == [4] * 4
    assert phases[2][0][3] == ["gt_depth_map", "gt_normal_map", "gt_sem_seg"]
