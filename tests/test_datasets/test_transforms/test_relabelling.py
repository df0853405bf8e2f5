"""Third-party transforms that change the ids of labels."""

import numpy as np
import pytest
from mmcv.transforms import BaseTransform

from mmlhl.datasets.pipelines import build_step
from mmlhl.datasets.transforms.watched import Watched

from .test_stock_transforms import results


@pytest.mark.parametrize(
    "values",
    [
        lambda ids: np.arange(256, dtype=np.uint8)[ids],
        lambda ids: np.where(ids > 2, 255, ids),
        lambda ids: np.zeros_like(ids),
    ],
    ids=["table", "clipped", "constant"],
)
def test_other_ids_for_every_field_need_moves_pixels(values):
    class Ids(BaseTransform):
        def transform(self, results):
            for key in results["seg_fields"]:
                results[key] = values(results[key])
            return results

    message = "Ids treats every field in seg_fields as class ids.*moves_pixels = False"
    with pytest.raises(ValueError, match=message):
        Watched(Ids())(results())
    Ids.moves_pixels = False
    step, sample = build_step(Ids()), results()
    expected = values(sample["gt_seg_map"])
    assert np.array_equal(step(sample)["gt_seg_map"], expected)


def test_error_of_the_transform_itself_is_raised_as_it_is():
    class Wrong(BaseTransform):
        def transform(self, results):
            return results["gt_that_is_not_there"]

    with pytest.raises(KeyError, match="gt_that_is_not_there"):
        Watched(Wrong())(results())
