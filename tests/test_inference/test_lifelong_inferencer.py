"""Images of all kinds become maps of all tasks in real units."""

import copy
import json
import os

import cv2
import numpy as np
import pytest
import torch
from mmseg.registry import INFERENCERS
from PIL import Image

from mmlhl.inference import LifelongInferencer
from mmlhl.inference.pipeline import FramePipeline


@pytest.fixture(scope="module")
def inferencer(checkpoint):
    return LifelongInferencer(checkpoint, device="cpu", show_progress=False)


def same(a, b):
    assert a.keys() == b.keys()
    for task in a:
        assert a[task].dtype == b[task].dtype
        np.testing.assert_allclose(a[task], b[task], rtol=1e-4, atol=1e-4)


def test_one_image_gives_a_dict_of_arrays_in_real_units(inferencer, photos):
    maps = inferencer(str(photos / "a/x.png"))
    assert list(maps) == ["seg", "depth", "normal"]
    assert maps["seg"].shape == maps["depth"].shape == (32, 48)
    assert maps["normal"].shape == (32, 48, 3)
    assert maps["seg"].dtype == np.int64 and 0 <= maps["seg"].min() <= maps["seg"].max() < 13
    assert maps["depth"].dtype == maps["normal"].dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(maps["normal"], axis=2), 1, atol=1e-5)
    assert len(np.unique(maps["seg"])) > 1 and maps["depth"].std() > 0


def test_maps_are_the_models_own(inferencer, photos):
    image = cv2.imread(str(photos / "b/y.jpg"))
    model = inferencer.model
    mean, std = model.data_preprocessor.mean, model.data_preprocessor.std
    inputs = (torch.from_numpy(image[..., ::-1].copy()).permute(2, 0, 1).float() - mean) / std
    (sample,) = model.predict(inputs[None])
    maps = inferencer(str(photos / "b/y.jpg"))
    assert (maps["seg"] == sample.pred_sem_seg.data[0].numpy()).all()
    np.testing.assert_allclose(maps["depth"], sample.pred_depth_map.data[0], atol=1e-5)
    np.testing.assert_allclose(
        maps["normal"], sample.pred_normal_map.data.permute(1, 2, 0), atol=1e-5
    )


def test_every_way_to_name_images_gives_the_same_maps(inferencer, photos):
    files = [str(photos / name) for name in ("a/x.png", "b/x.png", "b/y.jpg", "b/z.JPG")]
    one_by_one = [inferencer(file) for file in files]
    ways = (
        files,
        photos,
        str(photos / "**" / "*.*"),
        [cv2.imread(file) for file in files],
        [files[0], photos / "b"],
    )
    for way in ways:
        for batch_size in (1, 3):  # sizes differ within a batch
            results = inferencer(way, batch_size=batch_size)
            assert len(results) == 4
            for a, b in zip(one_by_one, results, strict=True):
                same(a, b)
    assert isinstance(inferencer([files[0]]), list) and isinstance(inferencer(files[0]), dict)
    array = cv2.imread(files[0])
    same(inferencer(array), one_by_one[0])
    same(inferencer(array[..., ::-1], channel_order="rgb"), one_by_one[0])


def test_panels_follow_the_order_of_the_heads(checkpoint):
    chosen = LifelongInferencer(weights=checkpoint, tasks=["normal", "seg"], device="cpu")
    assert chosen.visualizer.fields == ("normal_map", "sem_seg")


def test_predictions_teach_the_model_nothing(checkpoint, photos):
    own = LifelongInferencer(checkpoint, show_progress=False, device="cpu")
    expected = own(photos / "a/x.png")
    own.model.train()  # as a training around it would
    for _ in range(2):
        maps = own(photos / "a/x.png")
        assert all((maps[task] == expected[task]).all() for task in maps)


def test_chosen_tasks_only(checkpoint, photos):
    chosen = LifelongInferencer(weights=checkpoint, tasks=["normal", "seg"], device="cpu")
    assert list(chosen(str(photos / "a/x.png"))) == ["normal", "seg"]
    assert list(chosen.model.heads.keys()) == ["normal", "seg"]


def test_built_from_the_registry_with_a_config(checkpoint, tiny_config, photos, inferencer):
    config = dict(type="LifelongInferencer", model=tiny_config, weights=checkpoint, device="cpu")
    built = INFERENCERS.build(config)
    path = str(photos / "a/x.png")
    same(built(path), inferencer(path))


