from pathlib import Path

import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

import mmlhl  # noqa: F401

from .loading import CONFIGS, load

PAIRS = sorted(CONFIGS.glob("heteroakd/*.py"))
PEERS = sorted([*CONFIGS.glob("kd/*.py"), *CONFIGS.glob("cwd/*.py")])
SMALL = [path for path in [*PAIRS, *PEERS] if path.stem.startswith(("rooms", "camvid"))]


def name(path):
    return f"{path.parent.name}-{path.stem}"


def test_there_are_pairs_of_all_kinds():
    for data in ("cityscapes", "voc", "ade20k"):
        stems = [path.stem for path in PAIRS if path.stem.startswith(data)]
        assert len(stems) == 7
    assert len(SMALL) == 12


@pytest.mark.parametrize("path", [*PAIRS, *PEERS], ids=name)
def test_student_is_the_plain_config_and_teacher_fits(path):
    assert len(path.read_text().splitlines()) < 20
    config = load(path)
    student, teacher = path.stem[len(path.stem.split("_")[0]) + 1 :].split("_from_")
    data = path.stem.split("_")[0]
    plain = load(CONFIGS / "segmentation" / f"{data}_{student}.py")
    assert config.model.student.to_dict() == plain.model.to_dict()
    assert config.model.type == "DistilledSegmentor" and config.runner_type == "Runner"
    assert Path(config.model.teacher.config).name == f"{data}_{teacher}.py"
    other = load(config.model.teacher.config)
    assert other.model.decode_head.num_classes == plain.model.decode_head.num_classes
    # The default work dir of the teacher, and the last checkpoint there.
    loop = other.train_cfg
    last = f"iter_{loop.max_iters}" if "max_iters" in loop else f"epoch_{loop.max_epochs}"
    assert config.model.teacher.checkpoint == f"work_dirs/segmentation/{data}_{teacher}/{last}.pth"


@pytest.mark.parametrize("path", SMALL, ids=name)
def test_train_step(path):
    init_default_scope("mmseg")
    config = load(path).model
    config.teacher.checkpoint = None
    config.student.data_preprocessor.size = size = (32, 64)
    model = MODELS.build(config)
    samples = [
        SegDataSample(gt_sem_seg=PixelData(data=torch.randint(model.num_classes, (1, *size))))
        for _ in range(2)
    ]
    images = [torch.randint(256, (3, *size), dtype=torch.uint8) for _ in samples]
    data = model.data_preprocessor(dict(inputs=images, data_samples=samples), training=True)
    losses = model(**data, mode="loss")
    kinds = dict(heteroakd={"loss_hakd", "loss_kd"}, kd={"loss_kd"}, cwd={"loss_cwd"})
    assert {f"distill.{kind}" for kind in kinds[path.parent.name]} <= set(losses)
    total = sum(value for key, value in losses.items() if "loss" in key)
    total.backward()
    assert total.isfinite()
    assert all(p.grad is not None for p in model.parameters())
