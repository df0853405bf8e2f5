"""Sequences in which each old task is taught by the model of the phase that learned it."""

from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from mmseg.registry import HOOKS
from sequences import train, weights

from mmlhl.models.teachers import members

TAUGHT = []


@HOOKS.register_module()
class TeacherWatchHook(Hook):
    """Records the weights of each phase's teachers, with and without stored labels."""

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        teacher = runner.model.teacher
        own = [] if teacher is None else members(teacher)
        TAUGHT.append(([dict(member.state_dict()) for member in own], runner.model.stored_labels))


def sequence(sequence_config, folder, **changes):
    cfg = sequence_config(folder, custom_hooks=[dict(type="TeacherWatchHook")], **changes)
    cfg.model.method = dict(type="LwF", teachers="first")
    cfg.train_cfg.max_epochs = 1
    TAUGHT.clear()
    return cfg


def test_teachers_are_the_models_of_all_earlier_phases(sequence_config, tmp_path):
    cfg = sequence(sequence_config, tmp_path / "run")
    record = train(cfg)
    assert [phase["tasks"] for phase in record.phases] == [["seg"], ["depth"], ["normal"]]
    counts = [len(taught) for taught, _ in TAUGHT]
    assert counts == sorted(counts) and set(counts) == {0, 1, 2}
    for phase, state in enumerate(TAUGHT[-1][0]):
        saved = weights(cfg.work_dir, phase)
        assert state.keys() == saved.keys()
        assert all(torch.equal(value, saved[key]) for key, value in state.items())


def test_with_stored_labels_no_teacher_runs(sequence_config, tmp_path):
    cfg = sequence(sequence_config, tmp_path / "run", pseudo_labels=dict(stored=True))
    assert len(train(cfg)) == 3
    assert TAUGHT[-1] == ([], True)
    before, after = (weights(cfg.work_dir, phase) for phase in (1, 2))
    for task in ("seg", "depth"):  # both were taught
        key = f"heads.{task}.decoder.conv_seg.weight"
        assert not torch.equal(before[key], after[key])


def test_a_lost_model_is_named_before_the_phase(sequence_config, tmp_path):
    cfg = sequence(sequence_config, tmp_path / "run")
    whole = cfg.phases
    cfg.phases = whole[:2]
    train(cfg)
    Path(cfg.work_dir, "phase_1_seg", "seg.pth").unlink()
    cfg.phases = whole
    with pytest.raises(FileNotFoundError, match=r"phase_1_seg.seg\.pth"):
        train(cfg, resume=True)
