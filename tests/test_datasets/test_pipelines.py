"""Pipelines of mmseg configs on a multi-task dataset, from files to the packed sample."""

import cv2
import mmcv.transforms
import mmseg.datasets.transforms as stock
import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS, MODELS

from mmlhl.datasets.pipelines import build_step

SIZE = (40, 48)
LOAD, ANNOTATE, PACK = (
    dict(type=name)
    for name in ("LoadImageFromFile", "LoadMultiTaskAnnotations", "PackMultiTaskInputs")
)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """One image whose blue is its edge map and, by eights, its label; one direction of normals."""
    root = tmp_path_factory.mktemp("ramp")
    for folder in ("image", "edge", "label", "normal"):
        (root / folder).mkdir()
    ramp = np.add.outer(3 * np.arange(SIZE[0]), 2 * np.arange(SIZE[1]))
    cv2.imwrite(str(root / "image" / "0.png"), np.repeat(ramp[..., None], 3, 2).astype(np.uint8))
    cv2.imwrite(str(root / "label" / "0.png"), (ramp // 8).astype(np.uint8))
    np.save(root / "edge" / "0.npy", ramp.astype(np.float32))
    normals = np.tile(np.float32([0.6, 0, -0.8]), (*SIZE, 1))
    np.save(root / "normal" / "0.npy", normals)
    return root


def dataset(root, *pipeline, **kwargs):
    init_default_scope("mmseg")
    annotations = dict(
        edge=dict(kind="channels", dir="edge", suffix=".npy", field="edge_map"),
        seg=dict(kind="classes", dir="label", suffix=".png", num_classes=40),
        normal=dict(kind="normal", dir="normal", suffix=".npy"),
    )
    for task, changes in kwargs.pop("annotations", {}).items():
        annotations[task].update(changes)
    cfg = dict(type="MultiTaskDataset", data_root=str(root), annotations=annotations)
    return DATASETS.build(dict(cfg, pipeline=list(pipeline), **kwargs))


def training_batch(item):
    preprocessor = MODELS.build(dict(type="MultiTaskDataPreProcessor", size_divisor=32))
    return preprocessor({key: [value] for key, value in item.items()}, training=True)


MMSEG = [
    [
        LOAD,
        dict(type="LoadAnnotations"),
        dict(type="RandomResize", scale=(60, 50), ratio_range=(0.8, 2.0), keep_ratio=True),
        dict(type="RandomCrop", crop_size=(32, 32), cat_max_ratio=0.75),
        dict(type="RandomFlip", prob=0.5),
        dict(type="PackSegInputs"),
    ],
    [
        dict(type=mmcv.transforms.LoadImageFromFile),
        dict(type=stock.LoadAnnotations),
        dict(type=mmcv.transforms.RandomChoiceResize, scales=[(60, 50)], resize_type=stock.Resize),
        dict(type=stock.RandomCrop, crop_size=(32, 32)),
        dict(type=mmcv.transforms.RandomFlip, prob=0.5),
        dict(type=mmcv.transforms.Pad, size=(40, 44)),
        dict(type=stock.PackSegInputs),
    ],
    [
        dict(type="mmseg.LoadImage"),
        dict(type="mmseg.LoadMultiTaskAnnotations"),
        dict(
            type="RandomChoice",
            transforms=[
                [dict(type="mmseg.RandomFlip", prob=1.0, direction="vertical")],
                [dict(type="Resize", scale=(30, 30)), dict(type="RandomFlip", prob=1.0)],
            ],
        ),
        dict(type="RandomApply", transforms=[dict(type=stock.RandomRotate, prob=1.0, degree=30.0)]),
        dict(type="mmseg.PackSegInputs"),
    ],
]


@pytest.mark.parametrize("pipeline", MMSEG, ids=["names", "classes", "nested"])
def test_pipelines_of_mmseg_configs_train_on_labels_that_fit(root, pipeline):
    data = dataset(root, *pipeline)
    for seed in range(4):
        np.random.seed(seed)
        batch = training_batch(data[0])
        (sample,) = batch["data_samples"]
        image, edge = batch["inputs"][0, :1], sample.gt_edge_map.data
        known = edge.isfinite()
        assert image.shape == edge.shape == sample.gt_sem_seg.data.shape and known.sum() > 300
        assert (image - edge)[known].abs().max() < 2
        labelled = sample.gt_sem_seg.data != 255
        assert (sample.gt_sem_seg.data * 8 + 4 - image)[labelled & known].abs().max() < 12
        assert not sample.valid_map.data[~known].any() if "valid_map" in sample else known.all()


@pytest.mark.parametrize(
    "move",
    [
        dict(type="RandomFlip", prob=1.0),
        dict(type="RandomRotate", prob=1.0, degree=20.0),
        dict(type="Resize", scale=(30, 30)),
        dict(type="Pad", size=(60, 60)),
        dict(type="RandomCrop", crop_size=(20, 20)),
    ],
    ids=lambda move: move["type"],
)
def test_labels_read_too_late_are_not_trained_on(root, move):
    item = dataset(root, LOAD, move, ANNOTATE, PACK)[0]
    # the label is the file's, as a test wants it
    assert item["data_samples"].gt_edge_map.data.shape[1:] == SIZE
    fields = "gt_edge_map, gt_sem_seg, gt_normal_map"
    with pytest.raises(ValueError, match=rf"0\.png: {fields} was read after.*{move['type']}"):
        training_batch(item)


def test_labels_loaded_after_a_transform_stay_in_place(root):
    chain = [dict(type="Resize", scale=(96, 80)), ANNOTATE, dict(type="Pad", size=(100, 100))]
    chain += [dict(type="RandomFlip", prob=1.0), dict(type="RandomCrop", crop_size=(70, 70))]
    sample = dataset(root, LOAD, *chain, PACK)[0]["data_samples"]
    ramp = torch.from_numpy(np.load(root / "edge" / "0.npy"))
    assert torch.equal(sample.gt_edge_map.data[0], ramp)
    assert sample.resting_labels == ("gt_edge_map", "gt_sem_seg", "gt_normal_map")
    assert list(sample.moved_labels) == ["valid_map"]


class Mirror:
    """A user's own transform that ignores labels."""

    def __call__(self, results):
        results["img"] = results["img"][:, ::-1].copy()
        return results


@pytest.mark.parametrize(
    ("step", "name"),
    [
        (dict(type="RandomMosaic", prob=1.0), "RandomMosaic"),
        (dict(type=stock.SegRescale), "SegRescale"),
        (Mirror(), "Mirror"),
        (dict(type="RandomApply", transforms=[Mirror()]), "Mirror"),
        (dict(type="RandomChoice", transforms=[[dict(type="ToTensor", keys=["img"])]]), "ToTensor"),
    ],
)
def test_refused_when_the_dataset_is_built(root, step, name):
    with pytest.raises(ValueError, match=f"^{name} "):
        dataset(root, LOAD, ANNOTATE, step, PACK, lazy_init=True)


@pytest.fixture(scope="module")
def model():
    init_default_scope("mmseg")
    torch.manual_seed(0)
    decoder = dict(type="FCNHead", in_channels=32, in_index=3, channels=8, num_convs=1)
    heads = dict(edge=dict(type="ChannelHead", channels=1, field="edge_map", decoder=decoder))
    heads["normal"] = dict(type="NormalHead", decoder=decoder)
    model = dict(type="LifelongSegmentor", heads=heads)
    model["backbone"] = dict(type="ResNet", depth=18, stem_channels=4, base_channels=4)
    model["data_preprocessor"] = dict(type="MultiTaskDataPreProcessor")
    return MODELS.build(model).eval()


class Letterbox:
    """A user's own transform that adds a border at all four sides."""

    def __call__(self, results):
        for key in ["img", *results["seg_fields"]]:
            array = results[key]
            ends = ((20, 4), (3, 13)) + ((0, 0),) * (array.ndim - 2)
            results[key] = np.pad(array, ends, constant_values=0 if key == "img" else 255)
        return results


FLIP = dict(type="RandomFlip", prob=1.0, direction="diagonal")


@pytest.mark.parametrize(
    "moves",
    [
        [dict(type="Pad", size_divisor=64)],
        [dict(type="MultiTaskPad", size=(64, 64))],
        [dict(type=mmcv.transforms.Pad, size=(64, 64), pad_val=dict(img=7, seg=255))],
        [dict(type="Pad", size=(48, 48)), dict(type="Pad", size_divisor=64)],
        [FLIP, dict(type="Pad", size_divisor=64)],
        [dict(type="Pad", size_divisor=64), FLIP],
        [Letterbox()],
    ],
)
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("packing", ["PackMultiTaskInputs", "PackSegInputs"])
def test_prediction_and_labels_are_those_of_the_image_alone(root, model, moves, before, packing):
    order = [*moves, ANNOTATE] if before else [ANNOTATE, *moves]
    item = dataset(root, LOAD, *order, dict(type=packing), test_mode=True)[0]
    batch = model.data_preprocessor({key: [value] for key, value in item.items()})
    assert batch["inputs"].shape[2:] == (64, 64)
    with torch.no_grad():
        raw = model.inference(batch["inputs"], [{}])
        (out,) = model.predict(**batch)
    edge, normal = raw["edge"][0], torch.nn.functional.normalize(raw["normal"][0], dim=0)
    if isinstance(moves[0], Letterbox):
        edge, normal = edge[:, 20:, 3:], normal[:, 20:, 3:]
    if FLIP in moves:  # the image lies in the corner that the flip took it to
        signs = torch.tensor([-1, -1, 1]).view(3, 1, 1)
        if moves[0] is FLIP:
            edge, normal = edge[:, :40, :48].flip(1, 2), normal[:, :40, :48].flip(1, 2) * signs
        else:
            edge, normal = edge.flip(1, 2), normal.flip(1, 2) * signs
    torch.testing.assert_close(out.pred_edge_map.data, edge[:, :40, :48])
    torch.testing.assert_close(out.pred_normal_map.data, normal[:, :40, :48], atol=1e-5, rtol=0)
    ramp = torch.from_numpy(np.load(root / "edge" / "0.npy"))
    assert torch.equal(out.gt_edge_map.data[0], ramp)
    assert out.gt_normal_map.data[:, 5, 5].tolist() == pytest.approx([0.6, 0, -0.8])
    assert out.gt_sem_seg.data.max() < 40


def test_labels_that_a_test_resizes_are_refused_by_name(root, model):
    item = dataset(root, LOAD, ANNOTATE, dict(type="Resize", scale=(64, 64)), PACK)[0]
    batch = model.data_preprocessor({key: [value] for key, value in item.items()})
    with pytest.raises(ValueError, match=r"0\.png: gt_edge_map.*Resize.*read annotations after it"):
        model.predict(**batch)
    item = dataset(root, LOAD, dict(type="Resize", scale=(64, 64)), ANNOTATE, PACK)[0]
    batch = model.data_preprocessor({key: [value] for key, value in item.items()})
    (out,) = model.predict(**batch)
    assert out.pred_edge_map.data.shape == out.gt_edge_map.data.shape == (1, *SIZE)


def test_what_a_stock_transform_refuses_names_it():
    with pytest.raises(ValueError, match=r"^RandomFlip with \{\}: probs must be float"):
        build_step(dict(type="RandomFlip"))
    with pytest.raises(ValueError, match=r"^RandomFlip with \{\}: probs"):
        build_step(dict(type="RandomApply", transforms=[dict(type="RandomFlip")], prob=0.5))
    with pytest.raises(ValueError, match="keep_ratio of Resize is 'no'"):
        build_step(dict(type="Resize", scale=(9, 9), keep_ratio="no"))
    with pytest.raises(ValueError, match=r"RandomResize is \(9, 9\); without ratio_range"):
        build_step(dict(type="RandomResize", scale=(9, 9)))
    build_step(dict(type="RandomResize", scale=[(9, 9), (18, 18)]))
    pad = build_step(dict(type="Pad", size=(9, 9), pad_val=dict(img=0, seg=300)))
    label = dict(gt_seg_map=np.zeros((4, 4), np.uint8), seg_fields=["gt_seg_map"], dense_fields={})
    with pytest.raises(ValueError, match=r"pad_val\['seg'\] of Pad is 300"):
        pad(dict(img=np.zeros((4, 4, 3), np.uint8), **label))


@pytest.mark.parametrize("pairs", [[(0, 1), (1, 2)], [(0, 0)], [(0, 1, 2)], [0, 1], [(0, -1)]])
def test_swapped_labels_are_pairs(pairs):
    with pytest.raises(ValueError, match="swap_seg_labels of RandomFlip is .* each id in one"):
        build_step(dict(type="RandomFlip", prob=1.0, swap_seg_labels=pairs))


def test_swapped_labels_are_classes(root):
    flip = dict(type="RandomFlip", prob=1.0, swap_seg_labels=[(0, 99)])
    with pytest.raises(ValueError, match=r"swap_seg_labels of RandomFlip has \(0, 99\), of "):
        dataset(root, LOAD, ANNOTATE, flip, PACK)[0]


@pytest.mark.parametrize("prob", [2, -0.1, "0.5", True, float("nan"), None, [0.5]])
@pytest.mark.parametrize("kind", ["RandomApply", "mmcv.RandomApply", mmcv.transforms.RandomApply])
def test_a_chance_that_is_none_is_refused(prob, kind):
    init_default_scope("mmseg")
    flip = dict(type="RandomFlip", prob=0.5)
    step = dict(type=kind, transforms=[flip], prob=prob)
    with pytest.raises(ValueError, match=r"prob of RandomApply is .* be a number in \[0, 1\]"):
        build_step(dict(type="Compose", transforms=[step]))
    assert build_step(dict(step, prob=1))


def test_reduce_zero_label_of_the_dataset_may_stand_in_its_pipeline_too(root):
    """As in mmseg's config of ADE20K, whose dataset says it itself; id 0 is left out once."""
    again = dict(type="LoadAnnotations", reduce_zero_label=True)
    seg = dict(seg=dict(reduce_zero_label=True))
    plain = dataset(root, LOAD, dict(ANNOTATE), PACK, tasks=["seg"], reduce_zero_label=True)
    label = plain[0]["data_samples"].gt_sem_seg.data
    assert (label == 255).any() and label[label != 255].min() == 0
    for steps in ([again, PACK], [dict(type="Compose", transforms=[again]), PACK]):
        for said in (dict(reduce_zero_label=True), dict(annotations=seg)):
            item = dataset(root, LOAD, *steps, tasks=["seg"], **said)[0]
            assert torch.equal(item["data_samples"].gt_sem_seg.data, label)
    views = dict(type="TestTimeAug", transforms=[[again], [PACK]])
    item = dataset(root, LOAD, views, tasks=["seg"], reduce_zero_label=True)[0]
    assert torch.equal(item["data_samples"][0].gt_sem_seg.data, label)
    with pytest.raises(ValueError, match="LoadAnnotations.*reduce_zero_label=True of the dataset"):
        dataset(root, LOAD, again, PACK, tasks=["seg"])
    assert again == dict(type="LoadAnnotations", reduce_zero_label=True)


@pytest.mark.parametrize(
    ("key", "place"),
    [("reduce_zero_label", "the dataset: reduce_zero_label=True"), ("scale", "an annotation: ann")],
)
def test_options_of_labels_do_not_belong_to_their_loader(key, place):
    step = dict(type="LoadMultiTaskAnnotations", backend_args=None)
    build_step(step)
    with pytest.raises(ValueError, match=f"has no option '{key}'; .*{place}"):
        build_step({**step, key: 1})
