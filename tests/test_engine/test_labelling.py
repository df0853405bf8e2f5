"""The teacher labels all images of a phase, once."""

import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS, MODELS
from torch.utils.data import DataLoader

from mmlhl.engine import stopping
from mmlhl.engine.labelling import _begin_again, label_phase, release_labels, teacher_hash
from mmlhl.engine.phases import stored_labels
from mmlhl.engine.phases.stored_labels import LabelOptions
from mmlhl.models.teachers import freeze

STORED = LabelOptions(stored=True)


@pytest.fixture(scope="module")
def models(model_config):
    """A student of three tasks, and its teacher of two."""
    init_default_scope("mmseg")
    torch.manual_seed(0)
    student = MODELS.build(model_config(tasks=["seg", "normal", "depth"], new_tasks=["depth"]))
    teacher = MODELS.build(model_config(tasks=["seg", "normal"]))
    teacher.init_weights()
    return student, freeze(teacher)


@pytest.fixture
def runner(sequence_config, tmp_path):
    """The members of a runner that are used."""
    cfg = sequence_config(tmp_path)
    config = dict(cfg.train_dataloader.dataset, tasks=["depth"], indices=5)
    loader = DataLoader(DATASETS.build(config), batch_size=2, collate_fn=pseudo_collate)
    return SimpleNamespace(train_dataloader=loader, work_dir=str(tmp_path), cfg=cfg)


def times(folder):
    return {path.name: path.stat().st_mtime_ns for path in Path(folder.path).glob("*.npz")}


def test_stored_labels_equal_online_pseudo_labels(models, runner):
    student, teacher = models
    folder = label_phase(runner, student, teacher, STORED)
    assert len(times(folder)) == 5
    student.set_teacher(teacher)
    for batch in runner.train_dataloader:
        data = student.data_preprocessor(batch, training=True)
        online = student.make_step(**_named(data), with_teacher=True)
        student.stored_labels = True
        stored = student.make_step(**_named(data), with_teacher=True)
        student.stored_labels = False
        assert torch.equal(online.teacher.labels["seg"], stored.teacher.labels["seg"])
        near = dict(rtol=0, atol=2**-11)
        torch.testing.assert_close(
            online.teacher.labels["normal"], stored.teacher.labels["normal"], **near
        )
        assert torch.equal(online.valid, stored.valid)
    student.set_teacher(None)
    release_labels(runner, folder, STORED)
    assert not os.path.exists(folder.path)
    assert runner.train_dataloader.dataset.stored_labels is None


def _named(data):
    return dict(inputs=data["inputs"], data_samples=data["data_samples"])


def test_only_what_is_missing_is_labelled_and_only_by_the_same_teacher(models, runner):
    student, teacher = models
    folder = label_phase(runner, student, teacher, STORED)
    before = times(folder)
    os.remove(f"{folder.path}/00002.npz")
    assert times(label_phase(runner, student, teacher, STORED)).keys() == before.keys()
    after = times(folder)
    assert {name for name in before if before[name] != after[name]} == {"00002.npz"}
    with torch.no_grad():
        teacher.backbone.conv1.weight.add_(1e-3)
    label_phase(runner, student, teacher, STORED)
    assert not set(times(folder).items()) & set(after.items())
    keeping = LabelOptions(stored=True, keep=True)
    release_labels(runner, folder, keeping)
    assert len(times(folder)) == 5


def test_teacher_hash_covers_weights_and_preprocessing(model_config):
    config = model_config(tasks=["seg"])
    teacher = MODELS.build(config)
    first = teacher_hash(teacher)
    teacher.load_state_dict(teacher.state_dict())
    assert teacher_hash(teacher) == first
    teacher.data_preprocessor.mean += 1
    assert teacher_hash(teacher) != first


def test_a_request_to_stop_keeps_what_is_labelled(models, runner, monkeypatch):
    student, teacher = models
    monkeypatch.setattr(stopping._Request, "signal", 15)
    with pytest.raises(stopping.Stopped, match="SIGTERM: 2 images.*--resume"):
        label_phase(runner, student, teacher, STORED)
    assert len(list(Path(runner.work_dir, "pseudo_labels").glob("*.npz"))) == 2


def test_a_disk_without_room_is_refused_before_a_label_is_written(models, runner, monkeypatch):
    student, teacher = models
    monkeypatch.setattr(stored_labels.shutil, "disk_usage", lambda path: SimpleNamespace(free=100))
    with pytest.raises(OSError, match="of 5 images take 0.1 MB.*pseudo_labels.folder"):
        label_phase(runner, student, teacher, STORED)
    assert not list(Path(runner.work_dir).rglob("*.npz"))


def test_folder_format_and_pipeline_options(models, runner, tmp_path):
    student, teacher = models
    view = [
        dict(type="LoadImageFromFile"),
        dict(type="Resize", scale=(24, 16)),
        dict(type="PackMultiTaskInputs"),
    ]
    options = LabelOptions(True, folder=str(tmp_path / "disk"), normals="int8", pipeline=view)
    folder = label_phase(runner, student, teacher, options)
    assert folder.path == str(tmp_path / "disk" / tmp_path.name)
    with np.load(f"{folder.path}/00000.npz") as stored:
        assert stored["task.normal"].dtype == np.int8
        # at the image's own size, from a view of half of it
        assert stored["task.seg"].shape == (32, 48)
        assert stored["task.seg"].dtype == np.uint8


def test_several_views_are_refused(models, runner):
    views = dict(
        type="TestTimeAug",
        transforms=[[dict(type="RandomFlip", prob=1.0)], [dict(type="PackMultiTaskInputs")]],
    )
    options = LabelOptions(True, pipeline=[dict(type="LoadImageFromFile"), views])
    with pytest.raises(ValueError, match="several views.*pseudo_labels.pipeline"):
        label_phase(runner, *models, options)


def test_unlabelled_pixels_have_no_class(models, samples):
    from mmlhl.models.teachers import read_labels

    student = models[0]
    found = samples(2)
    valid = torch.ones(2, 32, 48, dtype=torch.bool)
    labels, known = read_labels(student.heads, ["seg", "normal"], found, valid)
    unknown = torch.stack([each.gt_sem_seg.data[0] == 255 for each in found])
    unknown |= torch.stack([each.gt_normal_map.data.isnan().any(0) for each in found])
    assert torch.equal(known, ~unknown)
    assert int(labels["seg"].max()) < 13 and labels["normal"].isfinite().all()


def test_workers_restart_after_labelling():
    class Endless:
        def _indices_of_rank(self):
            return iter([7, 8, 9])

    class Loader:
        num_workers, _iterator = 1, "persistent workers"
        sampler = SimpleNamespace(sampler=Endless())

        def __iter__(self):
            return iter(self.sampler.sampler.indices)

    stream = SimpleNamespace(_iterator="workers without labels")
    loop = SimpleNamespace(dataloader_iterator=stream)
    runner = SimpleNamespace(train_dataloader=Loader(), _train_loop=loop)
    _begin_again(runner)
    assert next(stream._iterator) == 7 and runner.train_dataloader._iterator is None
    stream._iterator = None  # a loop that begins with its first step
    _begin_again(runner)
    assert stream._iterator is None
