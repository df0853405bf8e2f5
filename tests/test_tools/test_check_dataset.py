"""The check command describes a dataset and fails where training would."""

import runpy
from pathlib import Path

import cv2
import numpy as np
import pytest

TOOL = Path(__file__).parents[2] / "tools" / "dataset_converters" / "check_dataset.py"
CONFIG = """
dataset = dict(
    type='MultiTaskDataset', data_root={root!r}, metainfo=dict(classes=('floor', 'wall', 'tv')),
    annotations=dict(
        seg=dict(kind='classes', dir='label'),
        depth=dict(kind='depth', dir='depth', scale=0.001),
        normal=dict(kind='normal', dir='normal')))
train_dataloader = dict(dataset=dict(**dataset, part=(0, 2)))
val_dataloader = dict(dataset=dict(type='RepeatDataset', times=1, dataset=dataset))
"""


@pytest.fixture
def check(tmp_path, capsys):
    for folder in ("image", "label", "depth", "normal"):
        (tmp_path / folder).mkdir()
    normal = np.full((4, 5, 3), 127, np.uint8)
    normal[..., 0] = 0  # blue: z = -1, towards the camera
    for name in ("0", "1"):
        label = np.array([[0, 0, 0, 1, 255]] * 4, np.uint8)
        depth = np.full((4, 5), 2000, np.uint16)
        depth[:, 0] = 0
        images = dict(image=np.zeros((4, 5, 3), np.uint8), label=label, depth=depth, normal=normal)
        for folder, array in images.items():
            cv2.imwrite(str(tmp_path / folder / f"{name}.png"), array)
    config = tmp_path / "config.py"
    config.write_text(CONFIG.format(root=str(tmp_path)))
    main = runpy.run_path(str(TOOL))["main"]

    def run(*args):
        code = main([str(config), *args])
        return code, capsys.readouterr().out

    run.root = tmp_path
    return run


def test_a_good_set(check):
    code, output = check()
    assert code == 0 and "All that was read can be trained on" in output
    assert "train, val" in output  # files are read once for all parts
    assert "2 samples, annotations: seg, depth, normal" in output
    assert "floor 75.0 %, wall 25.0 %, tv 0.0 %" in output
    assert "classes [2] of 'seg' never occur" in output
    assert "2 .. 2" in output and "20.0 %" in output


def mmsegs(check, steps=("LoadImageFromFile", "LoadAnnotations", "PackSegInputs"), **options):
    """Give the config a test set of mmseg's."""
    dataset = dict(
        type="BaseSegDataset",
        data_root=str(check.root),
        data_prefix=dict(img_path="image", seg_map_path="label"),
        img_suffix=".png",
        metainfo=dict(classes=("floor", "wall")),
        pipeline=[dict(type=step) for step in steps],
    )
    config = check.root / "config.py"
    own = f"val_dataloader = dict(dataset={dataset | options!r})\n"
    config.write_text(config.read_text() + own)
    return check("--splits", "val", "--tasks", "seg")


def test_a_dataset_of_mmsegs_is_read_by_its_own_pipeline(check):
    code, output = mmsegs(check)
    assert code == 0 and "All that was read can be trained on" in output
    assert "2 samples, annotations: seg" in output
    assert "floor 75.0 %, wall 25.0 %" in output and "20.0 %" in output
    assert check()[0] == 0  # beside those of the package


def test_faults_of_a_dataset_of_mmsegs_are_named(check):
    (check.root / "label/1.png").write_bytes(b"cut off")
    for ignored in (255, 1):  # an id that a head leaves out is none too many
        with open(check.root / "config.py", "a") as config:
            config.write(f"model = dict(decode_head=dict(ignore_index={ignored}))\n")
        code, output = mmsegs(check, metainfo=dict(classes=("floor",)))
        assert code == 1 and "label/1.png: cannot be read" in output
        assert ("got 1 in 4 pixels" in output) == (ignored == 255)
    cv2.imwrite(str(check.root / "label/1.png"), np.zeros((3, 5), np.uint8))
    assert "label/1.png is (3, 5) in size, its image is (4, 5)" in mmsegs(check)[1]
    (check.root / "label/1.png").unlink()
    (check.root / "image/0.png").write_bytes(b"cut off")
    code, output = mmsegs(check)
    assert code == 1 and "label/1.png" in output and "failed to load image" in output


