"""What a data preprocessor of one's own moves is moved with its labels and undone, or refused."""

from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.model import ImgDataPreprocessor
from mmengine.structures import PixelData
from mmseg.models import SegDataPreProcessor
from test_datasets.test_transforms.test_trials.test_batches import batch

from mmlhl.engine.hooks import TrainingFactsHook
from mmlhl.engine.phases.trials.preprocessor import check_padding, try_in_tests, try_preprocessor
from mmlhl.engine.phases.trials.step import trial_prediction, trial_step
from mmlhl.models import MultiTaskDataPreProcessor

NORMALISED = dict(mean=[120, 110, 100], std=[58, 57, 56], bgr_to_rgb=True)


def preprocessor(train=None, test=None, base=MultiTaskDataPreProcessor, **options):
    """A preprocessor whose ``forward`` applies functions of images and samples first."""

    class Own(base):
        def forward(self, data, training=False):
            step = train if training else test
            if step:
                images, samples = step([each.float() for each in data["inputs"]], data)
                data = dict(inputs=images, data_samples=samples)
            return super().forward(data, training)

    return Own(**NORMALISED, **options)


def flipped(images, data):
    return [each.flip(-1) for each in images], data["data_samples"]


def all_flipped(images, data):
    for sample in data["data_samples"]:
        for field in [key for key in sample.keys() if key.startswith("gt_")]:
            maps = sample.get(field).data.flip(-1)
            if field == "gt_normal_map":
                maps[0] *= -1
            sample.set_data({field: PixelData(data=maps)})
    return flipped(images, data)


def rolled(images, data):
    return [each.roll(3, -1) for each in images], data["data_samples"]


def seldom(images, data):
    return (rolled if torch.rand(1) < 0.2 else noisy)(images, data)


def noisy(images, data):
    return [each + torch.randn(each.shape) for each in images], data["data_samples"]


def halved(images, data):
    return [F.avg_pool2d(each, 2) for each in images], data["data_samples"]


def padded(images, data):
    return [F.pad(each, (8, 0, 0, 0)) for each in images], data["data_samples"]


def padded_by_name(images, data):
    for sample in data["data_samples"]:
        sample.set_metainfo(dict(img_padding_size=(8, 0, 0, 0)))
    return padded(images, data)


def flipped_by_name(images, data):
    for sample in data["data_samples"]:
        sample.set_metainfo(dict(flip=True, flip_direction="horizontal"))
    return flipped(images, data)


@pytest.mark.parametrize("fields", [None, ["gt_sem_seg"]])
@pytest.mark.parametrize("step", [flipped, rolled, seldom])
def test_images_alone_in_training(step, fields):
    data = batch(0, fields=fields)
    with pytest.raises(ValueError, match=r"model\.data_preprocessor \(Own\) moves pixels of"):
        try_preprocessor(preprocessor(step), **as_arguments(data))


@pytest.mark.parametrize(
    "step, base",
    [
        (noisy, MultiTaskDataPreProcessor),
        (None, SegDataPreProcessor),
        (all_flipped, SegDataPreProcessor),
    ],
)
def test_preprocessors_that_move_together_or_not_at_all(step, base):
    own = preprocessor(step, base=base, size=(128, 128))
    try_preprocessor(own, **as_arguments(batch(0, fields=["gt_sem_seg", "gt_normal_map"])))
    assert own.size == (128, 128)


@pytest.mark.parametrize("step", [flipped, rolled, padded])
def test_images_that_predictions_do_not_follow(step):
    with pytest.raises(ValueError, match=r"model\.data_preprocessor \(Own\) .* in tests"):
        try_in_tests(preprocessor(test=step))
    with pytest.raises(
        ValueError, match=r"\(ImgDataPreprocessor\) moves pixels of images in tests"
    ):
        try_in_tests(ImgDataPreprocessor(pad_size_divisor=32))


@pytest.mark.parametrize("step", [None, noisy, halved, padded_by_name, flipped_by_name])
def test_what_is_undone_in_tests(step):
    try_in_tests(preprocessor(test=step))
    try_in_tests(preprocessor(test=noisy, test_cfg=dict(size_divisor=32)))


def test_images_of_four_channels():
    data = batch(0, fields=["gt_sem_seg"])
    data["inputs"] = [torch.cat([each, each[:1]]) for each in data["inputs"]]
    own = preprocessor(flipped, flipped)
    own.register_buffer("mean", torch.full((4, 1, 1), 120.0))
    own.register_buffer("std", torch.full((4, 1, 1), 60.0))
    with pytest.raises(ValueError, match="moves pixels"):
        try_preprocessor(own, **as_arguments(data))
    for inputs in (data["inputs"], ()):
        with pytest.raises(ValueError, match="in tests"):
            try_in_tests(own, inputs)


def test_one_that_says_that_nothing_moves():
    own = preprocessor(flipped, flipped)
    own.moves_pixels = False
    try_preprocessor(own, **as_arguments(batch(0)))
    try_in_tests(own)


def test_trials_and_tests_of_checkpoints_try_it():
    model = SimpleNamespace(data_preprocessor=preprocessor(flipped, flipped))
    model.train = model.eval = lambda: None
    with pytest.raises(ValueError, match="moves pixels of packed images"):
        trial_step(model, batch(0))
    with pytest.raises(ValueError, match="in tests"):
        trial_prediction(model, batch(0))
    whole = torch.nn.Module()
    whole.data_preprocessor = model.data_preprocessor
    runner = SimpleNamespace(model=whole, cfg=Config(), test_loop=SimpleNamespace(evaluator=None))
    with pytest.raises(ValueError, match="in tests"):
        TrainingFactsHook().before_test(runner)


def test_padding_that_would_be_learned():
    for base, fault in ((SegDataPreProcessor, True), (MultiTaskDataPreProcessor, False)):
        own = preprocessor(base=base, size=(128, 128))
        data = own(batch(0, fields=["gt_sem_seg", "gt_depth_map"]), training=True)
        if not fault:
            check_padding(own, data["data_samples"])
            continue
        with pytest.raises(ValueError, match=r"\(Own\) pads gt_depth_map with seg_pad_val=255"):
            check_padding(own, data["data_samples"])


def as_arguments(data):
    return dict(inputs=data["inputs"], samples=data["data_samples"])
