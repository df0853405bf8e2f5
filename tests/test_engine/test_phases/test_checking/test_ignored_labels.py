"""The ignore index must be the same everywhere in a config."""

import pytest

from mmlhl.datasets.transforms import MultiTaskPad
from mmlhl.engine import parse_phases

TRAIN, TEST = "train_dataloader", "test_dataloader"
LOAD = [dict(type="LoadImageFromFile"), dict(type="LoadMultiTaskAnnotations")]
PACK = [dict(type="PackMultiTaskInputs")]
DICE = dict(type="DiceLoss", ignore_index=7)
INSIDE = dict(type="RandomApply", transforms=[dict(type="RandomRotate", prob=1, degree=9)])


def pipeline(*steps, loader=TRAIN):
    return {f"{loader}.dataset.pipeline": [*LOAD, *steps, *PACK]}


WRONG = [
    ({"model.heads.seg.ignore_index": 0}, r"model.heads.seg.ignore_index is 0.*annotations.seg"),
    ({"model.heads.seg.loss": DICE}, "model.heads.seg.loss.ignore_index is 7"),
    ({"model.heads.seg.loss": [dict(type="CrossEntropyLoss"), DICE]}, r"loss\[1\].ignore_index"),
    (
        {"model.heads.seg.loss": dict(type="OhemCrossEntropy", ignore_label=0)},
        "loss.ignore_label is 0",
    ),
    ({"model.data_preprocessor.seg_pad_val": 0}, "data_preprocessor.seg_pad_val is 0.*write 255"),
    ({"test_evaluator.metrics.seg.ignore_index": 0}, "metrics.seg.ignore_index is 0"),
    ({"test_evaluator.metrics.seg": [dict(type="IoUMetric", ignore_index=1)]}, "ignore_index is 1"),
    (
        pipeline(dict(type="Pad", size=(9, 9), pad_val=dict(img=0, seg=0))),
        r"\[2\].pad_val.seg is 0",
    ),
    (
        pipeline(dict(type=MultiTaskPad, size=(9, 9), pad_val=dict(seg=254)), loader=TEST),
        r"test_dataloader.*pad_val.seg is 254",
    ),
    (pipeline(dict(type="RandomRotate", prob=1, degree=9, seg_pad_val=0)), "seg_pad_val is 0"),
    (
        pipeline(dict(INSIDE, transforms=[dict(INSIDE["transforms"][0], seg_pad_val=3)])),
        r"\[2\].transforms\[0\].seg_pad_val is 3",
    ),
    (pipeline(dict(type="mmseg.RandomCrop", crop_size=(8, 8), ignore_index=0)), "ignore_index is"),
    (
        pipeline(dict(type="RandomCutOut", prob=1, n_holes=1, cutout_shape=(2, 2), seg_fill_in=90)),
        "seg_fill_in is 90, .*write 255 or a class that all heads have",
    ),
    (pipeline(dict(type="GenerateEdge", ignore_index=0)), "ignore_index is 0"),
]


@pytest.mark.parametrize(("change", "message"), WRONG)
def test_different_ignore_index_is_refused(config, change, message):
    cfg = config()
    cfg.merge_from_dict(change)
    with pytest.raises(ValueError, match=message):
        parse_phases(cfg)


def test_the_models_own_preprocessor_counts_before_the_one_beside_it(config):
    """As in mmengine; shipped configs have both, mmseg's as well."""
    cfg = config()
    beside = dict(cfg.model.data_preprocessor, seg_pad_val=0)
    cfg.data_preprocessor = beside
    parse_phases(cfg)
    cfg.model.data_preprocessor.seg_pad_val, cfg.data_preprocessor.seg_pad_val = 0, 255
    with pytest.raises(ValueError, match=r"model.data_preprocessor.seg_pad_val is 0.*write 255"):
        parse_phases(cfg)
    cfg.model.pop("data_preprocessor")
    parse_phases(cfg)
    cfg.data_preprocessor = beside
    with pytest.raises(ValueError, match=r"data_preprocessor.seg_pad_val is 0.*write 255"):
        parse_phases(cfg)


def test_in_a_phase_of_its_own(config):
    own = dict(model=dict(data_preprocessor=dict(seg_pad_val=0)))
    cfg = config(phases=[dict(tasks=["seg"]), dict(tasks=["depth"], model=own["model"])])
    with pytest.raises(ValueError, match=r"phases\[1\]: model.data_preprocessor.seg_pad_val is 0"):
        parse_phases(cfg)


@pytest.mark.parametrize(
    "change",
    [
        {"model.heads.seg.loss": dict(DICE, ignore_index=255)},
        pipeline(dict(type="Pad", size=(9, 9), pad_val=dict(img=3, seg=255))),
        pipeline(dict(type="Pad", size=(9, 9), pad_val=7)),
        pipeline(dict(type="RandomRotate", prob=1, degree=9, pad_val=3, seg_pad_val=255)),
        pipeline(dict(type="RandomCutOut", prob=1, n_holes=1, cutout_shape=(2, 2), seg_fill_in=5)),
        {"model.data_preprocessor.pad_val": 9},
    ],
)
def test_equal_ignore_indices_are_accepted(config, change):
    cfg = config()
    cfg.merge_from_dict(change)
    parse_phases(cfg)


def test_labels_of_mmsegs_own_dataset(config):
    """They may have another ignore index if it is the same everywhere."""
    cfg = config(phases=[dict(tasks=["seg"])])
    dataset = dict(type="BaseSegDataset", ignore_index=9, pipeline=[])
    for loader in (TRAIN, TEST):
        cfg[loader].dataset = dataset
    cfg.model.heads.seg.ignore_index = 9
    with pytest.raises(ValueError, match="seg_pad_val is 255, but model.heads.seg leaves out 9"):
        parse_phases(cfg)
    cfg.model.data_preprocessor.seg_pad_val = 9
    with pytest.raises(
        ValueError, match="metrics.seg.ignore_index is 255, but.* or leave 255 out in"
    ):
        parse_phases(cfg)
    cfg.test_evaluator.metrics.seg.ignore_index = 9
    parse_phases(cfg)
