"""Names of results, and how arrays and odd files are read."""

import os

import cv2
import numpy as np
import pytest
from PIL import Image

from mmlhl.inference import sources
from mmlhl.inference.arrays import as_bgr
from mmlhl.inference.frame import Frame
from mmlhl.inference.pipeline import FramePipeline
from mmlhl.inference.pipeline import test_pipeline as pipeline_of
from mmlhl.inference.sources import Sources


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


def names(*args, **options):
    return [frame.name for frame in Sources(*args, **options)]


def test_names_are_relative_and_never_shared(tmp_path, monkeypatch):
    touch(
        tmp_path,
        "p/a/x.png",
        "p/b/x.png",
        "p/b/x.jpg",
        "p/b/.hidden.png",
        "p/.git/x.png",
        "q/x.PNG",
    )
    monkeypatch.chdir(tmp_path)
    assert names("p") == names("p/") == ["a/x", "b/x.jpg", "b/x.png"]
    assert names("p/*/x.png") == ["a/x", "b/x"]
    assert names(["p", "q"]) == ["p/a/x", "p/b/x.jpg", "p/b/x.png", "q/x"]
    assert names("q/x.PNG") == ["x"]
    assert names(["q/x.PNG", "./q/x.PNG", "q/x.PNG"]) == ["x.PNG", "x.PNG_2", "x.PNG_3"]
    assert names(["p/a/x.png", "../" + tmp_path.name + "/q/x.PNG"]) == ["p/a/x", "q/x"]
    assert names("p", exclude="p/b") == ["a/x"]
    assert names([np.zeros((2, 2), np.uint8)] * 2) == ["000000", "000001"]


def test_results_beside_the_images_or_above_them(tmp_path, monkeypatch):
    touch(tmp_path, "p/x.png", "p/day/y.png", "p/seg/x.png", "p/panels/x.png", "seg/x.png")
    monkeypatch.chdir(tmp_path)
    kept = ["day/y", "x"]
    written = dict(results=("seg", "panels"))
    assert sorted(names("p", exclude="p", **written)) == kept
    assert sorted(names("p/**", exclude="p", **written)) == kept
    assert sorted(names("p", exclude=".", results=["panels"])) == [
        *kept[:1],
        "panels/x",
        "seg/x",
        "x",
    ]
    assert names("p/seg", exclude="p", **written) == ["x"]
    assert sorted(names(".", exclude="p", **written)) == ["seg/x"]


def test_frames_of_a_video_and_files_of_a_folder_of_its_name(tmp_path, monkeypatch):
    class Clip(sources.Video):
        def __init__(self, path):
            self.path, self._count = path, 1

        def __iter__(self):
            yield np.zeros((2, 2, 3), np.uint8)

    monkeypatch.setattr(sources, "Video", Clip)
    touch(tmp_path, "v.mp4", "v/000000.png", "w.png")
    monkeypatch.chdir(tmp_path)
    assert names(["v.mp4", "v", "w.png"]) == ["v/000000", "v/000000.png", "w"]


def test_a_file_whose_name_looks_like_a_pattern(tmp_path):
    touch(tmp_path, "x[1].png", "x1.png")
    assert names(str(tmp_path / "x[1].png")) == ["x[1]"]


