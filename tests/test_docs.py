"""Examples of README and docs/ work: configs load, classes run, files exist."""

import inspect
import math
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmseg.registry import DATASETS, METRICS, MODELS

import mmlhl.models  # noqa: F401
from mmlhl.engine.phases import parse_phases

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("**/*.md"))]


def python_blocks(page):
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


def sequence_blocks():
    for page in ("README.md", "docs/configs.md"):
        for number, block in enumerate(b for b in python_blocks(page) if "_base_" in b):
            yield pytest.param(block, id=f"{page}-{number}")


@pytest.fixture(scope="module")
def configs(tmp_path_factory):
    """A copy of `configs/` to which the documentation's examples can be added."""
    return Path(shutil.copytree(ROOT / "configs", tmp_path_factory.mktemp("docs") / "configs"))


@pytest.mark.parametrize("block", sequence_blocks())
def test_sequences_load(configs, block):
    path = configs / "shown" / "shown.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(block)
    cfg = Config.fromfile(path)
    phases = parse_phases(cfg)
    assert [list(phase.tasks) for phase in phases] == [list(entry.tasks) for entry in cfg.phases]


def test_readme_shows_the_demo_config(configs):
    (block,) = (block for block in python_blocks("README.md") if "_base_" in block)
    path = configs / "had" / "shown.py"
    path.write_text(block)
    shown, real = Config.fromfile(path), Config.fromfile(configs / "had/rooms_seg_depth_normal.py")
    for key in ("phases", "model", "train_dataloader", "train_cfg", "runner_type"):
        assert shown[key] == real[key]


@pytest.fixture(scope="module")
def extensions():
    """The classes of docs/extending.md, registered."""
    names = {}
    for block in python_blocks("docs/extending.md"):
        if "register_module()" in block:
            exec(block, names)
    yield names
    for name in ("AngleHead", "StayClose", "CappedPull"):
        MODELS.module_dict.pop(name)
    METRICS.module_dict.pop("AngleErrorMetric")
    DATASETS.module_dict.pop("VirtualKITTI")


def test_new_head_of_the_docs(extensions):
    decoder = dict(type="FCNHead", in_channels=4, channels=4, num_convs=1, in_index=0)
    head = MODELS.build(dict(type="AngleHead", decoder=decoder))
    feats = [torch.rand(2, 4, 6, 8)]
    pred = head.activate(head(feats), (12, 16))
    assert pred.shape == (2, 1, 12, 16) and pred.abs().max() <= math.pi
    near = torch.full((1, 1, 1, 1), math.radians(179)), torch.full((1, 1, 1, 1), math.radians(-179))
    assert head.distance(*near).item() == pytest.approx(1 - math.cos(math.radians(2)), abs=1e-6)
    assert head.groups(pred).unique().tolist() == [0, 1]
    assert head.merge(torch.stack(near)).abs().item() == pytest.approx(math.pi, abs=1e-5)
    measured = torch.ones(1, 1, 1, dtype=torch.bool)
    compared = head.compare(SimpleNamespace(loss_weight=2.0), *near, measured)
    assert compared.item() == pytest.approx(2 * (1 - math.cos(math.radians(2))), abs=1e-6)
    assert head.field == "angle_map"


def test_new_metric_of_the_docs(extensions):
    metric = METRICS.build(dict(type="AngleErrorMetric"))
    pred, gt = torch.tensor([179.0, 10.0, 0.0]), torch.tensor([-179.0, 14.0, math.nan])
    pred, gt = pred.deg2rad().view(1, 1, 3), gt.deg2rad().view(1, 1, 3)
    sums = metric.sums(pred, gt) + metric.sums(pred, gt)
    assert metric.summarize(sums) == {"mean_err": pytest.approx((2 + 4) / 2, abs=1e-4)}
    assert set(metric.higher_is_better) == set(metric.units) == {"mean_err"}
    assert metric.field == "angle_map"


def test_readme_counts_the_decode_heads():
    from mmlhl.models.heads.decoders import SERVING

    (count,) = re.findall(r"\[(\d+) mmseg decode heads\]", (ROOT / "README.md").read_text())
    assert int(count) == len(SERVING)


def test_distill_is_called_as_the_docs_say():
    from mmlhl.models.methods import DistillationMethod

    names = list(inspect.signature(DistillationMethod.distill).parameters)[1:]
    page = (ROOT / "docs/extending.md").read_text().replace("\n", " ")
    assert f"`distill({', '.join(names)})`" in page


def test_new_method_of_the_docs(extensions):
    method = MODELS.build(dict(type="StayClose", loss_weight=0.5))
    backbone = torch.nn.Linear(1, 1)
    torch.nn.init.constant_(backbone.weight, 1.0)
    model = SimpleNamespace(backbone=backbone, old_tasks=["seg"])
    assert method.losses(model, None) == {}
    method.end_phase(model, None)
    resumed = MODELS.build(dict(type="StayClose", loss_weight=0.5))
    resumed.load_state_dict(method.state_dict())
    method = resumed
    torch.nn.init.constant_(backbone.weight, 3.0)
    assert method.losses(model, None)["loss_close"].item() == pytest.approx(0.5 * 4)


