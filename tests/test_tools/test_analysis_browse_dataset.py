import importlib.util
from pathlib import Path

import cv2
import pytest

TOOL = Path(__file__).parents[2] / "tools" / "analysis_tools" / "browse_dataset.py"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("analysis_browse_dataset", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def config_file(tmp_path, sequence_config):
    path = tmp_path / "config.py"
    sequence_config(tmp_path / "work").dump(path)
    return str(path)


def drawn(folder):
    return {path.name: cv2.imread(str(path)).shape for path in folder.iterdir()}


def test_draws_all_annotations_of_the_whole_set(tmp_path, tool, config_file, capsys):
    out = tmp_path / "seen"
    tool.main([config_file, "--out", str(out), "--count", "2", "--cell-width", "48"])
    shapes = drawn(out)
    assert list(sorted(shapes)) == ["00000_00000.png", "00001_00001.png"]
    # Image and three maps of 32x48 with captions of 18 pixels, two a row, 6 pixels apart; below
    # them what the colours mean: a legend, a bar of 47 pixels and a sphere of 65.
    grid = 2 * (32 + 18) + 6
    for height, width, _ in shapes.values():
        assert width == 2 * 48 + 6 and height > grid + 47 + 65
    assert "Wrote 2 of 12 samples" in capsys.readouterr().out


def test_a_phase_has_its_own_task_and_part_of_the_images(tmp_path, tool, config_file, capsys):
    out = tmp_path / "seen"
    tool.main([config_file, "--out", str(out), "--phase", "2", "--cell-width", "48"])
    shapes = drawn(out)
    assert "Wrote 4 of 4 samples" in capsys.readouterr().out and len(shapes) == 4
    # Image, depth and its colour bar, nothing else.
    assert set(shapes.values()) == {(32 + 18 + 6 + 47, 2 * 48 + 6, 3)}


def test_images_of_one_channel_are_drawn_grey(tmp_path, tool, sequence_config):
    cfg = sequence_config(tmp_path / "work")
    cfg.train_dataloader.dataset.pipeline[0].update(color_type="grayscale")
    cfg.dump(tmp_path / "config.py")
    out, command = tmp_path / "seen", [str(tmp_path / "config.py"), "--count", "1"]
    tool.main([*command, "--cell-width", "48", "--out", str(out)])
    picture = cv2.imread(str(out / "00000_00000.png"))[18:50, :48]
    assert picture.std() > 1 and (picture == picture[..., :1]).all()


def test_no_such_phase_or_split(tmp_path, tool, config_file):
    for options, message in ((["--phase", "4"], "from 1 to 3, not 4"), (["--split", "val"], "val")):
        with pytest.raises(ValueError, match=message):
            tool.main([config_file, "--out", str(tmp_path / "seen"), *options])
