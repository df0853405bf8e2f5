"""Resuming with an edited config, in a prepared work dir without training."""

import copy
import json

import pytest
import torch
from mmengine.config import Config

from mmlhl.engine import parse_phases, phase_config
from mmlhl.engine.edited_config import check_edits, keep_fingerprints
from mmlhl.engine.fingerprints import FILE, differences, fingerprint
from mmlhl.engine.resume_changes import Change
from mmlhl.evaluation import LifelongRecord

LR = "optim_wrapper.optimizer.lr"


@pytest.fixture
def begun(tmp_path, sequence_config):
    """Config of a sequence: phase one is done, phase two was killed after its first checkpoint."""
    cfg = sequence_config(tmp_path / "run")
    phases = parse_phases(cfg)
    keep_fingerprints(cfg, phases, 0)
    stored = json.loads((tmp_path / "run" / FILE).read_text())
    record = LifelongRecord("HAD", 0)
    record.add_phase("seg", ["seg"], "phase_1_seg/seg.pth", 1.0, {}, **stored["phase_1_seg"])
    record.save(tmp_path / "run" / "lifelong.json")
    folder = tmp_path / "run" / "phase_2_depth"
    folder.mkdir()
    torch.save({}, folder / "epoch_1.pth")
    (folder / "last_checkpoint").write_text(str(folder / "epoch_1.pth"))
    cfg.resume = True
    return cfg


def edited(cfg, **changes):
    cfg = copy.deepcopy(cfg)
    cfg.merge_from_dict(changes)
    return cfg


def check(cfg, done=1):
    check_edits(cfg, parse_phases(cfg), done)


@pytest.fixture
def shown(monkeypatch):
    lines = []
    for module in ("resume_changes", "edited_config"):
        monkeypatch.setattr(f"mmlhl.engine.{module}.print_log", lambda text, *_: lines.append(text))
    return lines


def test_unedited_config_logs_nothing(begun, shown):
    check(begun)
    assert shown == []


REFUSED = {
    LR: 1e-4,
    "randomness.seed": 7,
    "train_dataloader.batch_size": 3,
    "model.method.type": "LwF",
    "train_cfg.max_epochs": 3,
    "param_scheduler.0.power": 0.5,
    "test_evaluator.metrics.depth.type": "NormalErrorMetric",
    "train_dataloader.dataset.pipeline": [dict(type="LoadImageFromFile")],
}


@pytest.mark.parametrize("key", REFUSED)
def test_edits_that_affect_results_are_refused(begun, key):
    before, now = (
        fingerprint(phase_config(cfg, parse_phases(begun), 1))
        for cfg in (begun, edited(begun, **{key: REFUSED[key]}))
    )
    found = differences(before, now)
    assert found and all(Change("depth", "interrupted", k, *v).refused for k, v in found.items())
    assert key.replace(".0.", "[0].").removesuffix(".pipeline") in str(list(found))


def test_the_error_names_keys_values_and_the_way_out(begun, shown):
    with pytest.raises(ValueError) as error:
        check(edited(begun, **{LR: 1e-4}))
    text = str(error.value)
    assert f"{LR} of phase 'seg' (done): 0.002 -> 0.0001" in text
    assert f"{LR} of phase 'depth' (interrupted): 0.002 -> 0.0001" in text
    assert "--resume-changed" in text and "normal" not in text
    (table,) = shown
    assert "0.002" in table and "not begun" in table and "stays as it was trained" in table
    assert "holds for the rest" in table


def test_fewer_or_more_phases_would_show_images_again(begun):
    for phases in (["seg", "depth"], ["seg", "depth", "normal", "edge"]):
        cfg = copy.deepcopy(begun)
        cfg.model.heads.edge = cfg.model.heads.depth
        cfg.phases = [dict(tasks=[task]) for task in phases]
        names = read_only_phases(cfg)
        with pytest.raises(ValueError, match=r"train_dataloader\.dataset\.part of phase 'seg'"):
            check_edits(cfg, names, 1)


def test_one_more_task_changes_nothing_of_the_phases_before_it(sequence_config, tmp_path):
    cfg = sequence_config(tmp_path / "run", disjoint_phases=False)
    keep_fingerprints(cfg, parse_phases(cfg), 0)
    stored = json.loads((tmp_path / "run" / FILE).read_text())["phase_1_seg"]["fingerprint"]
    more = copy.deepcopy(cfg)
    more.model.heads.edge = more.model.heads.depth
    more.test_evaluator.metrics.edge = dict(type="DepthErrorMetric")
    more.test_dataloader.dataset.annotations = dict(edge=dict(kind="depth", dir="edge"))
    now = fingerprint(phase_config(more, read_only_phases(more), 0))
    assert now != stored and differences(stored, now) == {}
    more.model.heads.seg.num_classes = 2
    now = fingerprint(phase_config(more, read_only_phases(more), 0))
    assert list(differences(stored, now)) == ["model.heads.seg.num_classes"]


