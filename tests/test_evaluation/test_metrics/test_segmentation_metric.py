import cv2
import numpy as np
import pytest
import torch
from mmseg.evaluation import IoUMetric
from mmseg.registry import METRICS

from mmlhl.evaluation import SegmentationMetric
from mmlhl.evaluation.metrics.segmentation_metric import class_areas

from ..samples import CLASSES, random_samples, sample


def evaluate(metric, samples, classes=CLASSES):
    metric.dataset_meta = dict(classes=classes)
    for one in samples:
        metric.process(None, [one.to_dict()])
    return metric.evaluate(len(samples))


def test_metrics_of_a_hand_computed_map():
    # wall: 2 of union 3; floor: 1 of union 2; chair is nowhere; one pixel is void.
    metrics = evaluate(
        SegmentationMetric(),
        [sample(gt_sem_seg=[[0, 0, 0], [1, 255, 1]], pred_sem_seg=[[0, 0, 1], [1, 2, 1]])],
    )
    assert metrics["mIoU"] == pytest.approx(100 * (2 / 3 + 2 / 3) / 2)
    assert metrics["aAcc"] == pytest.approx(100 * 4 / 5)
    assert metrics["mAcc"] == pytest.approx(100 * (2 / 3 + 1) / 2)


def test_equals_iou_metric_in_one_entry():
    samples = random_samples(7)
    ours, stock = SegmentationMetric(), IoUMetric()
    expected = evaluate(stock, samples)
    ours.dataset_meta = dict(classes=CLASSES)
    for one in samples:
        ours.process(None, [one.to_dict()])
        assert len(ours.results) == 1 and ours.results[0].dtype == torch.float64
    metrics = ours.evaluate(7)
    assert set(metrics) == set(expected) == {"mIoU", "aAcc", "mAcc"}
    for name, value in expected.items():
        assert metrics[name] == pytest.approx(float(value), abs=0.0051)
    assert metrics["mIoU"] != round(metrics["mIoU"], 2)
    assert all(type(value) is float for value in metrics.values())
    assert set(metrics) <= set(SegmentationMetric.higher_is_better)


@pytest.mark.parametrize("seed", range(6))
def test_areas_are_those_of_iou_metric_whatever_the_ids(seed):
    generator = torch.Generator().manual_seed(seed)
    beyond = 5 + 3 * (seed % 3)  # some ids are outside of the five classes
    pred, gt = torch.randint(-(seed % 2), beyond, (2, 9, 11), generator=generator)
    ignore = (2, 255)[seed % 2]
    gt[:2] = ignore
    expected = IoUMetric.intersect_and_union(pred, gt, 5, ignore)
    assert torch.equal(class_areas(pred, gt, 5, ignore), torch.cat([a.double() for a in expected]))


def test_dice_and_fscore_equal_iou_metric():
    samples = random_samples(3)
    options = dict(iou_metrics=["mDice", "mFscore"])
    expected = evaluate(IoUMetric(**options), samples)
    metrics = evaluate(SegmentationMetric(**options), samples)
    assert metrics == {k: pytest.approx(float(v), abs=0.0051) for k, v in expected.items()}
    with pytest.raises(ValueError, match="mIou"):
        SegmentationMetric(iou_metrics=["mIou"])


def test_names_and_number_of_classes_agree():
    assert SegmentationMetric(class_names=["a", "b"], num_classes=2).names == ["a", "b"]
    with pytest.raises(ValueError, match="num_classes is 9, but class_names has 2 names"):
        SegmentationMetric(class_names=["a", "b"], num_classes=9)
    with pytest.raises(ValueError, match="class_names has a name twice"):
        SegmentationMetric(class_names=["a", "b", "a"])


def test_counts_stay_exact_beyond_float32():
    metric = SegmentationMetric(num_classes=2)
    metric.add(torch.tensor([2.0**25, 0, 2**25, 0, 2**25, 0, 2**25, 0], dtype=torch.float64))
    one = sample(gt_sem_seg=[[0]], pred_sem_seg=[[0]]).to_dict()
    metric.process(None, [one])
    assert metric.results[0][0] == 2**25 + 1


def test_another_field_needs_and_uses_its_own_classes():
    parts = sample(gt_human_parts=[[0, 1]], pred_human_parts=[[0, 0]])
    metric = METRICS.build(dict(type="SegmentationMetric", field="human_parts"))
    with pytest.raises(ValueError, match="human_parts_classes"):
        evaluate(metric, [parts])
    metric.dataset_meta = dict(classes=CLASSES, human_parts_classes=("none", "head"))
    metric.process(None, [parts.to_dict(), sample(gt_sem_seg=[[0]]).to_dict()])
    assert metric.evaluate(2)["mIoU"] == pytest.approx(25)
    metrics = evaluate(SegmentationMetric(field="human_parts", num_classes=2), [parts])
    assert metrics["aAcc"] == pytest.approx(50)


def test_no_known_pixel_gives_nan_and_no_sample_gives_nothing():
    void = sample(gt_sem_seg=[[255]], pred_sem_seg=[[0]])
    assert all(np.isnan(v) for v in evaluate(SegmentationMetric(), [void]).values())
    assert evaluate(SegmentationMetric(), []) == {}


def test_shapes_that_differ_are_named():
    with pytest.raises(ValueError, match=r"\(1, 1, 2\).*\(1, 1, 1\).*a/0.png"):
        evaluate(SegmentationMetric(), [sample(gt_sem_seg=[[0]], pred_sem_seg=[[0, 0]])])


def test_writes_class_ids_with_output_levels_of_the_path(tmp_path):
    one = sample("rooms/house/7.jpg", pred_sem_seg=[[0, 2]])
    metric = SegmentationMetric(output_dir=str(tmp_path), output_levels=2)
    assert evaluate(metric, [one]) == {}
    written = cv2.imread(str(tmp_path / "house" / "7.png"), cv2.IMREAD_UNCHANGED)
    assert written.dtype == np.uint8 and written.tolist() == [[0, 2]]
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["7.png"]
    evaluate(metric, [sample("rooms/house/7.jpg", pred_sem_seg=[[1, 256]])])
    written = cv2.imread(str(tmp_path / "house" / "7.png"), cv2.IMREAD_UNCHANGED)
    assert written.tolist() == [[1, 256]]  # 8 bits would make it [[1, 0]]
    with pytest.raises(ValueError, match="output_dir"):
        SegmentationMetric(format_only=True)
    full = sample(gt_sem_seg=[[0, 0]], pred_sem_seg=[[0, 0]])
    metric = SegmentationMetric(output_dir=str(tmp_path), format_only=True)
    assert evaluate(metric, [full]) == {}
    with pytest.raises(ValueError, match="img_path"):
        metric.process(None, [dict(pred_sem_seg=dict(data=torch.zeros(1, 1, 1)))])
