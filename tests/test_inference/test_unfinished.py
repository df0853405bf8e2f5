"""What a user should know of a checkpoint or of images before trusting the maps."""

import cv2
import numpy as np
import pytest
import torch

from mmlhl.inference import LifelongInferencer, load_model
from mmlhl.inference.arrays import as_bgr
from mmlhl.inference.publishing import publish
from mmlhl.inference.unfinished import unfinished

EPOCHS, STEPS = dict(train_cfg=dict(max_epochs=20)), dict(train_cfg=dict(max_iters=900))


@pytest.fixture
def lines(monkeypatch):
    """What is logged as a warning."""
    found = []
    for module in ("unfinished", "pipeline", "arrays"):
        name = f"mmlhl.inference.{module}.print_log"
        monkeypatch.setattr(name, lambda text, *_: found.append(text))
    return found


def saved(log=True, **meta):
    return dict(meta=meta, state_dict={}, **(dict(message_hub={}) if log else {}))


@pytest.mark.parametrize(
    "content, cfg, wanted",
    [
        (saved(epoch=3, iter=30), EPOCHS, "epoch 3 of 20"),
        (saved(epoch=0, iter=899), STEPS, "iteration 899 of 900"),
        (saved(epoch=20, iter=200), EPOCHS, None),
        (saved(epoch=1, iter=900), STEPS, None),
        (saved(log=False, epoch=3), EPOCHS, None),  # a phase that was stopped early
        (saved(epoch="3", iter=None), EPOCHS, None),
        (saved(epoch=3), {}, None),
        (saved(epoch=3), dict(train_cfg=[1]), None),
        (saved(log=False, unfinished="epoch 3 of 20"), {}, "epoch 3 of 20"),
        (saved(log=False, unfinished="\x1b[2J"), {}, None),
        (dict(state_dict={}, message_hub={}), EPOCHS, None),
    ],
)
def test_how_far_a_phase_had_come(content, cfg, wanted):
    assert unfinished(content, cfg) == wanted


def test_a_checkpoint_from_mid_phase_is_named(checkpoint, tmp_path, lines):
    content = torch.load(checkpoint)
    content["meta"]["epoch"], content["message_hub"] = 1, {}
    content["meta"]["cfg"] += "\ntrain_cfg = dict(max_epochs=2)\n"
    torch.save(content, tmp_path / "epoch_1.pth")
    wanted = "epoch_1.pth was saved in mid-phase, after epoch 1 of 2: its newest task"
    load_model(str(tmp_path / "epoch_1.pth"))
    assert len(lines) == 1 and wanted in lines[0]
    published = publish(content, source="epoch_1.pth")
    assert len(lines) == 2 and lines[1].startswith(wanted)
    assert published["meta"]["unfinished"] == "epoch 1 of 2"
    torch.save(published, tmp_path / "published.pth")
    load_model(str(tmp_path / "published.pth"))
    load_model(checkpoint)
    assert len(lines) == 3 and "published.pth was saved in mid-phase, after epoch 1" in lines[2]


def test_images_of_twelve_bits_are_named(checkpoint, tmp_path, lines):
    rng = np.random.default_rng(0)
    deep = rng.integers(0, 4096, (32, 48, 3)).astype(np.uint16)
    cv2.imwrite(str(tmp_path / "deep.png"), deep)
    cv2.imwrite(str(tmp_path / "full.png"), deep * 16)
    inferencer = LifelongInferencer(checkpoint, show_progress=False)
    for image in ("full.png", "deep.png"):
        inferencer(str(tmp_path / image))
    for factor in (16, 1, 0):
        as_bgr(deep * factor, f"array {factor}")
    assert [line.partition(" greatest number")[0] for line in lines] == [
        "the images: the",
        "array 1: the",
    ]
    assert all("max_value=4095" in line for line in lines)
