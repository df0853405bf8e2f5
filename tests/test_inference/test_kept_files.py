"""Results never replace an image, a label or another file of the user's."""

import shutil

import cv2
import numpy as np
import pytest

from mmlhl.inference import LifelongInferencer


@pytest.fixture(scope="module")
def inferencer(checkpoint):
    return LifelongInferencer(checkpoint, show_progress=False, device="cpu")


@pytest.fixture
def labelled(tmp_path):
    """A dataset's folders: ``image``, and labels named as tasks."""
    image = np.random.default_rng(0).integers(0, 255, (24, 32, 3), np.uint8)
    for folder in ("image", "depth"):
        (tmp_path / "val" / folder).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / f"val/{folder}/0.png"), image)
    return tmp_path / "val"


def contents(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("image", "depth/0.png would be replaced, but .*maps.json does not list it"),
        ("image/0.png", "depth/0.png would be replaced"),
        ("image/*.png", "depth/0.png would be replaced"),
        ("depth", "depth/0.png is one of the images"),
        ("depth/0.png", "depth/0.png is one of the images"),
    ],
)
def test_labels_and_images_stay(inferencer, labelled, given, message):
    before = contents(labelled)
    with pytest.raises(ValueError, match=f"{message}.* into another folder"):
        inferencer(str(labelled / given), out_dir=labelled)
    assert contents(labelled) == before


def test_images_behind_a_link_stay(inferencer, labelled, tmp_path):
    (tmp_path / "photos").symlink_to(labelled / "depth")
    with pytest.raises(ValueError, match="is one of the images"):
        inferencer(tmp_path / "photos", out_dir=labelled)


def test_arrays_and_panels(inferencer, labelled):
    (labelled / "seg").mkdir()
    np.save(labelled / "seg/0.npy", np.ones(3))
    with pytest.raises(ValueError, match="seg/0.npy would be replaced"):
        inferencer(labelled / "image", out_dir=labelled, npy=True)
    shutil.rmtree(labelled / "seg")
    (labelled / "depth").rename(labelled / "panels")
    with pytest.raises(ValueError, match="panels/0.png would be replaced"):
        inferencer(labelled / "image", out_dir=labelled, panels=True)
    before = (labelled / "panels/0.png").read_bytes()
    inferencer(labelled / "image", out_dir=labelled)  # without panels
    assert (labelled / "panels/0.png").read_bytes() == before


def test_labels_of_other_images_are_not_taken_for_predictions_later(inferencer, labelled):
    (labelled / "depth/0.png").rename(labelled / "depth/other.png")
    before = contents(labelled)
    with pytest.raises(ValueError, match="depth/other.png is not listed in .*maps.json"):
        inferencer(labelled / "image", out_dir=labelled)
    assert contents(labelled) == before


def test_earlier_results_are_replaced(inferencer, labelled):
    (labelled / "depth/0.png").rename(labelled / "depth/notes.txt")
    for _ in range(2):
        inferencer(labelled / "image", out_dir=labelled, npy=True, panels=True)
    assert (labelled / "depth/0.png").exists() and (labelled / "depth/notes.txt").exists()
    with pytest.raises(ValueError, match="seg/0.png is one of the images"):
        inferencer(labelled / "seg/0.png", out_dir=labelled)  # predictions of predictions


def test_frames_of_a_video(inferencer, labelled, tmp_path):
    film = cv2.VideoWriter(str(tmp_path / "film.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 5, (32, 24))
    for _ in range(2):
        film.write(np.zeros((24, 32, 3), np.uint8))
    film.release()
    (labelled / "depth/film").mkdir()
    (labelled / "depth/0.png").rename(labelled / "depth/film/000000.png")
    with pytest.raises(ValueError, match="film/000000.png would be replaced"):
        inferencer(tmp_path / "film.avi", out_dir=labelled)
