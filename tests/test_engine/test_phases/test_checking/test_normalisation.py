"""Images are normalised once, alike in training and tests, and in the range that they have."""

import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS

from mmlhl.engine import parse_phases
from mmlhl.engine.phases.checking.normalisation import (
    check_normalisation,
    check_range,
    preprocessor_of,
)

IMAGENET = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])
STEP = dict(type="Normalize", to_rgb=True, **IMAGENET)
ALIKE = dict(type="mmcv.Normalize", mean=[0, 0, 0], std=[1.0, 1.0, 1.0], to_rgb=True)


def checked(train=(), test=(), **preprocessor):
    loaders = {
        f"{kind}_dataloader": dict(dataset=dict(datasets=[dict(pipeline=[*steps])] * 2))
        for kind, steps in (("train", train), ("val", test), ("test", test))
    }
    model = dict(data_preprocessor=dict(preprocessor))
    # the variable of mmseg's configs is for models without their own
    check_normalisation(Config(dict(model=model, data_preprocessor=IMAGENET, **loaders)))


@pytest.mark.parametrize("steps", [(), (STEP,), (dict(type="Albu", transforms=[STEP]),)])
def test_by_the_pipelines_or_by_the_preprocessor(steps):
    checked(steps, steps)
    checked((*steps, ALIKE), steps)
    if steps:
        for place in ("train", "test"):
            loader = {f"{place}_dataloader": dict(dataset=dict(pipeline=list(steps)))}
            cfg = dict(model=dict(data_preprocessor=IMAGENET), **loader)
            with pytest.raises(ValueError, match=rf"^{place}_dataloader: .*\.mean=\[1.* twice"):
                check_normalisation(cfg)


def test_otherwise_in_training_than_in_tests():
    with pytest.raises(ValueError, match="^train_dataloader: .* and that of val_dataloader does n"):
        checked([STEP])
    with pytest.raises(ValueError, match="^val_dataloader: .* that of train_dataloader does not:"):
        checked([], [STEP])
    with pytest.raises(ValueError, match="^val_dataloader: .* train_dataloader does otherwise:"):
        checked([STEP], [dict(STEP, to_rgb=False)])


@pytest.mark.parametrize("steps", [[STEP], [ALIKE], [{**STEP, "to_rgb": None}, dict(STEP)]])
def test_made_rgb_twice(steps):
    with pytest.raises(ValueError, match="^train_dataloader: .* RGB .*bgr_to_rgb=True would turn"):
        checked(steps, steps, bgr_to_rgb=True)


def test_made_rgb_once():
    kept = dict(STEP, to_rgb=False)
    of_albu = dict(type="Albu", transforms=[dict(type="Normalize", **IMAGENET)])
    for steps in ([kept], [of_albu], []):
        checked(steps, steps, bgr_to_rgb=True)
    checked([STEP], [STEP], bgr_to_rgb=False)


def test_found_in_a_sequence(config, nothing_is_built):
    cfg = config()
    cfg.train_dataloader.dataset.pipeline.insert(2, dict(STEP))
    with pytest.raises(ValueError, match="^train_dataloader: Normalize .* twice"):
        parse_phases(cfg)


@pytest.mark.parametrize(("mean", "std"), [(0.5, 0.5), (0.485, 0.229)])
def test_the_range_of_images(mean, std):
    def built(factor):
        return MODELS.build(
            dict(type="MultiTaskDataPreProcessor", mean=[mean * factor] * 3, std=[std * factor] * 3)
        )

    ones = torch.linspace(0, 1, 48).reshape(3, 4, 4)
    bytes_ = (ones * 255).to(torch.uint8)
    check_range(built(1), [ones])
    check_range(built(255), [bytes_, torch.zeros(3, 4, 4)])
    check_range(built(255), [torch.zeros(3, 4, 4), torch.ones(3, 4, 4)])  # very dark
    right = str(round(mean * 255, 3))
    with pytest.raises(ValueError, match=rf"of 0 to 1, but .* up to 255: write mean=\[{right}, "):
        check_range(built(1), [bytes_])
    with pytest.raises(ValueError, match=rf"of 0 to 255, but .* 0 to 1: write mean=\[{mean}, "):
        check_range(built(255), [ones])
    for normalised in (ones * 4 - 2, ones * 2 - 1):
        with pytest.raises(ValueError, match=r"of 0 to 255, but .* a transform normalises them"):
            check_range(built(255), [normalised])
    check_range(built(255), [ones * 255 - 0.4])  # noise


def test_images_that_are_not_normalised():
    nothing = MODELS.build(dict(type="MultiTaskDataPreProcessor"))
    unit = MODELS.build(dict(type="MultiTaskDataPreProcessor", mean=[0.0] * 3, std=[1.0] * 3))
    for preprocessor in (nothing, unit, None):
        check_range(preprocessor, [torch.full((3, 2, 2), 200, dtype=torch.uint8)])


def test_the_models_own_preprocessor_counts():
    outer, own = dict(mean=[1]), dict(mean=[2])
    assert preprocessor_of(dict(model=dict(), data_preprocessor=outer)) is outer
    assert preprocessor_of(dict(model=dict(data_preprocessor=own), data_preprocessor=outer)) is own