def test_links_are_followed_once_and_never_in_circles(tmp_path, monkeypatch):
    touch(tmp_path, "elsewhere/x.png", "p/a/y.jfif", "p/z.JP2")
    (tmp_path / "p/link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "p/again").symlink_to(tmp_path / "p/a")
    (tmp_path / "elsewhere/back").symlink_to(tmp_path / "p")
    monkeypatch.chdir(tmp_path)
    assert names("p") == ["z", "a/y", "link/x"]
    # results are no images by any way that leads to them
    touch(tmp_path, "elsewhere/out/seg/x.png")
    assert names("p", "elsewhere/out") == ["z", "a/y", "link/x"]


def test_what_a_search_leaves_out_is_named(tmp_path, monkeypatch):
    touch(tmp_path, "a.png", "b/c.mp4", "d.HEIC", "e.gif", "notes.md", ".f.gif")
    lines = []
    monkeypatch.setattr("mmlhl.inference.folders.print_log", lambda text, *_: lines.append(text))
    assert names(str(tmp_path)) == ["a"]
    (line,) = lines
    assert line.startswith(f"{tmp_path}: left out") and "d.HEIC; e.gif; b/c.mp4" in line
    assert "notes" not in line and ".f.gif" not in line


def test_a_folder_of_videos_only_says_so(tmp_path):
    touch(tmp_path, "a.mp4")
    with pytest.raises(FileNotFoundError, match="no image.*a.mp4 has to be named on its own"):
        Sources(tmp_path)


def test_pipes_among_images_are_named(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    (tmp_path / "list.txt").write_text("/proc/self/mem\n")
    for item, message in (("", "a.png is a pipe"), ("list.txt", "line 1: /proc/self/mem is a")):
        with pytest.raises(ValueError, match=message):
            Sources(str(tmp_path / item))


def test_brackets_in_the_name_of_a_lists_folder_are_no_pattern(tmp_path):
    touch(tmp_path, "a [1]/x.png", "a [1]/y.png")
    (tmp_path / "a [1]/l.txt").write_text("*.png\n")
    assert names(str(tmp_path / "a [1]/l.txt")) == ["x", "y"]


def test_patterns_that_lead_out_of_their_folder_name_no_result_outside(tmp_path, monkeypatch):
    touch(tmp_path, "up.png", "p/a/b/x.png", "p/q/y.png")
    monkeypatch.chdir(tmp_path / "p")
    for pattern in ("a/*/../../../up.png", "*/../../up.png", f"{tmp_path}/p/a/[b]/../../q/*.png"):
        for inputs in (pattern, [pattern], [pattern, "a/b"]):
            found = names(inputs)
            assert found and not any(".." in name.split("/") for name in found), found
    (tmp_path / "p" / "list.txt").write_text("a/*/../../../up.png\na\n")
    assert names("list.txt") == ["up", "p/a/b/x"]


def test_long_lists_and_patterns_take_no_minutes(tmp_path):
    touch(tmp_path, "x.png", "a/b/y.png")
    listed = names([str(tmp_path / "x.png")] * 20_000)
    assert len(set(listed)) == 20_000 and listed[:3] == ["x.png", "x.png_2", "x.png_3"]
    assert sorted(names(f"{tmp_path}/{'**/' * 60}*.png")) == ["a/b/y", "x"]
    with pytest.raises(ValueError, match="too many folders"):
        Sources(f"{tmp_path}/{'*/' * 5000}x.png")


def test_a_text_file_is_a_list(tmp_path, monkeypatch):
    touch(tmp_path, "photos/a/x.png", "photos/b/y.jpg", "else/a/x.png", "lists/l.txt")
    monkeypatch.chdir(tmp_path)

    def wrote(text, path="photos/l.txt"):
        (tmp_path / path).write_bytes(text.encode("utf-8-sig"))
        return path

    listed = Sources(wrote("b/y.jpg\r\n\r\n# a remark\r\na/x.png\r\n"))
    assert [(f.name, f.path) for f in listed] == [
        ("b/y", "photos/b/y.jpg"),
        ("a/x", "photos/a/x.png"),
    ]
    assert not listed.single
    assert names(wrote(f"{tmp_path}/else/a/x.png\n")) == ["x"]
    assert names(wrote("else\nphotos/*/y.jpg\n", "lists/l.txt")) == ["else/a/x", "photos/b/y"]
    assert names(["else/a/x.png", wrote("a\nb\n")]) == ["else/a/x", "photos/a/x", "photos/b/y"]
    for text, message in (
        ("a/x.png\na/z.png\n", "photos/l.txt, line 2: a/z.png: no such file"),
        ("b/*.png", "l.txt, line 1: b/.*no file matches"),
        ("l.txt", "l.txt, line 1: a list .* cannot name a list"),
        ("# nothing\n", "the list names no image"),
    ):
        with pytest.raises((FileNotFoundError, ValueError), match=message):
            Sources(wrote(text))


def test_arrays_of_all_kinds():
    grey = np.array([[0, 200]], np.uint8)
    assert as_bgr(grey, "a").tolist() == [[[0] * 3, [200] * 3]]
    assert type(as_bgr(np.asmatrix(grey), "a")) is np.ndarray
    assert as_bgr(grey[..., None], "a").tolist() == as_bgr(grey, "a").tolist()
    rgba = np.array([[[1, 2, 3, 99]]], np.uint8)
    assert as_bgr(rgba, "a").tolist() == [[[1, 2, 3]]]
    assert as_bgr(rgba, "a", "rgb").tolist() == [[[3, 2, 1]]]
    deep = np.array([[[256, 65535, 255]]], np.uint16)
    assert as_bgr(deep, "a").tolist() == [[[1, 255, 0]]]
    floats = as_bgr(np.array([[0.0, 200.5]]), "a")
    assert floats.dtype == np.float32 and floats[0, 1, 0] == 200.5
    assert as_bgr(np.zeros((1, 1)), "a").max() == 0  # an entirely black image is valid


@pytest.mark.parametrize("top", [1, 100, 255])
def test_sixteen_bits_that_hold_eight_are_refused(tmp_path, top):
    """Their upper eight bits, which are read, make a black image."""
    image = np.array([[[0, 1, top], [1, top, 0]]], np.uint16)
    with pytest.raises(ValueError, match=rf"numbers in \[0, {top}\], of which the upper eight"):
        as_bgr(image, "a")
    for name, stored in (
        ("colour.png", image),
        ("grey.tif", image[..., 0]),
        ("alpha.png", np.dstack([image, np.full((1, 2, 1), 65535, np.uint16)])),
    ):
        path = str(tmp_path / name)
        cv2.imwrite(path, stored)
        with pytest.raises(ValueError, match=f"{name}: it has 16 bits, .*greatest number is"):
            FramePipeline(STEPS).load(Frame("x", path))
    for name, stored in (
        ("black.png", np.zeros((1, 2, 3), np.uint16)),
        ("clear.png", np.dstack([np.zeros((1, 2, 3), np.uint16), image[..., :1]])),
        ("dim.png", image + 256),
        ("night.png", np.zeros((1, 2, 3), np.uint8)),
    ):
        cv2.imwrite(str(tmp_path / name), stored)
        FramePipeline(STEPS).load(Frame("x", str(tmp_path / name)))
    as_bgr(np.zeros((2, 2), np.uint16), "a")


def test_a_video_that_ends_early_is_named(tmp_path, monkeypatch):
    path = tmp_path / "walk.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 5, (48, 32))
    for seed in range(20):
        writer.write(np.random.default_rng(seed).integers(0, 255, (32, 48, 3), np.uint8))
    writer.release()
    lines = []
    monkeypatch.setattr("mmlhl.inference.video.print_log", lambda text, *_: lines.append(text))
    assert len(names(str(path))) == 20 and not lines
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    count = len(names(str(path)))
    assert 0 < count < 15
    assert lines == [
        f"{path}: {count} frame(s) can be read, 20 stand in its header: the video may be cut off "
        "or broken"
    ]


STEPS = [dict(type="LoadImageFromFile"), dict(type="PackMultiTaskInputs")]


def test_odd_files_are_read_as_in_training(tmp_path):
    pipeline = FramePipeline(STEPS)
    rng = np.random.default_rng(0)
    colour = rng.integers(0, 255, (3, 4, 3), np.uint8)
    deep = rng.integers(0, 65535, (3, 4, 3), np.uint16)
    cv2.imwrite(str(tmp_path / "grey.png"), colour[..., 0])
    cv2.imwrite(str(tmp_path / "alpha.png"), np.dstack([colour, colour[..., :1]]))
    cv2.imwrite(str(tmp_path / "deep.png"), deep)
    for name, expected in (
        ("grey", as_bgr(colour[..., 0], "")),
        ("alpha", colour),
        ("deep", as_bgr(deep, "")),  # an array of 16 bits is the file of 16 bits
    ):
        path = str(tmp_path / f"{name}.png")
        pipeline.check(path)
        assert (pipeline.load(Frame("x", path))["img"] == expected).all(), name


def test_the_orientation_of_a_photograph_is_applied(tmp_path):
    image = Image.fromarray(np.zeros((2, 4, 3), np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    image.save(tmp_path / "turned.jpg", exif=exif)
    results = FramePipeline(STEPS).load(Frame("x", str(tmp_path / "turned.jpg")))
    assert results["img"].shape == (4, 2, 3) and results["ori_shape"] == (4, 2)


def test_the_pipeline_is_the_one_that_tests():
    resize = dict(type="Resize", scale=(8, 8))
    steps = [STEPS[0], resize, dict(type="LoadAnnotations"), STEPS[1]]
    inner = dict(type="RepeatDataset", dataset=dict(pipeline=steps))
    assert pipeline_of(dict(test_dataloader=dict(dataset=inner))) == [STEPS[0], resize, STEPS[1]]
    assert pipeline_of(dict(test_dataloader=None, test_pipeline=steps[:2])) == steps[:2]
    assert pipeline_of({}) == STEPS
    with pytest.raises(ValueError, match="reads no image"):
        FramePipeline([resize])


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXTINF:10.0,\nfile:///etc/passwd\n",
        "ffconcat version 1.0\nfile other.mp4\n",
        '<?xml version="1.0"?><MPD></MPD>',
        "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\n",
    ],
)
def test_playlists_are_no_videos(tmp_path, text):
    """FFmpeg would read the files and addresses that they name."""
    path = tmp_path / "a.mp4"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"a\.mp4: expected a video, got text"):
        Sources(str(path))