def test_new_distillation_of_the_docs(extensions):
    method = MODELS.build(dict(type="CappedPull", cap=0.5, loss_weight=2.0))
    head = SimpleNamespace(distance=lambda student, teacher: (student - teacher).abs()[:, 0])
    student, valid = torch.tensor([[[[0.2, 3.0, 9.0]]]]), torch.tensor([[[True, True, False]]])
    losses = method.distill(head, student, torch.zeros(1, 1, 1, 3), valid)
    assert losses["loss_capped"].item() == pytest.approx((0.2 + 0.5) / 2)
    assert method.loss_weight == 2.0


def methods():
    from mmlhl.models import methods as room

    classes = [getattr(room, name) for name in room.__all__]
    return [cls for cls in classes if MODELS.get(cls.__name__) is cls]


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.__name__)
def test_every_method_is_listed_with_its_options(method):
    page = (ROOT / "docs/methods.md").read_text()
    assert f"| `{method.__name__}` |" in page
    own = inspect.signature(method.__init__).parameters
    names = [n for n, p in own.items() if p.kind is p.POSITIONAL_OR_KEYWORD and n != "self"]
    missing = [n for n in names if f"`{n}`" not in page and f"`{n}." not in page]
    assert missing == []


def test_names_and_formats_of_the_docs(extensions, tmp_path):
    import cv2
    import numpy as np

    frames = tmp_path / "Scene01/clone/frames"
    metres = np.array([[1.5, 9.99], [655.35, 12]])
    stored = dict(rgb=np.zeros((2, 2, 3), np.uint8), depth=(metres * 100).round().astype(np.uint16))
    for name, array in stored.items():
        (frames / name / "Camera_0").mkdir(parents=True)
        end = ".jpg" if name == "rgb" else ".png"
        cv2.imwrite(str(frames / name / "Camera_0" / f"{name}_00001{end}"), array)
    loading = [dict(type="LoadImageFromFile"), dict(type="LoadMultiTaskAnnotations")]
    cfg = dict(type="VirtualKITTI", data_root=str(tmp_path), split="Scene01/clone")
    depth = DATASETS.build({**cfg, "pipeline": loading})[0]["gt_depth_map"]
    assert np.allclose(depth, [[1.5, 9.99], [np.nan, 12]], equal_nan=True)

    millimetres = np.array([[0, 500], [9990, 65535]], np.uint16)
    rotated = ((millimetres << 3) | (millimetres >> 13)).astype(np.uint16)
    content = cv2.imencode(".png", rotated)[1].tobytes()
    assert np.array_equal(extensions["read_sun_depth"](content, "a.png"), millimetres)


def test_data_set_of_the_docs_is_read_as_shown(tmp_path):
    import cv2
    import numpy as np

    (block,) = (b for b in python_blocks("docs/extending.md") if "dataset = dict" in b)
    names = {}
    exec(block, names)
    root = tmp_path / "train"
    for folder in ("image", "label", "depth", "normal"):
        (root / folder).mkdir(parents=True)
    cv2.imwrite(str(root / "image/a.jpg"), np.zeros((2, 2, 3), np.uint8))
    cv2.imwrite(str(root / "label/a.png"), np.array([[0, 1], [1, 0]], np.uint8))
    cv2.imwrite(str(root / "depth/a.png"), np.array([[0, 1500], [1, 2]], np.uint16))
    cv2.imwrite(str(root / "normal/a.png"), np.full((2, 2, 3), (255, 128, 128), np.uint8))
    pipeline = [dict(type="LoadImageFromFile"), dict(type="LoadMultiTaskAnnotations")]
    dataset = DATASETS.build({**names["dataset"], "data_root": str(tmp_path), "pipeline": pipeline})
    sample = dataset[0]
    assert sample["gt_seg_map"].tolist() == [[255, 1], [1, 255]]
    assert sample["gt_depth_map"][0, 1] == pytest.approx(1.5)
    assert np.isnan(sample["gt_depth_map"][0, 0])
    # stored z of +1 is a frame with z backward: -1 in ours
    assert sample["gt_normal_map"][0, 0, 2] == pytest.approx(-1, abs=1e-3)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_named_files_exist(page):
    text = page.read_text()
    named = re.findall(r"(?<![\w./-])((?:configs|tools|docs|tests)/[\w./-]*\w\.\w+)", text)
    linked = re.findall(r"\]\((?!http)([\w./-]+)", text)
    missing = [name for name in named if not (ROOT / name).exists()]
    missing += [name for name in linked if not (page.parent / name).exists()]
    assert missing == []
