"""A sequence with stored pseudo labels."""

from pathlib import Path

import torch
from mmengine.hooks import Hook
from mmseg.registry import HOOKS
from sequences import train, weights

SEEN = []


@HOOKS.register_module()
class LabelWatchHook(Hook):
    """Records the state of a phase during training."""

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        files = Path(runner.work_dir, "pseudo_labels").glob("*.npz")
        keys = sorted(key for key in data_batch["data_samples"][0].keys() if "gt_" in key)
        SEEN.append((runner.model.teacher, runner.model.stored_labels, len(list(files)), keys))


def test_teacher_is_freed_before_training_and_labels_removed_after_it(sequence_config, tmp_path):
    cfg = sequence_config(
        tmp_path / "run",
        phases=[dict(tasks=["seg"]), dict(tasks=["depth"])],
        pseudo_labels=dict(stored=True),
        custom_hooks=[dict(type="LabelWatchHook")],
    )
    cfg.train_cfg.max_epochs = 1
    record = train(cfg)
    assert [phase["tasks"] for phase in record.phases] == [["seg"], ["depth"]]
    assert SEEN[:3] == [(None, False, 0, ["gt_sem_seg"])] * 3
    assert SEEN[3:] == [(None, True, 6, ["gt_depth_map", "gt_sem_seg"])] * 3
    assert not list(tmp_path.rglob("pseudo_labels"))
    # the old head learned from them
    before, after = (weights(cfg.work_dir, phase) for phase in (0, 1))
    key = "heads.seg.decoder.conv_seg.weight"
    assert not torch.equal(before[key], after[key])
