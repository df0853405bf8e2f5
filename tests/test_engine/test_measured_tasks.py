"""A test says which learned tasks it does not measure, and refuses to measure none."""

import re
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from mmseg.registry import DATASETS, TRANSFORMS

from mmlhl.datasets import MultiTaskDataset
from mmlhl.datasets.transforms import LoadMultiTaskAnnotations
from mmlhl.engine import LifelongRunner, measured_tasks
from mmlhl.engine.measured_tasks import check_measured
from mmlhl.evaluation import MultiTaskEvaluator

METRICS = dict(
    seg=dict(type="SegmentationMetric"),
    depth=dict(type="DepthErrorMetric"),
    normal=dict(type="NormalErrorMetric"),
)
CLASSES = ("wall", "floor", "chair")
ANNOTATIONS = dict(
    seg=dict(kind="classes", dir="label", num_classes=3), depth=dict(kind="depth", dir="depth")
)
HEADS = dict(
    seg=SimpleNamespace(field="sem_seg", num_classes=3),
    depth=SimpleNamespace(field="depth_map", num_classes=None),
)


@pytest.fixture
def logged(monkeypatch):
    """Sentences that are logged."""
    found = []
    monkeypatch.setattr(measured_tasks, "print_log", lambda text, *_: found.append(text))
    return found


def check(metrics, tasks=("seg", "depth"), wrap=lambda dataset: dataset, **options):
    """Check a model of segmentation and depth with metrics of some tasks, on labels of some."""
    options.setdefault("pipeline", [dict(type="LoadMultiTaskAnnotations")])
    given = dict(annotations=ANNOTATIONS, tasks=list(tasks), pipeline=options.pop("pipeline"))
    dataset = MultiTaskDataset(**given, lazy_init=True)
    chosen = {task: METRICS[task] for task in metrics}
    chosen.update(options.pop("replaced", {}))
    evaluator = MultiTaskEvaluator(metrics={**chosen, **options.pop("none", {})}, **options)
    evaluator.dataset_meta = dict(classes=CLASSES) if "seg" in tasks else {}
    loop = SimpleNamespace(evaluator=evaluator, dataloader=SimpleNamespace(dataset=wrap(dataset)))
    check_measured(SimpleNamespace(heads=HEADS), loop)


@pytest.mark.parametrize(
    ("metrics", "options", "said"),
    [
        (["seg", "depth", "normal"], {}, None),
        (["seg"], {}, "task 'depth' .* not measured: test_evaluator.metrics has none .*'seg'"),
        (["seg"], dict(none=dict(depth=None)), None),
        ([], dict(none=dict(seg=None, depth=None)), None),
        (["seg", "depth"], dict(tasks=["seg"]), "'depth' .*dataset reads no labels for depth_map"),
        (["normal"], dict(output_dir="x"), "task 'seg' of the checkpoint is not measured"),
    ],
)
def test_learned_tasks_that_are_not_measured_are_named(metrics, options, said, logged):
    check(metrics, **options)
    if said is None:
        assert not logged
    else:
        assert re.search(said, logged[0])


@pytest.mark.parametrize("metrics", [[], ["normal"]])
def test_a_test_that_measures_nothing_is_refused(metrics):
    with pytest.raises(ValueError, match="task 'seg' .*; task 'depth' .*nothing would be measured"):
        check(metrics)
    with pytest.raises(ValueError, match="no labels for depth_map; nothing would be measured"):
        check(["depth"], tasks=["seg"], none=dict(seg=None))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(num_classes=2), "counts 2 classes, but .* is 3"),
        (dict(class_names=["wall", "floor", "chair", "lamp"]), "counts 4 classes, but .* is 3"),
        (dict(class_names=["floor", "wall", "chair"]), "in the order .*'floor', .* leave class_n"),
    ],
)
def test_metrics_of_other_classes_than_the_heads_are_refused(options, message):
    seg = dict(type="SegmentationMetric", **options)
    with pytest.raises(ValueError, match=rf"test_evaluator.metrics\['seg'\] .*{message}"):
        check(["seg", "depth"], replaced=dict(seg=[seg]))
    check(["seg", "depth"], tasks=["depth"], replaced=dict(seg=[seg]))  # not measured


def test_datasets_and_evaluators_of_others_are_left_alone():
    def repeated(dataset):
        return SimpleNamespace(dataset=dataset)

    with pytest.raises(ValueError, match="nothing would be measured"):
        check(["depth"], tasks=["seg"], wrap=repeated, none=dict(seg=None))
    check(["seg", "depth"], tasks=["seg"], wrap=lambda dataset: object())
    check_measured(SimpleNamespace(), SimpleNamespace(evaluator=None))
    check_measured(SimpleNamespace(heads=HEADS), SimpleNamespace(evaluator=object()))


def test_a_test_of_more_tasks_than_the_config_measures(trained, sequence_config, tmp_path, logged):
    _, record = trained
    checkpoint = str(record.path.parent / record.phases[-1]["checkpoint"])
    cfg = sequence_config(tmp_path, load_from=checkpoint)
    cfg.phases = cfg.phases[:1]
    (first,) = cfg.phases[0].tasks
    metrics = cfg.test_evaluator.metrics
    cfg.test_evaluator.metrics = {first: metrics[first]}
    values = LifelongRunner.from_cfg(cfg).test()
    assert values and {name.split("/")[0] for name in values} == {first}
    others = [task for task in record.tasks if task != first]
    for task in others:
        assert f"task {task!r} of the checkpoint is not measured" in "".join(logged)


@TRANSFORMS.register_module()
class MeasuredLabels(LoadMultiTaskAnnotations):
    """Reads labels, which its name does not tell."""


LOAD, LABELS, OWN, PACK = (
    dict(type=kind)
    for kind in ("LoadImage", "LoadMultiTaskAnnotations", "MeasuredLabels", "PackMultiTaskInputs")
)


@pytest.mark.parametrize(
    ("pipeline", "reads"),
    [
        ([LOAD, LABELS, PACK], True),
        ([LOAD, OWN, PACK], True),
        ([LOAD, dict(type="TestTimeAug", transforms=[[LABELS], [PACK]])], True),
        ([LOAD, PACK], False),
        ([LOAD, dict(type="TestTimeAug", transforms=[[PACK]])], False),
    ],
)
def test_a_pipeline_without_labels_measures_nothing(rooms_root, pipeline, reads, tmp_path):
    config = dict(type="RoomsDataset", data_root=str(rooms_root), split="val", pipeline=pipeline)
    dataset = DATASETS.build(dict(config, test_mode=True))
    heads = dict(depth=HEADS["depth"])
    for options, refused in ((dict(), not reads), (dict(output_dir=str(tmp_path)), False)):
        evaluator = MultiTaskEvaluator(dict(depth=METRICS["depth"]), **options)
        loop = SimpleNamespace(evaluator=evaluator, dataloader=SimpleNamespace(dataset=dataset))
        error = pytest.raises(ValueError, match="reads no labels for depth_map; nothing would be")
        with error if refused else nullcontext():
            check_measured(SimpleNamespace(heads=heads), loop)
