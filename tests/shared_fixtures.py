"""A tiny multi-task dataset in the layout of rooms, and tiny configs to train with it."""

from __future__ import annotations

import copy
import itertools

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

import mmlhl  # noqa: F401  registers everything

HEIGHT, WIDTH, CLASSES = 32, 48, 13
PIPELINE = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadMultiTaskAnnotations"),
    dict(type="PackMultiTaskInputs"),
]
_numbers = itertools.count()


@pytest.fixture(autouse=True)
def mmseg_scope():
    """Set the default scope like a config; the runner of another test may have changed it."""
    init_default_scope("mmseg")


@pytest.fixture(autouse=True, scope="session")
def plain_dumps():
    """Do not format configs with yapf, which mmengine does at each save in half a second."""
    patch = pytest.MonkeyPatch()
    for module in ("mmengine.config.config", "yapf.yapflib.yapf_api"):  # classic, maintained
        name = f"{module}.FormatCode"
        patch.setattr(name, lambda text, **_: (text, True), raising=module.startswith("yapf"))
    yield
    patch.undo()


def write_maps(folder, name, **maps):
    """Write maps of one frame as images (BGR), one folder per kind."""
    for kind, array in maps.items():
        (folder / kind).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / kind / name), array)


def _write_frame(folder, name, rng):
    """One frame of two planes; about a tenth of every annotation is unlabelled or unmeasured."""
    column = int(rng.integers(10, WIDTH - 10))
    left = np.arange(WIDTH)[None] < column
    left = np.repeat(left, HEIGHT, 0)
    image = np.where(left[..., None], (40, 90, 200), (200, 120, 30)) + rng.normal(
        0, 12, (HEIGHT, WIDTH, 3)
    )
    label = np.where(left, 2, 7).astype(np.uint8)
    depth = np.where(left, 1500, 4000).astype(np.uint16)
    normal = np.where(left[..., None], (0.6, 0.0, -0.8), (0.0, -0.6, -0.8))
    unknown = rng.random((3, HEIGHT, WIDTH)) < 0.1
    label[unknown[0]] = 255
    depth[unknown[1]] = 0
    stored = np.round((normal + 1) * 32767.5).astype(np.uint16)
    stored[unknown[2]] = 0
    image = image.clip(0, 255).astype(np.uint8)
    write_maps(folder, name, image=image, label=label, depth=depth, normal=stored[..., ::-1])


@pytest.fixture(scope="session")
def rooms_root(tmp_path_factory):
    """Folder with 12 training and 5 validation frames of 32x48 in the layout of rooms."""
    root = tmp_path_factory.mktemp("data") / "rooms"
    rng = np.random.default_rng(0)
    for split, frames in (("train", 12), ("val", 5)):
        for index in range(frames):
            _write_frame(root / split, f"{index:05}.png", rng)
    return root


def two_stages():
    """ResNet-18 of two stages at strides 4 and 8, four and eight channels."""
    return dict(
        type="ResNet",
        depth=18,
        stem_channels=4,
        base_channels=4,
        num_stages=2,
        strides=(1, 2),
        dilations=(1, 1),
        out_indices=(0, 1),
        norm_cfg=dict(type="BN"),
    )


def tiny_decoder(**changes):
    """FCN decoder on the last stage of the tiny ResNet."""
    decoder = dict(
        type="FCNHead",
        in_channels=32,
        in_index=3,
        channels=8,
        num_convs=1,
        concat_input=False,
        dropout_ratio=0.0,
        norm_cfg=dict(type="BN"),
        align_corners=False,
    )
    return {**decoder, **changes}


def tiny_model_config(**changes):
    """Config of a LifelongSegmentor with three heads on a ResNet-18 of 4 channels, stride 8."""
    model = dict(
        type="LifelongSegmentor",
        data_preprocessor=dict(
            type="MultiTaskDataPreProcessor",
            mean=[123.675, 116.28, 103.53],
            std=[58.395, 57.12, 57.375],
            bgr_to_rgb=True,
        ),
        backbone=dict(
            type="ResNet",
            depth=18,
            stem_channels=4,
            base_channels=4,
            out_indices=(0, 1, 2, 3),
            strides=(1, 2, 1, 1),
            dilations=(1, 1, 2, 4),
            norm_cfg=dict(type="BN"),
            norm_eval=False,
        ),
        heads=dict(
            seg=dict(type="SegmentationHead", num_classes=CLASSES, decoder=tiny_decoder()),
            depth=dict(type="DepthHead", decoder=tiny_decoder()),
            normal=dict(type="NormalHead", decoder=tiny_decoder()),
        ),
        method=dict(type="HAD"),
        test_cfg=dict(mode="whole"),
    )
    return copy.deepcopy({**model, **changes})


