"""mmseg's apis on the checkpoint of a sequence."""

import copy

import cv2
import numpy as np
import pytest
import torch
from mmseg.apis import MMSegInferencer, inference_model, init_model


@pytest.fixture(scope="module")
def finished(trained):
    """Config, last and first checkpoint of a sequence of three phases."""
    cfg, record = trained
    paths = [f"{cfg.work_dir}/{phase['checkpoint']}" for phase in record.phases]
    return cfg, paths


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "picture.png"
    pixels = np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8)
    cv2.imwrite(str(path), pixels)
    return str(path), pixels


def test_init_model_and_inference_model(finished, picture):
    cfg, paths = finished
    path, pixels = picture
    model = init_model(copy.deepcopy(cfg), paths[-1], device="cpu")
    assert model.tasks == ["seg", "depth", "normal"]
    assert len(model.dataset_meta["classes"]) == 13
    result = inference_model(model, path)
    assert result.pred_sem_seg.data.shape == (1, 40, 60)
    assert result.pred_depth_map.data.shape == (1, 40, 60)
    assert result.pred_normal_map.data.shape == (3, 40, 60)
    again = inference_model(model, pixels)
    torch.testing.assert_close(again.pred_depth_map.data, result.pred_depth_map.data)
    first = init_model(copy.deepcopy(cfg), paths[0], device="cpu")
    assert first.tasks == ["seg"]
    assert "pred_depth_map" not in inference_model(first, path)


def test_inferencer(finished, picture, tmp_path):
    cfg, paths = finished
    path, _ = picture
    inferencer = MMSegInferencer(model=copy.deepcopy(cfg), weights=paths[-1], device="cpu")
    out = inferencer(path, out_dir=str(tmp_path / "out"), show=False)
    assert out["predictions"].shape == (40, 60)
    assert list((tmp_path / "out" / "vis").iterdir())