def read_only_phases(cfg):
    from mmlhl.engine.phases.grammar import read_phases

    return read_phases(cfg)


def test_phases_that_are_not_begun_may_change(begun, shown):
    cfg = copy.deepcopy(begun)
    cfg.phases[2].cfg = dict(optim_wrapper=dict(optimizer=dict(lr=1e-5)))
    check(cfg)
    assert "1e-05" in shown[0] and "holds" in shown[0]


def test_the_weights_that_a_later_phases_own_encoder_starts_from(begun, tmp_path):
    begun.phases[1].cfg = dict(model=dict(backbone=dict(base_channels=16)), load_from="a/r50.pth")
    keep_fingerprints(begun, parse_phases(begun), 1)
    check(begun)
    moved, other = copy.deepcopy(begun), copy.deepcopy(begun)
    moved.phases[1].cfg.load_from = "b/r50.pth"
    check(moved)  # the same file elsewhere
    other.phases[1].cfg.load_from = "a/r18.pth"
    with pytest.raises(ValueError, match="load_from of phase 'depth' .*r50.pth -> a/r18.pth"):
        check(other)
    del other.phases[1].cfg["load_from"]
    with pytest.raises(ValueError, match="load_from of phase 'depth' .*-> .not set"):
        check(other)


def test_workers_logging_and_places_may_change(begun, shown):
    check(
        edited(
            begun,
            **{
                "train_dataloader.num_workers": 4,
                "default_hooks.logger.interval": 50,
                "default_hooks.checkpoint.interval": 5,
                "log_level": "INFO",
                "experiment_name": "other",
            },
        )
    )
    assert shown == []


def test_resume_changed_continues_and_is_recorded(begun):
    cfg = edited(begun, resume_changed=True, **{LR: 1e-4})
    check(cfg)
    phases = parse_phases(cfg)
    keep_fingerprints(cfg, phases, 1)
    with open(f"{cfg.work_dir}/{FILE}") as file:
        stored = json.load(file)
    assert stored["phase_1_seg"]["fingerprint"][LR] == 2e-3
    assert stored["phase_2_depth"]["resumed_changed"] == {LR: [2e-3, 1e-4]}
    assert stored["phase_3_normal"] == dict(
        fingerprint=json.loads(json.dumps(fingerprint(phase_config(cfg, phases, 2))))
    )


def test_a_phase_without_checkpoint_begins_again(begun, tmp_path):
    (tmp_path / "run" / "phase_2_depth" / "last_checkpoint").unlink()
    cfg = copy.deepcopy(begun)
    cfg.phases[1].cfg = dict(optim_wrapper=dict(optimizer=dict(lr=1e-5)))
    check(cfg)


def test_a_record_without_fingerprints_is_resumed_with_a_warning(begun, tmp_path, shown):
    (tmp_path / "run" / FILE).write_text("{")  # and one that is broken
    record = LifelongRecord.load(tmp_path / "run")
    del record.phases[0]["fingerprint"]
    record.save(tmp_path / "run" / "lifelong.json")
    check(edited(begun, **{LR: 1e-4}))
    assert "does not say with which config seg, depth began" in shown[0]


def test_equivalent_notations_are_equal():
    def of(**entries):
        return fingerprint(Config(dict(model=dict(entries))))

    assert of(type="mmseg.ResNet") == of(type="ResNet") == {"model.type": "ResNet"}
    assert of(norm=dict(type="SyncBN")) == of(norm=dict(type="BN"))
    assert of(type="ResNet", _scope_="mmlhl") == of(type="ResNet")  # inherited as mmlhl::...
    assert of(mean=(1, 2.5), std=float("inf")) == {"model.mean": [1, 2.5], "model.std": "inf"}
    assert of(function=copy.copy, other=object()) == {
        "model.function": "<copy>",
        "model.other": "<object>",
    }


def test_training_settings_are_ignored_for_an_adopted_model():
    then = {LR: 0.1, "train_cfg.max_epochs": 2, "model.backbone.depth": 18, "checkpoint": "a.pth"}
    now = {**then, LR: 0.2, "train_cfg.max_epochs": 1}
    assert differences(then, now) == {}
    assert differences(then, {**now, "checkpoint": "b.pth"}) == {"checkpoint": ("a.pth", "b.pth")}
    assert list(differences(then, {**now, "model.backbone.depth": 50})) == ["model.backbone.depth"]
    del now["checkpoint"]  # it is trained now
    assert set(differences(then, now)) == {LR, "train_cfg.max_epochs", "checkpoint"}
