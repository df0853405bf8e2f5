"""Every Python block of README and docs/ is run: by one of these tests, or by one named here."""

import re
import textwrap
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmcv.transforms import BaseTransform
from mmengine.config import Config
from mmseg.registry import DATASETS, HOOKS, MODELS, OPTIM_WRAPPERS, VISBACKENDS, VISUALIZERS

from mmlhl.engine.phases import parse_phases

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("**/*.md"))]


def blocks():
    for page in PAGES:
        for text in re.findall(r"^ *```python\n(.*?)^ *```", page.read_text(), re.DOTALL | re.M):
            yield str(page.relative_to(ROOT)), textwrap.dedent(text)


#: Content of a block, its pages, and the test that runs such blocks.
ELSEWHERE = [
    (r"LifelongInferencer\(", "README.md|docs/index.md", "test_inference/test_docs.py"),
    (r"", "docs/(inference|export).md", "test_inference/test_docs.py"),
    (r"_base_ = ", "README.md|docs/configs.md", "test_docs.py"),
    (r"@MODELS|@METRICS|@DATASETS|annotations=", "docs/extending.md", "test_docs.py"),
]


def runners(page, text):
    """The tests that run a block: names of files, and functions of this one."""
    found = [
        test
        for part, pages, test in ELSEWHERE
        if re.search(part, text) and re.fullmatch(pages, page)
    ]
    found = found or [run for part, run in HERE.items() if part in text]
    entries = re.match(r"(pseudo_labels|visualizer|optim_wrapper|custom_hooks) = ", text)
    return found or ([config_keys] if entries else [])


def finished_model(text, rooms_root, folder, monkeypatch):
    monkeypatch.chdir(folder)
    (file,) = re.findall(r'checkpoint="(.+?)"', text)
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    Path(file).touch()
    cfg = Config.fromfile(ROOT / "configs/had/rooms_seg_depth_normal.py")
    exec(text, shown := {})
    cfg.phases = shown["phases"]
    assert [phase.checkpoint for phase in parse_phases(cfg)] == [file, None]


def first_sample(rooms_root, pipeline):
    rooms = dict(type="RoomsDataset", data_root=str(rooms_root), split="train")
    return DATASETS.build(dict(rooms, pipeline=pipeline))[0]


def stock_pipeline(text, rooms_root, folder, monkeypatch):
    exec(text, shown := {})
    sample = first_sample(rooms_root, shown["train_pipeline"])["data_samples"]
    assert sample.gt_depth_map.shape == sample.gt_sem_seg.shape == sample.gt_normal_map.shape


def transform(text, rooms_root, folder, monkeypatch):
    exec(text, shown := {"BaseTransform": BaseTransform})
    assert shown["Fog"].moves_pixels is False


def method(text, rooms_root, folder, monkeypatch):
    exec(text, shown := {})
    config = {k: v for k, v in shown["model"]["method"].items() if k != "_delete_"}
    assert type(MODELS.build(config)).__name__ == config["type"]


def views(text, rooms_root, folder, monkeypatch):
    exec(text, shown := {})
    sample = first_sample(rooms_root, shown["tta_pipeline"])
    assert [tuple(view.shape[-2:]) for view in sample["inputs"]] == [
        shape for shape in ((24, 36), (32, 48), (40, 60)) for _ in range(2)
    ]


def own_images(text, rooms_root, folder, monkeypatch):
    load = [dict(type="LoadImageFromFile"), dict(type="LoadMultiTaskAnnotations")]
    exec(text, shown := {"train_pipeline": load})
    for name in ("image", "label", "depth", "normal"):
        (folder / name).mkdir()
    cv2.imwrite(str(folder / "image/a.jpg"), np.zeros((2, 2, 3), np.uint8))
    cv2.imwrite(str(folder / "label/a.png"), np.array([[0, 1], [2, 0]], np.uint8))
    cv2.imwrite(str(folder / "depth/a.png"), np.full((2, 2), 3204, np.uint16))
    np.save(folder / "normal/a.npy", np.broadcast_to(np.float32([0, 0, 1]), (2, 2, 3)))
    sample = DATASETS.build({**shown["dataset"], "data_root": str(folder)})[0]
    assert sample["gt_depth_map"][0, 0] == pytest.approx(3.204)
    assert sample["gt_normal_map"][0, 0].tolist() == [0, 0, -1]
    assert {"gt_seg_map", "gt_edge_map"} <= set(sample)


def config_keys(text, rooms_root, folder, monkeypatch):
    """Entries of a config: nothing is misspelt, and every type is registered."""
    exec(text, shown := {})
    del shown["__builtins__"]
    cfg = Config.fromfile(ROOT / "configs/had/rooms_seg_depth_normal.py")
    cfg.merge_from_dict(shown)
    assert len(parse_phases(cfg)) == 3
    registries = (HOOKS, OPTIM_WRAPPERS, VISBACKENDS, VISUALIZERS)
    named = re.findall(r'\btype="(\w+)"', text)
    assert [name for name in named if not any(name in each for each in registries)] == []


def head(text, rooms_root, folder, monkeypatch):
    exec(text, shown := {})
    MODELS.build(shown["depth"])


def imports(text, rooms_root, folder, monkeypatch):
    monkeypatch.syspath_prepend(folder)
    (folder / "my_project").mkdir()
    for name in ("__init__", "heads"):
        (folder / f"my_project/{name}.py").touch()
    (folder / "shown.py").write_text(text)
    assert "my_project.heads" in Config.fromfile(folder / "shown.py").custom_imports.imports


HERE = {
    "checkpoint=": finished_model,
    "tta_pipeline = ": views,
    "annotations=": own_images,
    "train_pipeline = ": stock_pipeline,
    "BaseTransform": transform,
    "model = dict(method=": method,
    "SegformerHead": head,
    "custom_imports = ": imports,
}


@pytest.mark.parametrize(
    "page, text", [pytest.param(*block, id=f"{block[0]}-{i}") for i, block in enumerate(blocks())]
)
def test_each_block_is_run(page, text, rooms_root, tmp_path, monkeypatch):
    found = runners(page, text)
    assert len(found) == 1, f"{len(found)} tests run this block; name one in HERE or ELSEWHERE"
    (run,) = found
    if isinstance(run, str):
        assert (ROOT / "tests" / run).is_file()
    else:
        run(text, rooms_root, tmp_path, monkeypatch)
