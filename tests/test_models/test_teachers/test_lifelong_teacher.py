import pytest
import torch
from mmseg.registry import MODELS

from mmlhl.models.teachers import build_teacher


@pytest.fixture
def saved(model_config, tmp_path):
    """A function: file of a model's weights, and the model."""

    def save(*tasks, drop=None, **changes):
        torch.manual_seed(3)
        model = MODELS.build(model_config(tasks=list(tasks), **changes))
        state = {k: v for k, v in model.state_dict().items() if drop is None or drop not in k}
        path = tmp_path / "previous.pth"
        torch.save(dict(state_dict=state, meta={}), path)
        return str(path), model

    return save


def test_has_the_weights_of_the_file_and_is_frozen(model_config, saved):
    path, model = saved("seg", "depth")
    # the student's config, with its own tasks and method
    config = model_config(tasks=["seg", "depth", "normal"], new_tasks=["normal"])
    before = dict(config)
    teacher = build_teacher(config, path, ["seg", "depth"])
    assert teacher.tasks == ["seg", "depth"]
    for name, value in model.state_dict().items():
        assert torch.equal(teacher.state_dict()[name], value), name
    assert not any(p.requires_grad for p in teacher.parameters())
    assert not any(m.training for m in teacher.modules())
    assert not teacher.method.needs_teacher and teacher.teacher is None
    assert config == before


def test_other_tasks_of_the_file_come_along(model_config, saved):
    path, _ = saved("seg", "depth")
    assert build_teacher(model_config(), path, ["depth"]).tasks == ["seg", "depth"]


def test_a_task_that_the_file_lacks(model_config, saved):
    path, _ = saved("seg")
    with pytest.raises(ValueError, match=r"previous.pth cannot teach .* no head for \['depth'\]"):
        build_teacher(model_config(), path, ["seg", "depth"])


def test_a_weight_that_the_file_lacks(model_config, saved):
    path, _ = saved("seg", drop="layer3.0.conv1")
    with pytest.raises(ValueError, match="backbone.layer3.0.conv1.weight: not in the checkpoint"):
        build_teacher(model_config(), path, ["seg"])


def test_a_weight_of_another_shape(model_config, decoder_config, saved):
    """mmengine only logs a size mismatch; the teacher's predictions would be noise."""
    heads = dict(seg=dict(type="SegmentationHead", num_classes=5, decoder=decoder_config()))
    path, _ = saved("seg", heads=heads)
    with pytest.raises(ValueError, match=r"heads.seg.decoder.conv_seg.weight.*\(5, 8, 1, 1\)"):
        build_teacher(model_config(), path, ["seg"])


def test_a_missing_file_is_named(model_config):
    with pytest.raises(FileNotFoundError, match="nowhere.pth"):
        build_teacher(model_config(), "nowhere.pth", ["seg"])
