"""Runs that are compared though they are not alike are named below the table."""

import copy
import json

import pytest

from mmlhl.analysis.comparison import Comparison
from mmlhl.evaluation import LifelongRecord

from .samples import record

FACTS = {
    "model.method.type": "HAD",
    "model.method.loss_weight": 3.0,
    "model.tasks": ["seg", "depth"],
    "train_cfg.max_epochs": 20,
    "train_dataloader.batch_size": 8,
    "train_dataloader.dataset.data_root": "data/nyuv2",
    "randomness.seed": 0,
    "test_dataloader.dataset.split": "val",
    "test_evaluator.metrics.depth.max_depth": 10,
}


def run(method="HAD", seed=0, facts=(), phase=None, **more):
    """A record whose phases have fingerprints, with other values in all phases or one."""
    made = record(method, seed, **more)
    for index, entry in enumerate(made.phases):
        entry["fingerprint"] = {**FACTS, "randomness.seed": seed}
        if phase in (None, index):
            entry["fingerprint"].update(dict(facts))
    return made


def remarks(*runs, **options):
    comparison = Comparison(runs, **options)
    (group,) = comparison.groups
    notes = comparison.remarks(group)
    assert not notes or notes == comparison.summary(group).notes[-len(notes) :]
    return notes


def test_runs_that_differ_in_seed_method_and_places_only_are_alike():
    moved = {"train_dataloader.dataset.data_root": "/mnt/nyuv2", "val_dataloader.a": 1}
    naive = {"model.method.type": "Naive", "model.method.loss_weight": None}
    assert remarks(run(), run(seed=1, facts=moved), run("naive", 0, naive)) == []


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("model.method.loss_weight", 30.0, "model.method.loss_weight 30.0, not 3.0"),
        ("train_cfg.max_epochs", 2, "train_cfg.max_epochs 2, not 20"),
        ("test_evaluator.metrics.depth.max_depth", 80, "max_depth 80, not 10"),
        ("train_dataloader.dataset.part", [0, 2], r"part [0, 2], not (not set)"),
    ],
)
@pytest.mark.parametrize("phase", [0, 1])
def test_a_mean_over_runs_of_other_configs_is_named(key, value, shown, phase):
    (line,) = remarks(run(), run(seed=7, facts={key: value}, phase=phase))
    start = "HAD: seed 7 is not alike seed 0, with which its mean is taken: phase "
    assert line.startswith(f"{start}{phase + 1}: {key.rpartition('.')[0]}") and shown in line
    assert "LABEL=PATH" in line


def test_a_key_that_ends_like_another_is_named_as_well():
    (line,) = remarks(run(), run(seed=1, facts={"model.a.checkpoint": 1, "checkpoint": 2}))
    assert "phase 1: model.a.checkpoint 1" in line and "phase 1: checkpoint 2" in line
    assert "phase 2" not in line


def test_methods_that_differ_in_more_than_the_method():
    own = {"model.method.alpha": 1, "train_cfg.max_epochs": 40, "train_dataloader.batch_size": 4}
    lines = remarks(run("naive"), run("DER", 0, own), run("LwF", 0, {"model.method.beta": 2}))
    assert lines == [
        "DER differs from naive in more than the method: phase 1: train_cfg.max_epochs 40, not 20; "
        "phase 1: train_dataloader.batch_size 4, not 8."
    ]


def test_a_reference_that_was_tested_otherwise():
    joint = LifelongRecord("naive", 0, label="joint")
    metrics = {"seg/mIoU": 60, "seg/aAcc": 90, "depth/abs_err": 1.0}
    other = {"train_cfg.max_epochs": 60, "test_dataloader.dataset.split": "test"}
    joint.add_phase("all", ["seg", "depth"], "", 9, metrics, fingerprint={**FACTS, **other})
    assert remarks(run("naive"), joint) == [
        "joint was tested otherwise than naive: test_dataloader.dataset.split 'test', not 'val'."
    ]
    joint.phases[0]["fingerprint"] = {**FACTS, "train_cfg.max_epochs": 60}
    assert remarks(run("naive"), joint) == []


def test_records_without_fingerprints_are_compared_by_their_steps():
    runs = [record("naive", 0), record("naive", 1), record("HAD", 0)]
    assert remarks(*runs) == []
    for each, steps in zip(runs, (100, 100, 900), strict=True):
        for phase in each.phases:
            phase["steps"] = steps
    (line,) = remarks(*runs)
    assert line == "HAD differs from naive in more than the method: phase 1: steps 900, not 100."


def test_an_unfinished_run_and_one_that_was_resumed_with_another_config(tmp_path):
    half = run("LwF", 3)
    half.path = tmp_path / "lifelong.json"
    entry = dict(fingerprint=FACTS)
    stored = {f"phase_{i}_{name}": entry for i, name in enumerate(("seg", "depth", "normal"), 1)}
    (tmp_path / "fingerprints.json").write_text(json.dumps(stored))
    assert remarks(half) == ["LwF, seed 3 is not finished: 2 of 3 phases."]
    (tmp_path / "fingerprints.json").write_text(json.dumps(dict(list(stored.items())[:2])))
    assert remarks(half) == []
    half.phases[1]["resumed_changed"] = {"optim_wrapper.optimizer.lr": [0.1, 0.01]}
    assert remarks(half) == [
        "LwF, seed 3: phase 2 was resumed with another config: optim_wrapper.optimizer.lr."
    ]


def test_means_over_fewer_metrics():
    few = run("LwF")
    del few.metrics["seg"]["aAcc"]
    line = "LwF, seed 0 has no seg aAcc: its means are over the other metrics."
    assert remarks(run("naive"), few) == [line]
    assert remarks(run("naive"), few, metrics=["mIoU"]) == []


@pytest.mark.parametrize(
    ("fact", "value"), [("unit", "mm"), ("higher_is_better", True)], ids=["unit", "direction"]
)
def test_one_metric_of_two_meanings_is_refused(fact, value):
    runs = [run("naive"), run("HAD"), run("HAD", 1)]
    for each in runs[:2]:
        each.metrics["depth"]["abs_err"]["unit"] = "m"
    Comparison(runs)  # an old record without a unit
    runs[2].metrics = copy.deepcopy(runs[2].metrics)
    runs[2].metrics["depth"]["abs_err"][fact] = value
    with pytest.raises(ValueError, match=rf"^{fact} of depth abs_err is .* in .*cannot be comp"):
        Comparison(runs)


def test_a_bound_that_was_not_measured_is_not_called_worse():
    joint = LifelongRecord("naive", 0, label="joint")
    joint.add_phase("all", ["seg", "depth"], "", 9, {"seg/mIoU": 60, "seg/aAcc": 1.0})
    joint.metrics["depth"] = dict(abs_err=dict(higher_is_better=False, values=[None]))
    comparison = Comparison([record("naive"), record("HAD"), joint])
    notes = comparison.summary(comparison.groups[0]).notes
    assert "Position without depth abs_err: not measured in naive or joint training." in notes
    assert "Position without seg aAcc: joint training is not better than naive there." in notes