def test_what_is_not_read_of_a_dataset_of_mmsegs_is_said(check):
    code, output = mmsegs(check, ["LoadImageFromFile", "PackSegInputs"])
    assert code == 0 and "class ids are not checked here: the pipeline has trans" in output
    code, output = mmsegs(check, img_suffix=".jpg")
    assert (
        code == 1
        and "no image is found with img_suffix='.jpg'" in output
        and "'0.png' and 1 more" in output
    )
    code, output = mmsegs(check, ann_file="gone.txt")
    assert code == 1 and "gone.txt" in output
    with pytest.raises(ValueError, match="none of its datasets can be read here"):
        mmsegs(check, type="BaseCDDataset")


def test_the_data_of_single_phases_is_read_as_well(check):
    config = check.root / "config.py"
    own = "dict(train_dataloader=dict(dataset=dict(annotations=dict(depth=dict(dir='far')))))"
    same = "dict(train_dataloader=dict(batch_size=2))"
    config.write_text(
        config.read_text()
        + f"phases = [dict(tasks=['seg'], cfg={same}), dict(tasks=['depth'], cfg={own})]\n"
    )
    code, output = check()
    assert code == 1 and "phases[1]: train" in output and "/far" in output
    assert "phases[0]" not in output  # the same files
    assert check("--splits", "val")[0] == 0


@pytest.mark.parametrize("splits", [["test"], ["train", "test"]])
def test_a_loader_that_is_asked_for_and_is_not_there(check, splits):
    with pytest.raises(ValueError, match=r"config.py has no dataset in \['test'\]"):
        check("--splits", *splits)


def test_arrays_whose_white_the_pipeline_names(check):
    for name in ("0", "1"):
        (check.root / "image" / f"{name}.png").unlink()
        np.save(check.root / "image" / f"{name}.npy", np.full((4, 5, 3), 200.0, np.float32))
    config = check.root / "config.py"
    text = config.read_text().replace("annotations=", "img=dict(suffix='.npy'), annotations=", 1)
    config.write_text(text)
    code, output = check()
    assert code == 1 and "set max_value of LoadImage" in output
    pipeline = "pipeline=[dict(type='LoadImage', max_value=255.0)], annotations="
    config.write_text(text.replace("annotations=", pipeline, 1))
    assert check()[0] == 0


def test_missing_broken_and_odd_files(check):
    (check.root / "label" / "1.png").unlink()
    (check.root / "depth" / "1.png").write_bytes(b"broken")
    normal = np.full((4, 5, 3), 127, np.uint8)
    normal[..., 0] = 255
    for name in ("0", "1"):
        cv2.imwrite(str(check.root / "normal" / f"{name}.png"), normal)
    code, output = check("--splits", "train")
    assert code == 1 and "2 reasons above" in output
    assert "1.png: no such file" in output and "1.png: expected an image" in output
    assert "only 0 % of the normals" in output and "'-z'" in output


def test_some_normals_that_point_forward_are_no_reason_to_doubt_the_axes(check):
    normal = np.full((4, 5, 3), 127, np.uint8)
    normal[..., 0] = 0
    normal[0, :, 0] = 200  # a quarter, like floors and ceilings in wide-angle images
    for name in ("0", "1"):
        cv2.imwrite(str(check.root / "normal" / f"{name}.png"), normal)
    code, output = check()
    assert code == 0 and "of the normals" not in output


def test_a_whole_annotation_missing(check):
    for path in (check.root / "depth").iterdir():
        path.unlink()
    (check.root / "depth").rmdir()
    code, output = check()
    assert code == 1 and "annotations['depth']['dir'] is 'depth'" in output
    assert "annotations: seg, normal" in output and "floor 75.0 %" in output
    assert check("--tasks", "seg")[0] == 0


def test_unlabelled_and_missing_annotations_are_reported(check):
    for name in ("0", "1"):
        cv2.imwrite(str(check.root / "depth" / f"{name}.png"), np.zeros((4, 5), np.uint16))
    code, output = check("--limit", "1")
    assert code == 1
    assert check("--data-root", str(check.root / "nowhere"))[0] == 1