def test_a_test_pipeline_that_resizes_and_flips_is_undone(checkpoint, tiny_config, photos):
    cfg = copy.deepcopy(tiny_config)
    load, _, pack = cfg.test_dataloader.dataset.pipeline
    moves = [
        dict(type="Resize", scale=(96, 64), keep_ratio=True),
        dict(type="RandomFlip", prob=1.0),
        dict(type="LoadAnnotations"),
    ]
    cfg.test_dataloader.dataset.pipeline = [load, *moves, pack]
    inferencer = LifelongInferencer(cfg, checkpoint, device="cpu", show_progress=False)
    image = cv2.imread(str(photos / "b/y.jpg"))
    moved = inferencer(str(photos / "b/y.jpg"))
    same(moved, inferencer(image))
    inferencer.pipeline = FramePipeline([load, moves[0], pack])
    mirrored = inferencer(np.ascontiguousarray(image[:, ::-1]))
    assert moved["depth"].shape == (24, 40)
    np.testing.assert_allclose(moved["depth"], mirrored["depth"][:, ::-1], atol=1e-4)
    np.testing.assert_allclose(moved["normal"], mirrored["normal"][:, ::-1] * [-1, 1, 1], atol=1e-4)


def test_files_are_written_and_names_kept_apart(inferencer, photos, tmp_path):
    out = tmp_path / "out"
    results = inferencer(photos, batch_size=4, out_dir=out, npy=True, panels=True)
    names = ["a/x", "b/x", "b/y", "b/z"]
    for name, maps in zip(names, results, strict=True):
        label = Image.open(out / f"seg/{name}.png")
        assert label.mode == "P" and (np.array(label) == maps["seg"]).all()
        assert label.getpalette()[3:6] == [1, 100, 7]
        depth = Image.open(out / f"depth/{name}.png")
        assert depth.info["unit"] == "m" and depth.info["scale"] == "0.001"
        metres = np.array(depth) * 0.001
        np.testing.assert_allclose(metres, maps["depth"].clip(min=0), atol=1.0001e-3)
        normal = cv2.imread(str(out / f"normal/{name}.png"), cv2.IMREAD_UNCHANGED)[..., ::-1]
        np.testing.assert_allclose(normal / 32767.5 - 1, maps["normal"], atol=1e-4)
        for task in maps:
            assert (np.load(out / f"{task}/{name}.npy") == maps[task]).all()
        assert cv2.imread(str(out / f"panels/{name}.png")).shape[0] > 100
    facts = json.loads((out / "maps.json").read_text())["tasks"]
    assert facts["depth"]["unit"] == "m" and facts["seg"]["classes"][3] == "thing 3"
    left = [f for _, _, files in os.walk(out) for f in files if f.startswith(".")]
    assert left == []
    # results in the images' own folder are not inputs of the next run
    inner = inferencer(photos, out_dir=photos / "out")
    assert len(inferencer(photos, out_dir=photos / "out")) == len(inner) == 4


def test_results_in_the_home_folder_are_no_images_of_it(inferencer, photos, monkeypatch):
    monkeypatch.setenv("HOME", str(photos))
    inferencer(photos, out_dir="~/out")
    assert (photos / "out/seg/a/x.png").is_file() and len(inferencer("~", out_dir="~/out")) == 4


def test_a_stream_yields_names_and_checks_before_the_first(inferencer, photos, tmp_path):
    names = [name for name, maps in inferencer.stream(photos, out_dir=tmp_path / "out")]
    assert names == ["a/x", "b/x", "b/y", "b/z"] and (tmp_path / "out/depth/b/z.png").exists()
    with pytest.raises(FileNotFoundError, match="nowhere.png"):
        inferencer.stream([photos, "nowhere.png"])  # not iterated over


def test_a_video_frame_by_frame(inferencer, tmp_path):
    path = str(tmp_path / "walk.avi")
    writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*"MJPG"), 5, (48, 32))
    for grey in (0, 90, 200):
        writer.write(np.full((32, 48, 3), grey, np.uint8))
    writer.release()
    results = inferencer(path, batch_size=2, out_dir=tmp_path / "out")
    assert len(results) == 3 and results[0]["depth"].shape == (32, 48)
    assert abs(results[0]["depth"] - results[2]["depth"]).max() > 1e-3
    assert sorted(f.name for f in (tmp_path / "out/depth/walk").iterdir()) == [
        f"{i:06d}.png" for i in range(3)
    ]


def test_pictures_and_data_samples(inferencer, photos):
    result = inferencer(str(photos / "a/x.png"), return_vis=True)
    assert result["visualization"].dtype == np.uint8 and result["visualization"].shape[2] == 3
    (sample,) = inferencer([photos / "a/x.png"], return_datasamples=True)
    assert (sample.pred_sem_seg.data[0].numpy() == result["seg"]).all()
    with pytest.raises(ValueError, match="leave return_datasamples out"):
        inferencer(str(photos / "a/x.png"), return_vis=True, return_datasamples=True)


