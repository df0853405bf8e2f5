"""The first sample passes each branch of a pipeline's random choices."""

import random

import numpy as np
import pytest
from mmengine.dataset import Compose

import mmlhl  # noqa: F401
from mmlhl.datasets.pipelines import build_steps
from mmlhl.engine.phases.trial_sample import first_sample

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
