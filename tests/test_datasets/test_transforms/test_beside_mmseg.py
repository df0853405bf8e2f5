"""mmseg's own datasets and trainings are the same with mmlhl imported."""

import copy
import random

import mmcv.transforms
import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmseg.datasets import transforms as stock
from mmseg.registry import DATASETS, TRANSFORMS

from mmlhl.datasets.pipelines import build_step

from .test_stock_transforms import CHAINS, assert_aligned, pack, results

#: an mmseg pipeline with every transform that mmlhl replaces
STEPS = [
    ("LoadAnnotations", dict()),
    ("RandomResize", dict(scale=(48, 32), ratio_range=(0.8, 1.5), keep_ratio=True)),
    ("RandomRotate", dict(prob=0.8, degree=20.0, pad_val=(1, 2, 3), seg_pad_val=9)),
    ("RandomRotFlip", dict(rotate_prob=0.5, flip_prob=0.5, degree=10.0)),
    ("ResizeToMultiple", dict(size_divisor=4)),
    ("RandomCrop", dict(crop_size=(24, 24), cat_max_ratio=0.9)),
    ("CenterCrop", dict(crop_size=(24, 20), auto_pad=True)),
    ("RandomFlip", dict(prob=0.5, direction="vertical")),
    ("RandomCutOut", dict(prob=0.5, n_holes=2, cutout_shape=(3, 4), seg_fill_in=255)),
    ("PhotoMetricDistortion", dict()),
    ("GenerateEdge", dict()),
    ("Pad", dict(size=(32, 32), pad_val=dict(img=0, seg=255))),
    ("PackSegInputs", dict()),
]


def stock_class(name):
    """mmcv's or mmseg's own class, even if the registry has another of that name."""
    return getattr(stock, name, None) or getattr(mmcv.transforms, name)


def pipeline(form, without=()):
    """The steps by name, as classes, or built by hand from the stock classes."""
    steps = [("LoadImageFromFile", dict()), *(step for step in STEPS if step[0] not in without)]
    if form == "name":
        return [dict(type=name, **options) for name, options in steps]
    if form == "class":
        return [dict(type=stock_class(name), **options) for name, options in steps]
    return [stock_class(name)(**copy.deepcopy(options)) for name, options in steps]


def plain_set(root, form, without=()):
    return dict(
        type="BaseSegDataset",
        data_root=str(root / "train"),
        data_prefix=dict(img_path="image", seg_map_path="label"),
        img_suffix=".png",
        metainfo=dict(classes=[f"class {i}" for i in range(13)]),
        pipeline=pipeline(form, without),
    )


@pytest.mark.parametrize("form", ["name", "class"])
def test_samples_of_mmsegs_dataset(rooms_root, form):
    init_default_scope("mmseg")
    outcomes = []
    for each in (form, "by hand"):
        dataset = DATASETS.build(plain_set(rooms_root, each))
        np.random.seed(0)
        random.seed(0)
        samples = [dataset[index] for index in range(6)]
        outcomes.append(samples)
    for ours, theirs in zip(*outcomes, strict=True):
        torch.testing.assert_close(ours["inputs"], theirs["inputs"], rtol=0, atol=0)
        ours, theirs = ours["data_samples"], theirs["data_samples"]
        for field in ("gt_sem_seg", "gt_edge_map"):
            assert torch.equal(ours.get(field).data, theirs.get(field).data)
        added = {"geometry"}  # the recorded steps, for mapping predictions back
        assert {k: v for k, v in ours.metainfo.items() if k not in added} == theirs.metainfo


def test_a_training_of_mmsegs_own(rooms_root, decoder_config, tmp_path):
    """A training of mmseg is identical to the bit if mmlhl is imported."""
    init_default_scope("mmseg")
    weights = []
    for form in ("class", "by hand"):
        loader = dict(
            # these interpolate ids, in mmseg itself
            dataset=plain_set(rooms_root, form, ("RandomRotFlip", "RandomRotate", "CenterCrop")),
            batch_size=2,
            num_workers=0,
            sampler=dict(type="DefaultSampler", shuffle=True),
        )
        backbone = dict(type="ResNet", depth=18, base_channels=4, stem_channels=4)
        runner = Runner(
            model=dict(
                type="EncoderDecoder",
                data_preprocessor=dict(type="SegDataPreProcessor", size=(32, 32)),
                backbone=dict(backbone, norm_cfg=dict(type="BN")),
                decode_head=decoder_config(num_classes=13),
            ),
            work_dir=str(tmp_path / form),
            train_dataloader=loader,
            train_cfg=dict(by_epoch=False, max_iters=2),
            optim_wrapper=dict(optimizer=dict(type="SGD", lr=0.1)),
            default_hooks=dict(checkpoint=None),
            randomness=dict(seed=0),
            default_scope="mmseg",
            experiment_name=f"beside {form} {tmp_path.name}",
            log_level="ERROR",
        )
        runner.train()
        weights.append(runner.model.state_dict())
    for name, value in weights[0].items():
        assert torch.equal(value, weights[1][name]), name


def forms(step):
    cls = stock_class(step["type"])
    yield dict(step, type=cls)
    scope = "mmseg" if hasattr(stock, step["type"]) else "mmcv"
    yield dict(step, type=f"mmseg.{step['type']}" if scope == "mmseg" else step["type"])


WRAPPERS = dict(
    RandomChoice=lambda step: dict(type="RandomChoice", transforms=[[step], [step]]),
    RandomApply=lambda step: dict(type="RandomApply", prob=1.0, transforms=[step]),
    Compose=lambda step: dict(type="Compose", transforms=[step]),
    deep=lambda step: dict(
        type="RandomApply",
        prob=1.0,
        transforms=[
            dict(type="RandomChoice", transforms=[[dict(type="Compose", transforms=[step])]])
        ],
    ),
    broadcast=lambda step: dict(type="TransformBroadcaster", transforms=[step], mapping=None),
)


@pytest.mark.parametrize("wrapper", [*WRAPPERS, "mmcv's class"])
@pytest.mark.parametrize("name", ["quarter", "rotate", "crop", "horizontal", "pad", "rot_flip"])
def test_in_any_wrapper_and_spelling(name, wrapper):
    """In a dataset's pipeline: every label moves, or the step is refused by name."""
    init_default_scope("mmseg")
    (step,) = CHAINS[name]
    for each in forms(step):
        if wrapper == "mmcv's class":
            config = dict(type=mmcv.transforms.RandomApply, prob=1.0, transforms=[each])
        else:
            config = WRAPPERS[wrapper](each)
        try:
            built = build_step(config)
        except ValueError as error:
            assert wrapper == "broadcast" and step["type"] in str(error)
            continue
        np.random.seed(0)
        assert_aligned(pack(built(results())))


@pytest.mark.parametrize("name", ["quarter", "crop", "horizontal", "pad"])
def test_outside_of_a_datasets_pipeline(name):
    """As mmseg's MultiImageMixDataset builds them."""
    init_default_scope("mmseg")
    (step,) = CHAINS[name]
    for each in forms(step):
        np.random.seed(0)
        assert_aligned(pack(TRANSFORMS.build(each)(results())))
