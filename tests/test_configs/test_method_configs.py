"""Configs of the methods that HAD is compared with, and of HAD's ablations."""

import pytest
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from mmlhl.engine.phases import parse_phases, phase_config

from . import loading
from .loading import CONFIGS

METHODS = {
    "der": "DER",
    "derpp": "DERpp",
    "ewc": "EWC",
    "had_release": "HADRelease",
    "icarl": "ICaRL",
    "joint": "Naive",
    "l2sp": "L2SP",
    "sgp": "SGP",
    "spg": "SPG",
    "tether": "Tether",
}
ABLATIONS = sorted((CONFIGS / "had" / "ablations").glob("*.py"))
HAD = CONFIGS / "had" / "rooms_seg_depth_normal.py"


def load(path, tmp_path):
    init_default_scope("mmseg")
    cfg = loading.load(path)
    cfg.work_dir = str(tmp_path)
    return cfg


@pytest.mark.parametrize("folder", METHODS)
def test_method_configs_differ_from_had_in_the_method_only(folder, tmp_path):
    cfg = load(CONFIGS / folder / "rooms_seg_depth_normal.py", tmp_path)
    assert cfg.model.method == dict(type=METHODS[folder])
    had = load(HAD, tmp_path)
    for key in ("train_cfg", "optim_wrapper", "train_dataloader"):
        assert cfg[key] == had[key]
    phases = parse_phases(cfg)
    model = phase_config(cfg, phases, len(phases) - 1, "earlier.pth").model
    assert type(MODELS.build(model).method).__name__ == METHODS[folder]


def test_joint_learns_all_tasks_at_once_on_all_images(tmp_path):
    cfg = load(CONFIGS / "joint" / "rooms_seg_depth_normal.py", tmp_path)
    (phase,) = parse_phases(cfg)
    train = phase_config(cfg, [phase], 0).train_dataloader.dataset
    assert train.tasks == ["seg", "depth", "normal"] and "part" not in train


@pytest.mark.parametrize("index, task", enumerate(["seg", "depth", "normal"]))
def test_single_learns_one_task_on_the_images_of_its_phase(index, task, tmp_path):
    cfg = load(CONFIGS / "single" / f"rooms_{task}.py", tmp_path)
    (phase,) = parse_phases(cfg)
    single = phase_config(cfg, [phase], 0)
    sequence = load(HAD, tmp_path)
    phases = parse_phases(sequence)
    same = phase_config(sequence, phases, index, "earlier.pth" if index else None)
    for key in ("tasks", "part"):
        assert list(single.train_dataloader.dataset[key]) == list(
            same.train_dataloader.dataset[key]
        )
    assert list(MODELS.build(single.model).heads.keys()) == [task]


@pytest.mark.parametrize("path", ABLATIONS, ids=lambda path: path.stem)
def test_ablation_configs_differ_from_had_in_one_option(path, tmp_path):
    assert len(path.read_text().splitlines()) < 10
    cfg, had = load(path, tmp_path), load(HAD, tmp_path)
    assert cfg.model.method.type == "HAD" and cfg.label != "HAD"
    MODELS.build(cfg.model)
    changed = {key for key in cfg if cfg[key] != had.get(key)} - {"label"}
    assert changed == {"model"}
    parts = [key for key in had.model if cfg.model[key] != had.model[key]]
    assert len(parts) == 1 and parts[0] in ("method", "heads")
    options = cfg.model.method.to_dict()
    loss = options.pop("loss", {})
    assert len(loss) + len(options.keys() - {"type", "loss_weight"}) == (parts == ["method"])


def test_no_label_is_given_twice(tmp_path):
    labels = [load(path, tmp_path).label for path in ABLATIONS]
    assert len(set(labels)) == len(labels) == 10
