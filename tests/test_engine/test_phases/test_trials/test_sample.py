"""The first sample passes each branch of a pipeline's random choices."""

import random

import numpy as np
import pytest
from mmengine.dataset import BaseDataset, Compose, ConcatDataset
from mmseg.registry import TRANSFORMS

import mmlhl  # noqa: F401
from mmlhl.datasets.pipelines import build_steps
from mmlhl.engine.phases.trials.sample import TRIES, first_sample, random_step

BAD = dict(type="Resize", scale=(8, 8), interpolation="none")
FLIP = dict(type="RandomFlip", prob=1.0)


class OneImage:
    def __init__(self, *steps):
        self.pipeline = Compose(build_steps(steps))

    def get_data_info(self, index):
        return dict(img=np.zeros((9, 9, 3), np.uint8), img_shape=(9, 9), seg_fields=[])

    def __getitem__(self, index):
        return self.pipeline(self.get_data_info(index))


@pytest.mark.parametrize(
    "step",
    [
        dict(type="RandomApply", prob=0.0, transforms=[FLIP, BAD]),
        dict(type="RandomChoice", prob=[1.0, 0.0], transforms=[FLIP, [FLIP, BAD]]),
        dict(
            type="RandomChoice",
            prob=[1.0, 0.0],
            transforms=[FLIP, [dict(type="RandomApply", prob=0.0, transforms=BAD)]],
        ),
    ],
)
def test_what_is_seldom_drawn_is_tried(step):
    dataset = OneImage(FLIP, step)
    assert dataset[0]["flip"]
    for outer in (dataset, type("Wrapper", (), dict(dataset=dataset, __getitem__=lambda *_: 0))()):
        with pytest.raises(ValueError, match="Resize: KeyError: none"):
            first_sample(outer)


def test_random_states_are_left_alone():
    dataset = OneImage(dict(type="RandomApply", prob=0.0, transforms=FLIP))
    random.seed(3)
    np.random.seed(3)
    dataset[0]
    expected = random.random(), np.random.rand()
    random.seed(3)
    np.random.seed(3)
    assert not first_sample(dataset).get("flip")
    assert (random.random(), np.random.rand()) == expected


class Picky:
    """A dataset whose pipeline rejects so many images, and then none."""

    def __init__(self, rejected, max_refetch=1000):
        self.rejected, self.max_refetch = rejected, max_refetch

    def __getitem__(self, index):
        if self.rejected > self.max_refetch:
            raise Exception("Cannot find valid image after so many tries")
        return "sample"


class Wrapper:
    def __init__(self, *datasets):
        self.datasets = datasets

    def __getitem__(self, index):
        return self.datasets[0][index]

    def __getattr__(self, name):
        return getattr(self.datasets[0], name)


@pytest.mark.parametrize("wrap", [lambda each: each, Wrapper, lambda each: Wrapper(Wrapper(each))])
def test_images_are_rejected_for_seconds_and_not_for_minutes(wrap):
    lazy = wrap(Picky(TRIES))
    assert first_sample(lazy) == "sample" and lazy.max_refetch == 1000
    with pytest.raises(ValueError, match=f"no image is left .*max_refetch={TRIES}"):
        first_sample(wrap(Picky(TRIES + 1)))
    with pytest.raises(ValueError, match=r"max_refetch=7"):
        first_sample(wrap(Picky(8, 7)))


@TRANSFORMS.register_module()
class Forgetful:
    def __call__(self, results):
        results["img"] = results["img"] + 1


@pytest.mark.parametrize("test", [False, True])
@pytest.mark.parametrize("wrap", [lambda each: each, lambda each: ConcatDataset([each, each])])
def test_a_transform_that_returns_nothing_is_named(wrap, test):
    dataset = wrap(ImageList(test_mode=test, pipeline=[FLIP, dict(type="Forgetful")]))
    with pytest.raises(ValueError, match="Forgetful returns None .* 'return results'"):
        first_sample(dataset)


class ImageList(BaseDataset):
    def load_data_list(self):
        return [OneImage().get_data_info(0)] * 2


class Speckles:
    """A user's own transform that draws from Python's generator."""

    def __call__(self, results):
        results["img"] = results["img"] + np.uint8(random.randrange(200))
        return results


class RampImage(OneImage):
    def get_data_info(self, index):
        ramp = np.arange(243, dtype=np.uint8).reshape(9, 9, 3)
        return dict(img=ramp, img_shape=(9, 9), ori_shape=(9, 9), seg_fields=[])


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("RandomFlip", dict(type="RandomFlip", prob=0.5)),
        ("RandomCrop", dict(type="RandomCrop", crop_size=(4, 4))),
        ("PhotoMetricDistortion", dict(type="PhotoMetricDistortion")),
        ("RandomChoice", dict(type="RandomChoice", transforms=[FLIP, dict(FLIP, prob=0.0)])),
        ("Speckles", Speckles()),
    ],
)
def test_a_random_transform_is_named(name, step):
    random.seed(3)
    np.random.seed(3)
    before = random.getstate(), np.random.rand()
    steps = [dict(type="Resize", scale=(8, 8)), step, dict(type="Normalize", mean=[1], std=[2])]
    dataset = RampImage(*[each for each in steps if each is not step])
    dataset.pipeline.transforms.insert(1, build_steps([step])[0] if type(step) is dict else step)
    for outer in (dataset, type("Wrapper", (), dict(dataset=dataset))()):
        assert (random_step(outer) or "").removeprefix("MultiTask") == name
    assert random.getstate() == before[0]


def test_pipelines_for_tests_are_not_random():
    flips = [dict(FLIP, prob=0.0), FLIP]
    steady = [dict(type="Resize", scale=(8, 8)), *flips, dict(type="CenterCrop", crop_size=4)]
    assert random_step(RampImage(*steady, dict(type="Pad", size=(12, 12)))) is None
    views = [dict(type="TestTimeAug", transforms=[flips])]
    assert random_step(RampImage(*views)) is None
    assert random_step([0]) is None
