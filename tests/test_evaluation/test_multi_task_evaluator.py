import json
from pathlib import Path

import pytest
import torch
import warm
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.runner import Runner
from mmseg.registry import EVALUATOR

from mmlhl.evaluation import DepthErrorMetric, MultiTaskEvaluator
from mmlhl.evaluation.kinds import tell_fields

from .samples import CLASSES, random_samples, sample, uneven_samples

METRICS = dict(
    seg=dict(type="SegmentationMetric"),
    depth=dict(type="DepthErrorMetric"),
    normal=dict(type="NormalErrorMetric"),
)


def build(metrics=METRICS, **options):
    evaluator = EVALUATOR.build(dict(type="MultiTaskEvaluator", metrics=metrics, **options))
    evaluator.dataset_meta = dict(classes=CLASSES, palette=[[0, 0, 0]] * 3)
    return evaluator


def run(evaluator, samples, batch=2):
    for i in range(0, len(samples), batch):
        evaluator.process(data_samples=samples[i : i + batch], data_batch=None)
    return evaluator.evaluate(len(samples))


def test_values_are_prefixed_by_task_and_evaluator_is_reset():
    evaluator, samples = build(), random_samples(5)
    metrics = run(evaluator, samples)
    assert set(metrics) == set(evaluator.higher_is_better) - {
        f"seg/{name}" for name in ("mDice", "mFscore", "mPrecision", "mRecall")
    }
    assert {name.split("/")[0] for name in metrics} == {"seg", "depth", "normal"}
    assert all(type(value) is float for value in metrics.values())
    assert evaluator.higher_is_better["seg/mIoU"] and not evaluator.higher_is_better["depth/rmse"]
    assert run(evaluator, samples, batch=3) == pytest.approx(metrics)
    depth = DepthErrorMetric()
    depth.process(None, [s.to_dict() for s in samples])
    assert metrics["depth/rmse"] == pytest.approx(depth.evaluate(5)["rmse"])


@pytest.fixture
def said(monkeypatch):
    """The lines that the evaluator logs."""
    lines = []
    log = "mmlhl.evaluation.multi_task_evaluator.print_log"
    monkeypatch.setattr(log, lambda text, *_: lines.append(text))
    return lines


def test_is_silent_on_tasks_that_are_not_predicted(said):
    only_depth = sample(gt_depth_map=[[2.0]], pred_depth_map=[[1.0]], gt_sem_seg=[[0]])
    evaluator = build()
    metrics = run(evaluator, [only_depth, sample(gt_normal_map=torch.ones(3, 1, 1))])
    assert {name.split("/")[0] for name in metrics} == {"depth"}
    assert metrics["depth/abs_err"] == 1
    assert said == []


@pytest.mark.parametrize("seg", ["SegmentationMetric", "IoUMetric", None])
def test_names_tasks_without_ground_truth(seg, said, tmp_path):
    evaluator = build(dict(seg=seg and dict(type=seg), depth=METRICS["depth"]))
    unlabelled = sample(pred_sem_seg=[[0]], pred_depth_map=[[1.0]])
    assert run(evaluator, [unlabelled, unlabelled]) == {}
    assert [line.split(":")[0] for line in said] == [
        f"{task!r} is not measured" for task in (("seg",) if seg else ()) + ("depth",)
    ]
    said.clear()
    labelled = sample(pred_depth_map=[[1.0]], gt_depth_map=[[2.0]])
    assert run(evaluator, [unlabelled, labelled])["depth/abs_err"] == 1  # one sample is enough
    assert len(said) == bool(seg) and all(line.startswith("'seg' is not") for line in said)
    said.clear()
    options = dict(format_only=True, output_dir=str(tmp_path))
    only_written = build(dict(depth=dict(type="DepthErrorMetric", **options)))
    run(only_written, [sample(pred_depth_map=[[1.0]], img_path="a.png")])
    assert said == []


class OwnMetric(BaseMetric):
    """A user's own: it reads its task's maps without asking whether they are there."""

    def process(self, data_batch, data_samples):
        for each in data_samples:
            if "gt_depth_map" in each:
                each["gt_depth_map"]["data"]
            self.results.append(float(each["pred_depth_map"]["data"].mean()))

    def compute_metrics(self, results):
        return dict(mean=sum(results) / len(results), count=len(results))


def test_an_own_metric_waits_for_its_task_and_gets_the_images_with_its_labels():
    model = torch.nn.Module()
    model.heads = torch.nn.ModuleDict(dict(seg=torch.nn.Identity()))
    model.heads.seg.field = "sem_seg"
    seg = dict(gt_sem_seg=[[0]], pred_sem_seg=[[0]])
    metrics = dict(seg=dict(type="SegmentationMetric"), depth=OwnMetric())
    evaluator = build(metrics)
    with pytest.raises(KeyError):
        run(evaluator, [sample(**seg)])
    evaluator = build(metrics)
    tell_fields(evaluator, model)
    assert "seg/aAcc" in (found := run(evaluator, [sample(**seg)])) and "depth/mean" not in found

    model.heads["depth"] = torch.nn.Identity()
    model.heads.depth.field = "depth_map"
    tell_fields(evaluator, model)
    pred = dict(pred_depth_map=[[1.0]])
    both = [sample(**seg, **pred), sample(**pred, gt_depth_map=[[3.0]])]
    assert run(evaluator, both)["depth/count"] == 1  # joined sets: the first has no depth
    assert run(evaluator, [sample(**pred)])["depth/count"] == 1  # a metric without ground truth


