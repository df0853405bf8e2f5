"""The files of mmseg's own metrics, also of samples without ground truth."""

import cv2
import numpy as np
import pytest
import torch
from mmengine.evaluator import BaseMetric
from mmseg.evaluation import DepthMetric, IoUMetric

from mmlhl.evaluation import MultiTaskEvaluator

from ..samples import sample


class DerivedIoU(IoUMetric):
    pass


class DerivedDepth(DepthMetric):
    pass


class Silent(BaseMetric):
    """A metric of one's own that writes nothing."""

    def process(self, data_batch, data_samples):
        self.results.append(1)

    def compute_metrics(self, results):
        return dict(d1=1.0)


class Noted(IoUMetric):
    """Notes a result for each file, as CityscapesMetric does."""

    def process(self, data_batch, data_samples):
        if self.format_only:
            self.results.append(("file", ""))
        super().process(data_batch, data_samples)


@pytest.fixture
def said(monkeypatch):
    lines = []
    monkeypatch.setattr(
        "mmlhl.evaluation.multi_task_evaluator.print_log", lambda text, *_: lines.append(text)
    )
    return lines


def evaluator(folder, **metrics):
    result = MultiTaskEvaluator(metrics, output_dir=str(folder))
    result.dataset_meta = dict(classes=("wall", "floor"))
    return result


def pixels(path):
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED).tolist()


@pytest.mark.parametrize("seg", ["IoUMetric", IoUMetric, DerivedIoU, Noted, "SegmentationMetric"])
@pytest.mark.parametrize("depth", ["DepthMetric", DepthMetric, DerivedDepth, "DepthErrorMetric"])
def test_predictions_without_ground_truth_are_written(tmp_path, seg, depth, said):
    known = sample("a/0.png", gt_sem_seg=[[0, 0]] * 2, pred_sem_seg=[[0, 1]] * 2)
    unknown = sample("a/1.png", pred_sem_seg=[[1, 0]] * 2, pred_depth_map=[[1.5, 2.0]] * 2)
    tested = evaluator(tmp_path, seg=dict(type=seg), depth=dict(type=depth))
    tested.process([unknown, known])
    values = tested.evaluate(2)
    assert values == pytest.approx({"seg/aAcc": 50, "seg/mIoU": 25, "seg/mAcc": 50})
    assert pixels(tmp_path / "seg/0.png") == [[0, 1]] * 2
    assert pixels(tmp_path / "seg/1.png") == [[1, 0]] * 2
    assert pixels(tmp_path / "depth/1.png") == [[1500, 2000]] * 2
    assert f"Predictions of seg, depth were written to {tmp_path}" in said[-1]
    tested.process([unknown])
    assert tested.evaluate(1) == {}


def test_another_metric_of_the_task_writes_if_the_first_cannot(tmp_path, said):
    metrics = dict(depth=[dict(type=Silent), dict(type="DepthErrorMetric")], seg=dict(type=Silent))
    tested = evaluator(tmp_path, **metrics)
    tested.process([sample("a/1.png", pred_depth_map=[[1.5, 2.0]])])
    assert tested.evaluate(1) == {"depth/d1": 1.0, "seg/d1": 1.0}
    assert pixels(tmp_path / "depth/1.png") == [[1500, 2000]]
    assert "Predictions of depth were written" in said[-2]
    assert "No predictions of seg were written" in said[-1]
    assert "no option output_dir" in said[-1]


def test_predictions_go_to_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    own = dict(type="SegmentationMetric", output_dir="~/own")
    tested = evaluator("~/out", seg=own, depth=dict(type="DepthMetric"))
    tested.process([sample("a/1.png", pred_sem_seg=[[1]], pred_depth_map=[[1.0]])])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "own"]


def test_nothing_predicted_is_said(tmp_path, said):
    tested = evaluator(tmp_path, seg=dict(type="IoUMetric"))
    tested.process([sample("a/1.png", gt_sem_seg=[[0]])])
    assert tested.evaluate(1) == {}
    assert "No predictions were written" in said[-1]
    assert len(said) == 1


@pytest.mark.parametrize("labelled", [True, False])
def test_class_maps_of_two_images_of_one_name_are_refused(tmp_path, labelled):
    tested = evaluator(tmp_path, seg=dict(type="IoUMetric"))
    maps = dict(pred_sem_seg=[[1]], **(dict(gt_sem_seg=[[1]]) if labelled else {}))
    tested.process([sample("a/0.png", **maps)])
    with pytest.raises(ValueError, match=r"a/0.png and b/0.png .*SegmentationMetric with output_l"):
        tested.process([sample("b/0.png", **maps)])


def test_class_ids_of_mmsegs_metric_fit(tmp_path):
    tested = evaluator(tmp_path, seg=dict(type="IoUMetric", iou_metrics=["mIoU"]))
    tested.process([sample("a/wide.png", pred_sem_seg=[[300, 2]])])
    shifted = sample("a/shifted.png", pred_sem_seg=[[0, 1]])
    shifted.set_metainfo(dict(reduce_zero_label=True))  # as mmseg writes them
    tested.process([shifted])
    assert pixels(tmp_path / "seg/wide.png") == [[300, 2]]
    assert pixels(tmp_path / "seg/shifted.png") == [[1, 2]]


def test_a_class_task_needs_no_labels_of_another():
    tested = MultiTaskEvaluator(
        dict(parts=dict(type="SegmentationMetric", field="parts", num_classes=2))
    )
    tested.process([sample(gt_parts=[[0, 1]], pred_parts=[[0, 1]])])
    assert tested.evaluate(1) == {"parts/aAcc": 100, "parts/mIoU": 100, "parts/mAcc": 100}


def test_an_image_without_measured_depth_does_not_undo_the_others():
    images = [
        sample("0.png", gt_depth_map=[[2.0, 4.0]], pred_depth_map=[[1.0, 5.0]]),
        sample("1.png", gt_depth_map=[[float("nan"), 0.0]], pred_depth_map=[[1.0, 5.0]]),
    ]
    values = []
    for given in (images[:1], images, images[1:]):
        tested = MultiTaskEvaluator(dict(depth=dict(type="DepthMetric")))
        tested.process(given)
        values.append(tested.evaluate(len(given)))
    assert values[0] == values[1] and values[0]["depth/abs_rel"] == pytest.approx(0.375)
    assert set(values[2]) == set(values[0]) and np.isnan(list(values[2].values())).all()
    unknown = sample("1.png", gt_depth_map=[[2.0]], pred_depth_map=torch.tensor([[torch.nan]]))
    tested.process([images[0], unknown])
    assert np.isnan(tested.evaluate(2)["depth/rmse"])  # a prediction that is no number shows
