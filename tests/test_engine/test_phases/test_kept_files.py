"""The predictions of a test never replace the images and labels that it reads."""

import pytest
from mmengine.dataset import ConcatDataset
from mmseg.registry import DATASETS

from mmlhl.engine import LifelongRunner
from mmlhl.engine.phases.kept_files import check_kept
from mmlhl.evaluation import MultiTaskEvaluator


@pytest.fixture(scope="module")
def rooms(rooms_root):
    config = dict(type="RoomsDataset", data_root=str(rooms_root), split="val", pipeline=[])
    return DATASETS.build(config)


def check(dataset, **metrics):
    check_kept(MultiTaskEvaluator(metrics), dataset)


@pytest.mark.parametrize(
    ("metric", "folder", "options"),
    [
        ("SegmentationMetric", "val/label", {}),
        ("SegmentationMetric", "val/image", {}),
        ("SegmentationMetric", "val", dict(output_levels=2)),
        ("IoUMetric", "val/label", {}),
        ("DepthErrorMetric", "val/depth", {}),
        ("DepthMetric", "val/../val/depth/", {}),
    ],
)
@pytest.mark.parametrize("wrap", [lambda rooms: rooms, lambda rooms: ConcatDataset([rooms])])
def test_files_of_the_dataset_stay(rooms, rooms_root, metric, folder, options, wrap):
    config = dict(type=metric, output_dir=str(rooms_root / folder), **options)
    with pytest.raises(ValueError, match=f"{metric} would .* a file of the dataset.* another fol"):
        check(wrap(rooms), task=[dict(type="NormalErrorMetric"), config])


def test_links_lead_to_the_same_files(rooms, rooms_root, tmp_path):
    (tmp_path / "seg").symlink_to(rooms_root / "val/label")
    with pytest.raises(ValueError, match="seg/00000.png, a file of the dataset"):
        check(rooms, seg=dict(type="IoUMetric", output_dir=str(tmp_path / "seg")))


def test_other_folders_are_taken(rooms, rooms_root, tmp_path):
    seg = dict(type="SegmentationMetric")
    check(rooms, seg=seg)
    check(rooms, seg=dict(seg, output_dir=str(tmp_path)))
    check(rooms, seg=dict(seg, output_dir=str(rooms_root / "val")))  # files are in its subfolders
    check([1, 2], seg=dict(seg, output_dir=str(rooms_root / "val/label")))  # it names no files
    check_kept(object(), rooms)


def test_a_test_into_its_own_labels_is_refused(trained, sequence_config, tmp_path, rooms_root):
    _, record = trained
    checkpoint = str(record.path.parent / record.phases[0]["checkpoint"])
    cfg = sequence_config(tmp_path, load_from=checkpoint)
    cfg.test_evaluator.metrics.seg.output_dir = str(rooms_root / "val/label")
    with pytest.raises(ValueError, match="a file of the dataset, which would be lost"):
        LifelongRunner.from_cfg(cfg).test()


@pytest.mark.parametrize("place", ["", ".metrics.depth"])
def test_a_training_is_refused_before_its_first_phase(sequence_config, tmp_path, rooms_root, place):
    cfg = sequence_config(tmp_path / "run", dry_run=True)
    folder = rooms_root / "val" / ("depth" if place else "")
    cfg.merge_from_dict({f"test_evaluator{place}.output_dir": str(folder)})
    with pytest.raises(ValueError, match="val/depth/00000.png, a file of the dataset"):
        LifelongRunner.from_cfg(cfg).train()
    assert not list(tmp_path.rglob("*.pth"))