def test_models_without_heads_tell_nothing():
    evaluator = build()
    tell_fields(evaluator, torch.nn.Module())
    assert evaluator.predicted_fields is None
    tell_fields(Evaluator([]), torch.nn.Module())


def test_no_sample_at_all():
    assert build().evaluate(0) == {}
    assert build().evaluate(4) == {}


def test_stock_metrics_and_several_of_a_task():
    metrics = dict(
        seg=dict(type="IoUMetric"),
        depth=[dict(type="DepthErrorMetric"), dict(type="DepthMetric")],
    )
    samples = [sample(gt_depth_map=[[2.0, 4.0]], pred_depth_map=[[1.0, 5.0]])]
    evaluator = build(metrics)
    # DepthMetric gives an rmse as well.
    with pytest.raises(ValueError, match="depth/rmse"):
        run(evaluator, samples)
    metrics["depth"] = metrics["depth"][1]
    values = run(build(metrics), samples)
    assert "depth/abs_rel" in values and not any(name.startswith("seg/") for name in values)
    seg = sample(gt_sem_seg=[[0, 1]], pred_sem_seg=[[0, 0]])
    assert run(build(metrics), [seg]) == {"seg/aAcc": 50.0, "seg/mIoU": 25.0, "seg/mAcc": 50.0}


def test_out_writes_a_folder_a_task_and_the_same_metrics(tmp_path):
    samples = random_samples(3)
    metrics = dict(METRICS, depth=dict(type="DepthErrorMetric", output_format="npy"))
    values = run(build(metrics, output_dir=str(tmp_path), keep_results=True), samples)
    assert values == run(build(), samples)
    written = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.*"))
    assert written == [
        f"{task}/{i}.{kind}"
        for task, kind in (("depth", "npy"), ("normal", "png"), ("seg", "png"))
        for i in range(3)
    ]


def test_mmengine_builds_it_as_an_evaluator_of_its_own(tmp_path):
    evaluator = Runner.build_evaluator(None, dict(type="mmseg.MultiTaskEvaluator", metrics=METRICS))
    assert isinstance(evaluator, Evaluator) and isinstance(evaluator, MultiTaskEvaluator)


@pytest.mark.parametrize("metrics", [[dict(type="SegmentationMetric")], METRICS["seg"]])
def test_metrics_without_task_names_are_refused(metrics):
    with pytest.raises(ValueError, match="from task names to metric configs"):
        MultiTaskEvaluator(metrics)


def test_a_metric_without_type_is_refused():
    with pytest.raises(ValueError, match=r"metrics\['seg'\]"):
        MultiTaskEvaluator(dict(seg=dict(field="sem_seg")))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "is an empty list; write seg=None"),
        ([None], "must be the config of a metric, or a list of configs, but has None"),
        ("IoUMetric", "but has 'IoUMetric'"),
        (dict(type="IoUMetric", prefix="a"), "prefix='a', but values are named seg/<metric>"),
    ],
)
def test_what_is_no_metric_is_refused(given, message):
    with pytest.raises(ValueError, match=rf"metrics\['seg'\] .*{message}"):
        MultiTaskEvaluator(dict(seg=given))
    MultiTaskEvaluator(dict(seg=dict(type="IoUMetric", prefix="seg")))


def test_an_unknown_option_of_a_metric_is_refused():
    with pytest.raises(TypeError, match=r"metrics\['.*'\]: .*max_deth"):
        MultiTaskEvaluator(dict(depth=dict(type="DepthErrorMetric", max_deth=3)))


def test_two_processes_with_repeated_samples_equal_one(tmp_path):
    metrics = dict(METRICS, edge=dict(type="ChannelErrorMetric", field="edge_map"))
    metrics["seg"] = dict(metrics["seg"], collect_device="cpu")  # both of mmengine's ways
    counts = (5, 1)
    job = Path(__file__).with_name("distributed_job.py")
    (tmp_path / "metrics.json").write_text(json.dumps(metrics))
    outs = [tmp_path / f"{rank}.json" for rank in range(2)]
    meet = tmp_path / "rendezvous"
    commands = [
        warm.Command(job, rank, 2, meet, outs[rank], *counts, log=tmp_path / "log", cwd=tmp_path)
        for rank in range(2)
    ]
    for command in commands:
        assert command.finish() == 0, command.output
    first, second = (json.loads(out.read_text()) for out in outs)
    for i, count in enumerate(counts):
        # The sampler repeated an image, and the metrics are still those of one process.
        assert first[i]["given"] + second[i]["given"] == count + 1
        expected = run(build(metrics), uneven_samples(count))
        assert {name.split("/")[0] for name in expected} == (
            {"seg", "depth", "normal", "edge"} if count > 1 else {"seg", "normal"}
        )
        assert first[i]["values"] == pytest.approx(expected, rel=1e-12)
        assert second[i]["values"] == first[i]["values"]
