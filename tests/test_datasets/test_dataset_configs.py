"""Every dataset config builds, reads its dataset's layout and has metrics of its tasks."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine import Config, DefaultScope
from mmseg.registry import DATASETS, TRANSFORMS

from mmlhl.datasets import MultiTaskDataset

CONFIGS = Path(__file__).parents[2] / "configs" / "_base_" / "datasets"
OURS = [
    "camvid",
    "cityscapes",
    "cityscapes_npy_19",
    "cityscapes_npy_7",
    "nyuv2",
    "pascal_multitask",
    "rooms",
    "taskonomy",
]


@pytest.fixture(autouse=True)
def scope():
    """Set the default scope like ``default_scope = 'mmseg'`` in a config."""
    with DefaultScope.overwrite_default_scope("mmseg"):
        yield


@pytest.mark.parametrize("name", OURS)
def test_config(name):
    cfg = Config.fromfile(CONFIGS / f"{name}.py")
    assert cfg.test_pipeline[0].type == "LoadImageFromFile"
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        assert loader.dataset.data_root == cfg.data_root and not loader.dataset.get("lazy_init")
        dataset = DATASETS.build({**loader.dataset, "lazy_init": True})
        assert isinstance(dataset, MultiTaskDataset)
        assert len(dataset.metainfo["classes"]) == len(dataset.metainfo["palette"])
    for evaluator in (cfg.val_evaluator, cfg.test_evaluator):
        assert set(evaluator.metrics) == set(dataset.tasks)
        for task, metric in evaluator.metrics.items():
            default = dict(
                SegmentationMetric="sem_seg",
                DepthErrorMetric="depth_map",
                NormalErrorMetric="normal_map",
            ).get(metric.type)
            assert metric.get("field", default) == dataset.annotations[task].field
    assert dataset.test_mode


def test_missing_dataset_is_reported_at_once():
    cfg = Config.fromfile(CONFIGS / "nyuv2.py")
    with pytest.raises(FileNotFoundError, match=r"img\['dir'\].*data_root='nowhere'"):
        DATASETS.build({**cfg.train_dataloader.dataset, "data_root": "nowhere"})


def test_camvid_reads_its_tree(tmp_path):
    for folder in ("train", "trainannot"):
        (tmp_path / folder).mkdir()
    cv2.imwrite(str(tmp_path / "train" / "a.jpg"), np.zeros((4, 6, 3), np.uint8))
    label = np.array([[0, 10, 11, 1, 2, 3]] * 4, np.uint8)
    cv2.imwrite(str(tmp_path / "trainannot" / "a.png"), label)
    cfg = Config.fromfile(CONFIGS / "camvid.py").train_dataloader.dataset
    sample = DATASETS.build({**cfg, "data_root": str(tmp_path)})[0]["data_samples"]
    assert sorted(sample.gt_sem_seg.data.unique().tolist()) == [0, 1, 2, 3, 10, 255]
    assert sample.gt_edge_map.data.shape == (1, 4, 6)


def test_nyuv2_reads_the_authors_arrays(tmp_path):
    arrays = dict(
        image=np.full((4, 6, 3), 0.5, np.float32),
        label=np.where(np.eye(4, 6), 3.0, -1.0),
        depth=np.zeros((4, 6, 1)),
        normal=np.zeros((4, 6, 3)),
    )
    for folder, array in arrays.items():
        (tmp_path / "train" / folder).mkdir(parents=True)
        np.save(tmp_path / "train" / folder / "0.npy", array)
    cfg = Config.fromfile(CONFIGS / "nyuv2.py").train_dataloader.dataset
    sample = DATASETS.build({**cfg, "data_root": str(tmp_path)})[0]["data_samples"]
    # an unmeasured image is valid, an unlabelled one is an error
    assert sample.gt_sem_seg.data.unique().tolist() == [3, 255]
    assert sample.gt_depth_map.data.isnan().all() and sample.gt_normal_map.data.isnan().all()
    np.save(tmp_path / "train" / "label" / "0.npy", np.full((4, 6), -1.0))
    dataset = DATASETS.build({**cfg, "data_root": str(tmp_path)})
    with pytest.raises(ValueError, match=r"label/0\.npy: every pixel .*'seg' is void"):
        dataset[0]


def shapes_at(steps):
    """Sizes of an image of 60x80 after a pipeline without its labels."""

    def without_labels(steps):
        for step in steps:
            if isinstance(step, list):
                yield list(without_labels(step)) or [dict(type="RandomFlip", prob=0.0)]
            elif step["type"] == "TestTimeAug":
                yield {**step, "transforms": list(without_labels(step["transforms"]))}
            elif not step["type"].startswith(("Load", "Pack")):
                yield step

    image = np.zeros((60, 80, 3), np.uint8)
    results = dict(img=image, img_shape=(60, 80), ori_shape=(60, 80), seg_fields=[])
    for step in without_labels(steps):
        results = TRANSFORMS.build(step)(results)
    views = results["img"] if isinstance(results["img"], list) else [results["img"]]
    return {view.shape for view in views}


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.py")), ids=lambda path: path.stem)
def test_views_have_the_size_of_the_plain_test(path):
    cfg = Config.fromfile(path)
    if "tta_pipeline" in cfg:
        assert shapes_at(cfg.tta_pipeline) == shapes_at(cfg.test_dataloader.dataset.pipeline)