# -- invalid inputs ---------------------------------------------------------------------------
def bad_inputs(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/a.txt").write_text("no image")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing")
    (tmp_path / "nothing.jpg").write_bytes(b"")
    (tmp_path / "broken.mp4").write_bytes(b"\x00\x00no video\xff")
    cv2.imwrite(str(tmp_path / "good.png"), np.zeros((16, 16, 3), np.uint8))
    good = str(tmp_path / "good.png")
    unit = np.linspace(0, 1, 48).reshape(4, 4, 3)
    return dict(
        missing=(["good.png", "gone.png"], "gone.png: no such file"),
        empty=("empty", "empty: the folder holds no image"),
        texts=("notes", "holds no image"),
        pattern=("*.bmp", "no file matches"),
        wide_pattern=("notes/*", "neither images nor videos"),
        broken=([good, "broken.png"], "broken.png.*cannot be decoded"),
        nothing=("nothing.jpg", "nothing.jpg.*the file is empty"),
        video=("broken.mp4", "broken.mp4.*cannot read a frame"),
        none=([], "list of images is empty"),
        number=(3, "input 0 is a int"),
        nested=([["good.png"]], "input 0 is a list.*cannot hold a list"),
        nameless=("", "'': no such file"),
        address=("nowhere://a.png", "nowhere://a.png: cannot be read.*download"),
        batch=(np.zeros((2, 4, 4, 3), np.uint8), "several are a list"),
        first=(np.zeros((3, 4, 5), np.uint8), r"transpose\(1, 2, 0\)"),
        shape=(np.zeros((4, 4, 2), np.uint8), r"shape \(4, 4, 2\)"),
        bare=(np.zeros((4, 0, 3), np.uint8), r"shape \(4, 0, 3\)"),
        integers=(np.zeros((4, 4, 3), np.int64), "int64"),
        unit=(unit, "multiply it by 255"),
        nan=(np.full((4, 4, 3), np.nan), "nan"),
        negative=(np.full((4, 4, 3), -1.0), r"\[-1, -1\]"),
    )


KINDS = [
    "missing", "empty", "texts", "pattern", "wide_pattern", "broken", "nothing", "video", "none",
    "number", "nested", "nameless", "address", "batch", "first", "shape", "bare", "integers",
    "unit", "nan", "negative",
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_bad_inputs_meet_one_error_before_anything_is_written(
    inferencer, tmp_path, monkeypatch, kind
):
    monkeypatch.chdir(tmp_path)
    inputs, message = bad_inputs(tmp_path)[kind]
    with pytest.raises((ValueError, FileNotFoundError, TypeError), match=message):
        inferencer(inputs, out_dir=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["pages", "cut", "floats", "bands"])
def test_files_that_only_the_loader_refuses_are_found_before_anything_is_written(
    inferencer, photos, tmp_path, kind
):
    """OpenCV decodes them, in part or as another image."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (64, 96, 3), np.uint8)
    path = photos / ("z.jpg" if kind == "cut" else "z.tif")
    if kind == "pages":
        cv2.imwritemulti(str(path), [image, image])
    elif kind == "cut":
        data = cv2.imencode(".jpg", image)[1].tobytes()
        path.write_bytes(data[: len(data) - 20])
    elif kind == "floats":
        cv2.imwrite(str(path), image.astype(np.float32))
    else:
        Image.fromarray(image[..., :2], "LA").save(path)
    with pytest.raises(ValueError, match=path.name):
        inferencer(photos, out_dir=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("channels", [1, 4])
def test_an_image_that_the_model_cannot_take_is_named(checkpoint, tiny_config, tmp_path, channels):
    cfg = copy.deepcopy(tiny_config)
    load = dict(type="LoadImageFromFile", color_type="unchanged")
    cfg.test_dataloader.dataset.pipeline = [load, dict(type="PackSegInputs")]
    content = torch.load(checkpoint)
    content["meta"]["cfg"] = cfg.pretty_text
    torch.save(content, path := str(tmp_path / "m.pth"))
    for name, count in (("a", 3), ("b", channels)):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.zeros((32, 48, count), np.uint8))
    inferencer = LifelongInferencer(path, device="cpu", show_progress=False)
    message = rf"b.png: cannot be predicted: .*the images have {channels} channel"
    with pytest.raises(ValueError, match=message):
        inferencer(str(tmp_path))

    def broken(*_):
        raise RuntimeError("a broken network")

    inferencer.model.extract_feat = broken
    with pytest.raises(ValueError, match="000000; 000001: cannot be predicted: a broken network"):
        inferencer([np.zeros((32, 48, 3), np.uint8)] * 2, batch_size=2)


@pytest.mark.parametrize(
    "options, message",
    [
        (dict(batch_size=0), "batch_size"),
        (dict(batch_size=1.5), "batch_size"),
        (dict(channel_order="gbr"), "channel_order"),
        (dict(out_dir=""), "is empty"),
        (dict(out_dir="/proc/nothing"), "/proc/nothing: the folder for results cannot be made"),
        (dict(npy=True), "out_dir"),
        (dict(panels=True), "out_dir"),
    ],
)
def test_bad_options(inferencer, photos, options, message):
    with pytest.raises(ValueError, match=message):
        inferencer(photos, **options)
