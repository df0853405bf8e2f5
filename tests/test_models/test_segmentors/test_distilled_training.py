"""A distilled training with mmengine's Runner, from files, resumed, published and tested."""

import runpy
import sys
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.fileio import dump
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import MODELS
from PIL import Image

import mmlhl  # noqa: F401

PUBLISH = Path(__file__).parents[3] / "tools" / "model_converters" / "publish.py"


@pytest.fixture
def config(tmp_path, cnn_segmentor, transformer_segmentor):
    """Config of a student that learns from a teacher with a checkpoint, on four images."""
    random = np.random.default_rng(0)
    for name in ("images", "labels"):
        (tmp_path / name).mkdir()
    for i in range(4):
        image = random.integers(256, size=(48, 64, 3), dtype=np.uint8)
        Image.fromarray(image).save(tmp_path / "images" / f"{i}.png")
        label = (image[..., 0] // 86).astype(np.uint8)
        Image.fromarray(label).save(tmp_path / "labels" / f"{i}.png")

    teacher = transformer_segmentor(mean=[0.0] * 3, std=[255.0] * 3, bgr_to_rgb=False)
    torch.save(dict(state_dict=MODELS.build(teacher).state_dict()), tmp_path / "teacher.pth")
    dump(dict(model=teacher.to_dict()), str(tmp_path / "teacher.json"))

    pipeline = [
        dict(type="LoadImageFromFile"),
        dict(type="LoadAnnotations"),
        dict(type="PackSegInputs"),
    ]
    dataset = dict(
        type="BaseSegDataset",
        data_root=str(tmp_path),
        data_prefix=dict(img_path="images", seg_map_path="labels"),
        img_suffix=".png",
        metainfo=dict(classes=("a", "b", "c"), palette=[[0] * 3, [1] * 3, [2] * 3]),
        reduce_zero_label=False,
        pipeline=pipeline,
    )
    loader = dict(batch_size=2, num_workers=0, sampler=dict(type="DefaultSampler", shuffle=False))
    return Config(
        dict(
            default_scope="mmseg",
            work_dir=str(tmp_path / "work"),
            model=dict(
                type="DistilledSegmentor",
                student=cnn_segmentor(),
                teacher=dict(
                    config=str(tmp_path / "teacher.json"),
                    checkpoint=str(tmp_path / "teacher.pth"),
                ),
                distillers=[dict(type="HeteroAKDLoss"), dict(type="KDLoss")],
            ),
            train_dataloader=dict(loader, dataset=dataset),
            test_dataloader=dict(loader, dataset=dataset),
            test_evaluator=dict(type="IoUMetric"),
            optim_wrapper=dict(type="OptimWrapper", optimizer=dict(type="Adam", lr=1e-2)),
            train_cfg=dict(type="EpochBasedTrainLoop", max_epochs=1),
            test_cfg=dict(type="TestLoop"),
            default_hooks=dict(checkpoint=dict(type="CheckpointHook", interval=1)),
            custom_hooks=[dict(type="EMAHook")],
            randomness=dict(seed=0, deterministic=True),
            experiment_name="distilled",
        )
    )


class Remember(Hook):
    """Stores the initial weights, and the parameters of the optimizer."""

    def before_train(self, runner):
        self.weights = deepcopy(runner.model.state_dict())
        state = runner.optim_wrapper.optimizer.state
        self.known = [name for name, p in runner.model.named_parameters() if p in state]


@pytest.fixture(autouse=True)
def quick_start(monkeypatch):
    """Skip the search for compilers and the formatting of configs, which take seconds."""
    monkeypatch.setattr("mmengine.runner.runner.collect_env", dict)
    # The classic mmengine imports it once, the maintained one each time.
    for place in ("mmengine.config.config", "yapf.yapflib.yapf_api"):
        unformatted = lambda text, **style: (text, False)  # noqa: E731
        monkeypatch.setattr(f"{place}.FormatCode", unformatted, raising=False)


def run(config, **changes):
    config = deepcopy(config)
    config.merge_from_dict(changes)
    config.experiment_name = f"distilled{len(list(Path(config.work_dir).glob('2*')))}"
    return Runner.from_cfg(config)


def test_train_resume_publish_and_test_with_the_plain_config(config, tmp_path, monkeypatch):
    runner = run(config)
    runner.train()
    work = Path(config.work_dir)
    saved = torch.load(work / "epoch_1.pth", weights_only=False)
    assert not any("teacher." in key for key in saved["state_dict"])
    projectors = [key for key in saved["state_dict"] if key.startswith("distillers.")]
    assert projectors

    # Resuming takes the projectors along, and their optimizer state.
    runner = run(config, resume=True, **{"train_cfg.max_epochs": 2})
    start = Remember()
    runner.register_hook(start)
    runner.train()
    assert (work / "epoch_2.pth").is_file()
    for key in projectors:
        # EMA swaps the two sets of weights in the file.
        assert torch.equal(start.weights[key], saved["ema_state_dict"][f"module.{key}"]), key
    assert "distillers.0.teacher_projector.conv.weight" in start.known

    metrics = run(config, load_from=str(work / "epoch_2.pth")).test()
    plain = deepcopy(config)
    plain.model = plain.model.student
    assert run(plain, load_from=str(work / "epoch_2.pth")).test() == metrics

    out = tmp_path / "published" / "student.pth"
    monkeypatch.setattr(sys, "argv", ["publish.py", str(work / "epoch_2.pth"), str(out)])
    runpy.run_path(str(PUBLISH), run_name="__main__")
    published = torch.load(out, weights_only=True)
    assert set(published) == {"meta", "state_dict"}
    inside = Config.fromstring(published["meta"]["cfg"], file_format=".py")
    assert inside.model.to_dict() == plain.model.to_dict()
    runner = run(plain, load_from=str(out))
    assert set(published["state_dict"]) == set(runner.model.state_dict())
    assert runner.test() == metrics
    assert [path.name for path in out.parent.iterdir()] == ["student.pth"]


def test_publish_names_errors(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["publish.py", str(tmp_path / "nowhere.pth"), "out.pth"])
    with pytest.raises(SystemExit, match="^publish.py: .*nowhere.pth"):
        runpy.run_path(str(PUBLISH), run_name="__main__")
    publish = runpy.run_path(str(PUBLISH))["publish"]
    with pytest.raises(ValueError, match="only 'model'"):
        publish(dict(model={}))
