"""Small sequences with all state that a resumed training must restore, and their images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmengine.config import Config

HEIGHT, WIDTH, IMAGES = 32, 48, 12
NAMES = ("wall", "floor", "table", "lamp")
METHODS = {
    "HAD": dict(type="HAD"),
    "EWC": dict(type="EWC", loss_weight=10.0),
    "SGP": dict(type="SGP"),
    "ICaRL": dict(type="ICaRL", buffer_size=4),
    "DER": dict(type="DER", buffer_size=4),
}
AUGMENTED = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadMultiTaskAnnotations"),
    dict(type="RandomResize", scale=(WIDTH, HEIGHT), ratio_range=(1.0, 1.5), keep_ratio=True),
    dict(type="RandomCrop", crop_size=(HEIGHT, WIDTH)),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PhotoMetricDistortion"),
    dict(type="PackMultiTaskInputs"),
]
PLAIN = [AUGMENTED[0], AUGMENTED[1], AUGMENTED[-1]]


def write_images(root: Path) -> None:
    """Write images of two planes with classes and depth, unless the folder exists."""
    if root.exists():
        return
    rng = np.random.default_rng(0)
    for split, count in (("train", IMAGES), ("test", 3)):
        for kind in ("image", "seg", "depth"):
            (root / split / kind).mkdir(parents=True)
        for index in range(count):
            left = np.arange(WIDTH)[None].repeat(HEIGHT, 0) < rng.integers(8, WIDTH - 8)
            image = np.where(left[..., None], (40, 90, 200), (200, 120, 30))
            image = (image + rng.normal(0, 12, image.shape)).clip(0, 255).astype(np.uint8)
            name = f"{index}.png"
            cv2.imwrite(str(root / split / "image" / name), image)
            cv2.imwrite(str(root / split / "seg" / name), np.where(left, 1, 2).astype(np.uint8))
            depth = np.where(left, 1500, 4000).astype(np.uint16)
            cv2.imwrite(str(root / split / "depth" / name), depth)


def _model(method: str) -> dict:
    decoder = dict(type="FCNHead", in_channels=32, in_index=3, channels=8, num_convs=1)
    decoder.update(concat_input=False, dropout_ratio=0.3, norm_cfg=dict(type="BN"))
    return dict(
        type="LifelongSegmentor",
        data_preprocessor=dict(type="MultiTaskDataPreProcessor", mean=[120.0] * 3, std=[60.0] * 3),
        backbone=dict(type="ResNet", depth=18, stem_channels=4, base_channels=4),
        heads=dict(
            seg=dict(type="SegmentationHead", num_classes=len(NAMES), decoder=decoder),
            depth=dict(type="DepthHead", decoder=decoder),
        ),
        method=METHODS[method],
    )


def _dataset(root: Path, split: str, steps: list) -> dict:
    annotations = dict(
        seg=dict(kind="classes", dir=f"{split}/seg", suffix=".png", classes=NAMES),
        depth=dict(kind="depth", dir=f"{split}/depth", suffix=".png", scale=0.001),
    )
    data = dict(type="MultiTaskDataset", data_root=str(root), annotations=annotations)
    return dict(data, img=dict(dir=f"{split}/image", suffix=".png"), pipeline=steps)


def kill_config(
    root: Path,
    work_dir: Path,
    method: str = "HAD",
    processes: int = 1,
    workers: int = 0,
    persistent: bool = False,
    by_epoch: bool = True,
    averaged: bool = False,
    accumulate: int = 1,
    interval: int | None = None,
    epochs: int = 3,
) -> Config:
    """Config of a sequence of two phases with augmentation, dropout and regular checkpoints.

    Args:
        root: Root folder of :func:`write_images`.
        work_dir: The sequence's folder.
        method: A key of ``METHODS``.
        processes: Number of training processes, with two images per step each.
        workers: Number of loading processes of each.
        persistent: Whether the loading processes are kept between epochs.
        by_epoch: Whether the loop is by epochs, else by steps.
        averaged: Whether there is an ``EMAHook``.
        accumulate: Number of steps whose gradients are accumulated.
        interval: Steps between checkpoints; None for one per epoch.
        epochs: Length of a phase.
    """

    def loader(split: str, steps: list) -> dict:
        data = _dataset(root, split, steps)
        train = split == "train"
        sampler = "DefaultSampler" if by_epoch or not train else "InfiniteSampler"
        return dict(
            batch_size=2,
            num_workers=workers if train else 0,
            persistent_workers=persistent and train,
            sampler=dict(type=sampler, shuffle=train),
            dataset=data if train else dict(data, test_mode=True),
        )

    steps = epochs * (IMAGES // 2 // 2 // processes)
    metrics = dict(seg=dict(type="SegmentationMetric"), depth=dict(type="DepthErrorMetric"))
    loop: dict[str, Any] = dict(type="EpochBasedTrainLoop", max_epochs=epochs)
    if not by_epoch:
        loop = dict(type="IterBasedTrainLoop", max_iters=steps)
    return Config(
        dict(
            runner_type="LifelongRunner",
            default_scope="mmseg",
            work_dir=str(work_dir),
            experiment_name="killed",
            model=_model(method),
            phases=[dict(tasks=["seg"]), dict(tasks=["depth"])],
            train_dataloader=loader("train", AUGMENTED),
            test_dataloader=loader("test", PLAIN),
            test_evaluator=dict(type="MultiTaskEvaluator", metrics=metrics),
            test_cfg=dict(type="TestLoop"),
            train_cfg=loop,
            optim_wrapper=dict(
                type="OptimWrapper",
                optimizer=dict(type="Adam", lr=2e-3),
                accumulative_counts=accumulate,
            ),
            # with eta_min, as the last epoch would train nothing, resumed or not
            param_scheduler=[
                dict(
                    type="PolyLR",
                    begin=0,
                    end=epochs if by_epoch else steps,
                    eta_min=5e-4,
                    power=0.9,
                    by_epoch=by_epoch,
                )
            ],
            default_hooks=dict(
                checkpoint=dict(
                    type="CheckpointHook",
                    by_epoch=by_epoch and interval is None,
                    interval=interval or (1 if by_epoch else 2),
                    max_keep_ckpts=1,
                ),
                logger=dict(type="LoggerHook", interval=1000),
            ),
            custom_hooks=[dict(type="EMAHook", momentum=0.3)] if averaged else [],
            log_processor=dict(by_epoch=by_epoch),
            log_level="WARNING",
            env_cfg=dict(mp_cfg=dict(mp_start_method="fork", opencv_num_threads=0)),
            randomness=dict(seed=0),
            dry_run=False,  # takes a tenth of the time and does not affect training
            launcher="none" if processes == 1 else "pytorch",
        )
    )
