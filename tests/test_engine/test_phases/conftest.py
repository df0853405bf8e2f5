"""Configs of sequences, and a guard that nothing of them is built."""

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmseg.registry import MODELS
from shared_fixtures import tiny_decoder, two_stages

from mmlhl.models.methods import BaseMethod

SIZE = (32, 48)
CLASSES = ("a", "b", "c")


@pytest.fixture
def config(sequence_config, tmp_path):
    """A function: a sequence's config with some entries changed."""

    def make(**changes):
        return sequence_config(tmp_path / "run", **{"dry_run": True, **changes})

    return make


@pytest.fixture
def nothing_is_built(monkeypatch):
    """Building any network, dataset or runner fails the test.

    A method, and the loss in it, may be built: it is a plain object that checks its options.
    """
    build = MODELS.build

    def refuse(*args, **kwargs):
        raise AssertionError("something was built")

    def only_methods(config, *args, **kwargs):
        kind = MODELS.get(config["type"]) if isinstance(config["type"], str) else config["type"]
        if not (issubclass(kind, BaseMethod) or kind.__name__.endswith("Loss")):
            refuse()
        return build(config, *args, **kwargs)

    monkeypatch.setattr("mmseg.registry.MODELS.build", only_methods)
    monkeypatch.setattr("mmseg.registry.DATASETS.build", refuse)
    monkeypatch.setattr("mmengine.runner.Runner.__init__", refuse)


@pytest.fixture(scope="module")
def plain_root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plain")
    rng = np.random.default_rng(0)
    for kind, most, end in (("img", 256, "jpg"), ("ann", 3, "png"), ("two", 2, "png")):
        (folder / kind).mkdir()
        for index in range(4):
            shape = (*SIZE, 3)[: 3 if kind == "img" else 2]
            values = rng.integers(0, most, shape, dtype=np.uint8)
            cv2.imwrite(str(folder / kind / f"{index}.{end}"), values)
    return folder


@pytest.fixture
def plain_config(plain_root, tmp_path):
    """A function: config of a training without phases, with changes by dotted key."""
    pipeline = [dict(type=f"Load{each}") for each in ("ImageFromFile", "Annotations")]
    pipeline = [*pipeline, dict(type="RandomFlip", prob=0.5), dict(type="PackSegInputs")]
    dataset = dict(
        type="BaseSegDataset",
        data_root=str(plain_root),
        metainfo=dict(classes=CLASSES),
        data_prefix=dict(img_path="img", seg_map_path="ann"),
        img_suffix=".jpg",
        pipeline=pipeline,
    )
    loader = dict(batch_size=2, num_workers=0, sampler=dict(type="DefaultSampler", shuffle=True))

    def make(**changes):
        cfg = Config(
            dict(
                default_scope="mmseg",
                work_dir=str(tmp_path / "work"),
                experiment_name=str(tmp_path),  # mmengine's loggers are global by this name
                model=_segmentor(),
                train_dataloader=dict(loader, dataset=dataset),
                train_cfg=dict(type="EpochBasedTrainLoop", max_epochs=1),
                optim_wrapper=dict(type="OptimWrapper", optimizer=dict(type="SGD", lr=0.1)),
                val_dataloader=dict(loader, batch_size=1, dataset=dataset),
                val_cfg=dict(type="ValLoop"),
                val_evaluator=dict(type="IoUMetric", prefix="seg"),
                randomness=dict(seed=3),
            )
        )
        cfg.merge_from_dict({key.replace("__", "."): value for key, value in changes.items()})
        return cfg

    return make


def _segmentor():
    """A small segmentor of mmseg."""
    loss = dict(type="CrossEntropyLoss", use_sigmoid=False)
    head = tiny_decoder(in_channels=8, in_index=1, num_classes=3, loss_decode=loss)
    return dict(
        type="EncoderDecoder",
        data_preprocessor=dict(type="SegDataPreProcessor", size=SIZE),
        backbone=two_stages(),
        decode_head=head,
        test_cfg=dict(mode="whole"),
    )