@pytest.fixture(scope="session")
def decoder_config():
    """A function: :func:`tiny_decoder`."""
    return tiny_decoder


@pytest.fixture(scope="session")
def model_config():
    """A function: :func:`tiny_model_config`."""
    return tiny_model_config


@pytest.fixture(scope="session")
def sequence_config(rooms_root):
    """A function: config of a sequence of three phases, two epochs of two steps each.

    Without a dry run, unless ``dry_run=True`` is given: it is tried where it is tested, and in the
    sequence that is ``trained``.
    """

    def config(work_dir, **changes):
        def loader(split, **options):
            dataset = dict(
                type="RoomsDataset", data_root=str(rooms_root), split=split, pipeline=PIPELINE
            )
            return dict(
                batch_size=2,
                num_workers=0,
                persistent_workers=False,
                sampler=dict(type="DefaultSampler", shuffle=split == "train"),
                dataset={**dataset, **options},
            )

        cfg = dict(
            custom_imports=dict(imports=["mmlhl"], allow_failed_imports=False),
            runner_type="LifelongRunner",
            default_scope="mmseg",
            # mmengine's loggers and message hubs are global by this name and the second
            experiment_name=f"tiny_{next(_numbers)}",
            work_dir=str(work_dir),
            dry_run=False,
            model=tiny_model_config(),
            phases=[dict(tasks=["seg"]), dict(tasks=["depth"]), dict(tasks=["normal"])],
            train_dataloader=loader("train"),
            test_dataloader=loader("val", test_mode=True),
            test_pipeline=PIPELINE,
            test_evaluator=dict(
                type="MultiTaskEvaluator",
                metrics=dict(
                    seg=dict(type="SegmentationMetric"),
                    depth=dict(type="DepthErrorMetric"),
                    normal=dict(type="NormalErrorMetric"),
                ),
            ),
            train_cfg=dict(type="EpochBasedTrainLoop", max_epochs=2),
            val_cfg=None,
            test_cfg=dict(type="TestLoop"),
            optim_wrapper=dict(type="OptimWrapper", optimizer=dict(type="Adam", lr=2e-3)),
            # without eta_min the second epoch would train nothing, resumed or not
            param_scheduler=[dict(type="PolyLR", begin=0, end=2, eta_min=5e-4, by_epoch=True)],
            default_hooks=dict(
                timer=dict(type="IterTimerHook"),
                logger=dict(type="LoggerHook", interval=1),
                param_scheduler=dict(type="ParamSchedulerHook"),
                checkpoint=dict(type="CheckpointHook", interval=1, max_keep_ckpts=2),
                sampler_seed=dict(type="DistSamplerSeedHook"),
            ),
            visualizer=dict(
                type="SegLocalVisualizer",
                vis_backends=[dict(type="LocalVisBackend")],
                name="visualizer",
            ),
            env_cfg=dict(mp_cfg=dict(mp_start_method="fork", opencv_num_threads=0)),
            log_processor=dict(by_epoch=True),
            log_level="WARNING",
            randomness=dict(seed=0),
            launcher="none",
        )
        return Config({**cfg, **copy.deepcopy(changes)})

    return config


@pytest.fixture(scope="session")
def trained(sequence_config, tmp_path_factory):
    """A finished sequence with HAD: its config (``work_dir`` holds everything) and record."""
    from mmlhl.engine import LifelongRunner

    cfg = sequence_config(tmp_path_factory.mktemp("sequence") / "had", dry_run=True)
    return cfg, LifelongRunner.from_cfg(cfg).train()


@pytest.fixture
def samples():
    """A function: data samples with random maps, about a fifth of each unlabelled or unmeasured."""

    def make(n=2, height=HEIGHT, width=WIDTH, classes=CLASSES, seed=0, **meta):
        generator = torch.Generator().manual_seed(seed)

        def unknown():
            return torch.rand(1, height, width, generator=generator) < 0.2

        made = []
        for _ in range(n):
            label = torch.randint(classes, (1, height, width), generator=generator)
            depth = torch.rand(1, height, width, generator=generator) * 4 + 0.5
            normal = torch.randn(3, height, width, generator=generator)
            normal = normal / normal.norm(dim=0, keepdim=True)
            sample = SegDataSample(
                metainfo=dict(ori_shape=(height, width), img_shape=(height, width), **meta)
            )
            nan = torch.tensor(float("nan"))
            sample.gt_sem_seg = PixelData(data=label.masked_fill(unknown(), 255))
            sample.gt_depth_map = PixelData(data=torch.where(unknown(), nan, depth))
            sample.gt_normal_map = PixelData(data=torch.where(unknown(), nan, normal))
            made.append(sample)
        return made

    return make
