"""Written files describe their values and are read back by the package's own dataset."""

import json

import numpy as np
import pytest
from PIL import Image

from mmlhl.datasets.annotation import Annotation
from mmlhl.datasets.decoding import decode
from mmlhl.datasets.reading import read_raw
from mmlhl.inference.task_maps import TaskInfo
from mmlhl.inference.writing import MapWriter


def info(task, kind, classes=3):
    palette = [[i % 256, i // 256, 9] for i in range(classes)]
    names = [f"c{i}" for i in range(classes)]
    more = dict(classes=names, palette=palette) if kind == "classes" else {}
    return {task: TaskInfo(task, kind, f"{task}_map", "m" if kind == "depth" else "", **more)}


def read_back(path, task, kind, **options):
    annotation = Annotation(name=task, kind=kind, dir="d", **options)
    return decode(read_raw(str(path), task), annotation, str(path))


def test_depth_in_millimetres_and_what_does_not_fit(tmp_path):
    writer = MapWriter(tmp_path, info("depth", "depth"))
    near = np.array([[0.0004, 1.2344, 65.535], [-1.0, np.nan, np.inf]], np.float32)
    writer.write("near", dict(depth=near))
    stored = np.array(Image.open(tmp_path / "depth/near.png"))
    # 0 means not positive, so that positive values are at least one step
    assert stored.tolist() == [[1, 1234, 65535], [0, 0, 0]]
    read = read_back(tmp_path / "depth/near.png", "depth", "depth", scale=0.001)
    assert read[0, 1] == pytest.approx(1.234) and np.isnan(read[1]).all()

    writer.write("sub/far", dict(depth=np.array([[65.536, 2.0, 655.0]], np.float32)))
    writer.write("farther", dict(depth=np.array([[70000.0, 3.0]], np.float32)))
    far, farther = (
        Image.open(tmp_path / "depth/sub/far.png"),
        Image.open(tmp_path / "depth/farther.png"),
    )
    assert far.info["scale"] == "0.01" and np.array(far).tolist() == [[6554, 200, 65500]]
    assert farther.info["scale"] == "10" and np.array(farther).tolist() == [[7000, 1]]
    facts = json.loads((tmp_path / "maps.json").read_text())["tasks"]["depth"]
    assert facts["scale"] == 0.001 and facts["unit"] == "m"
    assert facts["other_scales"] == {"sub/far": 0.01, "farther": 10.0}


def test_normals_and_classes_are_read_back(tmp_path):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(4, 5, 3))
    vectors = (vectors / np.linalg.norm(vectors, axis=2, keepdims=True)).astype(np.float32)
    MapWriter(tmp_path / "n", info("normal", "normal")).write("a", dict(normal=vectors))
    read = read_back(tmp_path / "n/normal/a.png", "normal", "normal")
    np.testing.assert_allclose(read, vectors, atol=1e-4)

    ids = np.array([[0, 2, 1]])
    MapWriter(tmp_path / "c", info("seg", "classes")).write("a", dict(seg=ids))
    assert read_back(tmp_path / "c/seg/a.png", "seg", "classes", num_classes=3).tolist() == [
        [0, 2, 1]
    ]
    many = np.array([[0, 299]])
    MapWriter(tmp_path / "m", info("seg", "classes", 300)).write("a", dict(seg=many))
    assert np.array(Image.open(tmp_path / "m/seg/a.png")).tolist() == [[0, 299]]


def test_probabilities_and_channels(tmp_path):
    infos = {**info("sal", "binary"), **info("edge", "channels")}
    writer = MapWriter(tmp_path, infos)
    writer.write("a", dict(sal=np.array([[0.0, 0.5, 1.0]]), edge=np.ones((2, 2, 4))))
    assert np.array(Image.open(tmp_path / "sal/a.png")).tolist() == [[0, 128, 255]]
    assert not (tmp_path / "sal/a.npy").exists()
    assert np.load(tmp_path / "edge/a.npy").shape == (2, 2, 4)


def scales(folder):
    facts = json.loads((folder / "maps.json").read_text())["tasks"]["depth"]
    return facts.get("other_scales", {})


def test_a_second_run_keeps_what_is_known_of_the_first(tmp_path):
    far, near = np.full((1, 2), 70.0, np.float32), np.ones((1, 2), np.float32)
    first = MapWriter(tmp_path, {**info("depth", "depth"), **info("seg", "classes")})
    for name in ("a", "b", "c"):
        first.write(name, dict(depth=far, seg=np.zeros((1, 2), np.int64)))
    (tmp_path / "depth/c.png").unlink()
    second, third = (MapWriter(tmp_path, info("depth", "depth"), source=s) for s in "xy")
    assert scales(tmp_path) == {"a": 0.01, "b": 0.01}
    second.write("d", dict(depth=far))  # two processes in turns
    third.write("a", dict(depth=near))
    third.write("e", dict(depth=far))
    second.write("f", dict(depth=far))
    assert scales(tmp_path) == {"b": 0.01, "d": 0.01, "e": 0.01, "f": 0.01}
    content = json.loads((tmp_path / "maps.json").read_text())
    assert content["tasks"]["seg"]["kind"] == "classes" and content["checkpoint"] == "x"


@pytest.mark.parametrize("text", ["", "[]", '{"tasks": [1]}', '{"tasks": {"depth": 3}}'])
def test_a_file_that_says_nothing_is_replaced(tmp_path, text):
    (tmp_path / "maps.json").write_text(text)
    MapWriter(tmp_path, info("depth", "depth"))
    assert json.loads((tmp_path / "maps.json").read_text())["tasks"]["depth"]["unit"] == "m"


def test_maps_of_another_meaning_stay_alone(tmp_path):
    MapWriter(tmp_path, info("seg", "classes", classes=4))  # nothing is written
    first = MapWriter(tmp_path, info("seg", "classes"))
    first.write("a", dict(seg=np.zeros((1, 2), np.int64)))
    with pytest.raises(ValueError, match="seg holds maps .* classes of 'seg' .*another folder"):
        MapWriter(tmp_path, info("seg", "classes", classes=4))
    MapWriter(tmp_path, info("seg", "classes"))


@pytest.mark.parametrize("task", ["panels", "maps.json", "/etc", "a/b", ".."])
def test_task_name_that_is_not_a_folder_name_is_refused(tmp_path, task):
    with pytest.raises(ValueError, match="cannot be written"):
        MapWriter(tmp_path / "out", info(task, "channels"))
    assert not (tmp_path / "out").exists()


def test_a_file_in_the_way_of_a_folder(tmp_path):
    (tmp_path / "depth").write_text("")
    for folder, message in ((tmp_path, "depth is a file"), (tmp_path / "depth/out", "is a file")):
        with pytest.raises(ValueError, match=f"results cannot be written there: .*{message}"):
            MapWriter(folder, {**info("seg", "classes"), **info("depth", "depth")})
    assert [path.name for path in tmp_path.iterdir()] == ["depth"]
