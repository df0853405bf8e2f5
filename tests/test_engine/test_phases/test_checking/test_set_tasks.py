"""Which labels a phase needs of its loaders, and which each dataset of a loader supplies."""

import copy
from typing import ClassVar

import pytest

from mmlhl.datasets import RoomsDataset
from mmlhl.engine import LifelongRunner, parse_phases, phase_config
from mmlhl.engine.phases.rehearsal import rehearse

TASKS = [dict(tasks=["seg"]), dict(tasks=["depth"])]
TEST = "test_dataloader"
NAMES = list(RoomsDataset.METAINFO["classes"])


def joined(cfg, *without, kind="JoinedDatasets"):
    """Test sets that lack some tasks each, joined."""
    inner = cfg[TEST].dataset.to_dict()
    sets = [{**inner, "annotations": dict.fromkeys(tasks)} for tasks in without]
    cfg[TEST].dataset = dict(type=kind, datasets=sets)
    return cfg


def tasks_of(cfg, index):
    found = phase_config(cfg, parse_phases(cfg), index)[TEST].dataset
    return [each.tasks for each in found.get("datasets", [found])]


def test_a_task_that_is_not_measured_needs_no_labels(config, nothing_is_built):
    cfg = config(phases=TASKS)
    cfg[TEST].dataset.annotations = dict(seg=None, normal=None)
    with pytest.raises(ValueError, match="for task 'seg'.* or write seg=None into test_evaluator"):
        LifelongRunner.from_cfg(cfg)
    cfg.test_evaluator.metrics.seg = None
    assert tasks_of(cfg, 1) == [["depth"]]
    assert phase_config(cfg, parse_phases(cfg), 0).train_dataloader.dataset.tasks == ["seg"]


def test_a_task_that_is_not_measured_is_still_read_if_there_are_labels(config, nothing_is_built):
    cfg = config(phases=TASKS)
    cfg.test_evaluator.metrics.seg = None
    assert tasks_of(cfg, 1) == [["seg", "depth"]]


def test_training_needs_labels_of_a_task_that_is_not_measured(config, nothing_is_built):
    cfg = config(phases=TASKS)
    cfg.test_evaluator.metrics.seg = None
    cfg.train_dataloader.dataset.annotations = dict(seg=None)
    with pytest.raises(ValueError, match="train_dataloader.dataset .* task 'seg'.*of the class$"):
        LifelongRunner.from_cfg(cfg)


def test_joined_sets_supply_what_they_have(config, nothing_is_built):
    cfg = joined(config(phases=TASKS), ["depth"], ["seg"])
    assert tasks_of(cfg, 0) == [["seg"], []]
    assert tasks_of(cfg, 1) == [["seg"], ["depth"]]
    cfg[TEST].dataset.datasets[1].tasks = ["normal"]
    with pytest.raises(
        ValueError, match=r"none of .* test_.*joins has .* 'depth'; they offer \['s"
    ):
        LifelongRunner.from_cfg(cfg)
    cfg[TEST].dataset.datasets[1].tasks = ["dept"]
    with pytest.raises(ValueError, match="names 'dept'.*did you mean 'depth'"):
        LifelongRunner.from_cfg(cfg)


def test_joined_training_sets_need_all_tasks(config, nothing_is_built):
    cfg = config(phases=[dict(tasks=["seg", "depth"])])
    inner = cfg.train_dataloader.dataset.to_dict()
    sets = [{**inner, "annotations": {task: None}} for task in ("depth", "seg")]
    cfg.train_dataloader.dataset = dict(type="ConcatDataset", datasets=sets)
    with pytest.raises(ValueError, match="no annotation for task 'depth'"):
        LifelongRunner.from_cfg(cfg)


def test_joined_sets_of_different_tasks_measure_all(trained, tmp_path):
    """Each metric measures the samples that have its labels, as one set with all labels would."""
    done, record = trained
    cfg = joined(copy.deepcopy(done), ["depth", "normal"], ["seg"])
    cfg.work_dir, cfg.load_from = str(tmp_path), f"{done.work_dir}/phase_3_normal/normal.pth"
    values = LifelongRunner.from_cfg(cfg).test()
    for task in ("seg", "depth", "normal"):
        for name, each in record.metrics[task].items():
            assert values[f"{task}/{name}"] == pytest.approx(each["values"][-1], rel=1e-6)


def test_labels_that_no_joined_set_has(config):
    """The labels of sets that are not ours show in a sample only."""
    cfg = joined(config(phases=TASKS), ["depth"], ["depth"])
    inner = dict(type="RepeatDataset", times=1, dataset=cfg[TEST].dataset.datasets[0])
    theirs = dict(
        type="BaseSegDataset",
        data_root=inner["dataset"]["data_root"],
        data_prefix=dict(img_path="val/image"),
        img_suffix=".png",
        metainfo=inner["dataset"].get("metainfo"),
        pipeline=[dict(type="LoadImageFromFile"), dict(type="PackSegInputs")],
    )
    cfg[TEST].dataset.datasets = [inner, theirs]
    with pytest.raises(ValueError, match=r"phases\[1\]: test_dataloader: no sample of .* of depth"):
        rehearse(cfg, parse_phases(cfg))


def test_names_of_joined_sets_are_those_that_were_learned(config):
    """mmengine's class takes the names of the first set, which may have no labels of them."""
    cfg = joined(config(phases=TASKS), ["seg"], ["depth"], kind="ConcatDataset")
    cfg[TEST].dataset.ignore_keys = ["classes", "palette", "label_map", "sem_seg_task"]
    cfg[TEST].dataset.ignore_keys += ["depth_map_task", "depth_map_unit"]
    cfg[TEST].dataset.datasets[0].metainfo = dict(classes=NAMES[::-1])
    with pytest.raises(ValueError, match="calls class 0 of task 'seg' .*, but train_dataloader"):
        rehearse(cfg, parse_phases(cfg))


class Knows(RoomsDataset):
    """Knows its annotations when it is built."""

    ANNOTATIONS: ClassVar = {}

    def __init__(self, annotations=None, depth="depth", **kwargs):
        own = {**RoomsDataset.ANNOTATIONS, "depth": {**RoomsDataset.ANNOTATIONS["depth"]}}
        own["depth"]["dir"] = own["depth"]["dir"].replace("depth", depth)
        super().__init__(annotations={**own, **(annotations or {})}, **kwargs)


class Plainly(Knows):
    """The same without the switches that a dataset may be built with."""

    def __init__(self, data_root, split, pipeline, tasks):
        super().__init__(data_root=data_root, split=split, pipeline=pipeline, tasks=tasks)


def test_annotations_that_only_the_constructor_knows(config):
    cfg = config(phases=TASKS)
    for loader in ("train_dataloader", TEST):
        cfg[loader].dataset.type = Knows
    phases = parse_phases(cfg)
    assert tasks_of(cfg, 0) == [["seg"]] and tasks_of(cfg, 1) == [["seg", "depth"]]
    rehearse(cfg, phases)
    cfg.train_dataloader.dataset.annotations = dict(depth=None)
    with pytest.raises(ValueError, match="Knows.* no annotation for task 'depth'; .*'seg'"):
        parse_phases(cfg)


def test_annotations_of_a_constructor_that_cannot_be_called_are_those_of_its_class(config):
    cfg = config(phases=TASKS)
    cfg.train_dataloader.dataset.type = Plainly
    with pytest.raises(ValueError, match=r"Plainly.* no annotation for task 'seg'; it offers \[\]"):
        parse_phases(cfg)
