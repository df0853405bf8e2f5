"""tools/infer.py, and mmseg's own ways to predict, with the same checkpoint."""

import runpy
import sys
from pathlib import Path

import cv2
import mmcv
import numpy as np
import pytest
import torch
from mmengine.visualization import Visualizer
from mmseg.apis import MMSegInferencer, inference_model, init_model, show_result_pyplot

from mmlhl.inference import LifelongInferencer

TOOLS = Path(__file__).resolve().parents[2] / "tools"


def run_tool(name, *args):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [name, *map(str, args)])
        runpy.run_path(str(TOOLS / name), run_name="__main__")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in").mkdir()
    rng = np.random.default_rng(0)
    for name, size in (("a", (32, 48)), ("b", (20, 30))):
        cv2.imwrite(str(tmp_path / f"in/{name}.png"), rng.integers(0, 255, (*size, 3), np.uint8))
    return tmp_path / "in"


def test_infer_counts_frames_of_videos_apart_from_images(checkpoint, folder, tmp_path, capsys):
    clip = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(clip), cv2.VideoWriter_fourcc(*"MJPG"), 5, (48, 32))
    for grey in (0, 90, 200):
        writer.write(np.full((32, 48, 3), grey, np.uint8))
    writer.release()
    options = ["--tasks", "seg", "--device", "cpu"]
    run_tool("infer.py", checkpoint, clip, "--out", tmp_path / "one", *options)
    assert ": seg of 3 frame(s) of 1 video(s)\n" in capsys.readouterr().out
    run_tool("infer.py", checkpoint, clip, folder, "--out", tmp_path / "two", *options)
    assert ": seg of 2 image(s) and 3 frame(s) of 1 video(s)\n" in capsys.readouterr().out


def test_infer_writes_the_maps_of_a_folder(checkpoint, folder, tmp_path, capsys):
    out = tmp_path / "out"
    options = ["--out", out, "--device", "cpu"]
    run_tool("infer.py", checkpoint, folder, *options, "--batch-size", 2, "--panels")
    assert "seg, depth, normal of 2 image(s)" in capsys.readouterr().out
    for task in ("seg", "depth", "normal", "panels"):
        assert sorted(p.name for p in (out / task).iterdir()) == ["a.png", "b.png"]
    assert cv2.imread(str(out / "depth/b.png"), cv2.IMREAD_UNCHANGED).shape == (20, 30)

    one = ["--out", tmp_path / "one", "--tasks", "seg", "--npy"]
    run_tool("infer.py", checkpoint, folder / "a.png", *one)
    assert sorted(p.name for p in (tmp_path / "one").iterdir()) == ["maps.json", "seg"]
    assert sorted(p.name for p in (tmp_path / "one/seg").iterdir()) == ["a.npy", "a.png"]

    with pytest.raises(SystemExit, match="infer.py: .*gone.png"):
        run_tool("infer.py", checkpoint, folder / "gone.png", "--out", tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_mmsegs_own_apis_predict_with_our_checkpoints(checkpoint, tiny_config, folder, tmp_path):
    path = str(folder / "a.png")
    maps = LifelongInferencer(checkpoint, device="cpu", show_progress=False)(path)
    tiny_config.dump(tmp_path / "config.py")
    model = init_model(str(tmp_path / "config.py"), checkpoint, device="cpu")
    for result in (
        inference_model(model, path),
        inference_model(model, [path, path])[1],
        inference_model(model, mmcv.imread(path)),  # last, as it turns the pipeline to arrays
    ):
        assert (result.pred_sem_seg.data[0].numpy() == maps["seg"]).all()
        torch.testing.assert_close(result.pred_depth_map.data[0], torch.from_numpy(maps["depth"]))
        normal = result.pred_normal_map.data.permute(1, 2, 0)
        torch.testing.assert_close(normal, torch.from_numpy(maps["normal"]))
    shown = show_result_pyplot(model, path, result, show=False, out_file=str(tmp_path / "s.png"))
    assert shown.shape[2] == 3 and (tmp_path / "s.png").exists()

    Visualizer._instance_dict.clear()
    stock = MMSegInferencer(str(tmp_path / "config.py"), checkpoint, device="cpu")
    results = stock(str(folder), out_dir=str(tmp_path / "stock"))
    assert any((ids == maps["seg"]).all() for ids in results["predictions"] if ids.shape[0] == 32)
    assert len(list((tmp_path / "stock/pred").iterdir())) == 2
