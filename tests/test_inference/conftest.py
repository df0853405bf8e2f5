"""A checkpoint of a tiny untrained model of three tasks, and images."""

import pytest

META = dict(
    classes=tuple(f"thing {i}" for i in range(13)), palette=[[i, 100, 7 * i] for i in range(13)]
)


def save_checkpoint(path, cfg, meta=META, seed=0):
    """Write a checkpoint with random weights as a phase leaves it."""
    import torch  # not above, see tests/conftest.py
    from mmengine.registry import init_default_scope
    from mmseg.registry import MODELS

    init_default_scope("mmseg")
    torch.manual_seed(seed)
    model = MODELS.build(dict(cfg.model))
    model.init_weights()
    for head in model.heads.values():
        torch.nn.init.normal_(head.decoder.conv_seg.weight, std=1.0)
    content = dict(meta=dict(cfg=cfg.pretty_text, dataset_meta=meta), state_dict=model.state_dict())
    torch.save(content, path)
    return str(path)


@pytest.fixture(scope="package")
def tiny_config(sequence_config):
    cfg = sequence_config("unused")
    cfg.model.method = dict(type="HAD", loss_weight=3.0)  # an option that prediction does not use
    cfg.model.tasks = ["seg", "depth", "normal"]  # as in every phase
    return cfg


@pytest.fixture(scope="package")
def checkpoint(tiny_config, tmp_path_factory):
    return save_checkpoint(tmp_path_factory.mktemp("model") / "normal.pth", tiny_config)


@pytest.fixture
def photos(tmp_path):
    """Four images of two sizes in two folders, two of them of one name."""
    import cv2
    import numpy as np

    rng = np.random.default_rng(0)
    folder = tmp_path / "photos"
    for name, size in (
        ("a/x.png", (32, 48)),
        ("b/x.png", (32, 48)),
        ("b/y.jpg", (24, 40)),
        ("b/z.JPG", (32, 48)),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / name), rng.integers(0, 255, (*size, 3), np.uint8))
    return folder
