"""Mean, standard deviation and order of colours are compared with what a pipeline gives."""

import pytest
import torch
from mmcv.transforms import Normalize

from mmlhl.engine.phases.image_range import check_colour_order, check_image_range

IMAGE = torch.linspace(0, 255, 48).round().view(3, 4, 4)
BYTES = IMAGE.to(torch.uint8)
USUAL = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])
UNIT = dict(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])


@pytest.mark.parametrize("image", [BYTES, IMAGE, BYTES // 80])
@pytest.mark.parametrize(
    "given", [UNIT, dict(mean=[0.5] * 3, std=[0.5] * 3), dict(mean=[0.0], std=[0.2])]
)
def test_values_of_images_from_0_to_1(image, given):
    with pytest.raises(
        ValueError, match=r"^here: .*mean=.*std=.* of 0\.\.(3|255): multiply both by 255"
    ):
        check_image_range(given, image, "here")


@pytest.mark.parametrize(
    "image", [(IMAGE - 120) / 60, IMAGE / 255, (IMAGE / 127.5) - 1, IMAGE / 255 * 2 - 2]
)
def test_images_that_are_normalised_already(image):
    with pytest.raises(ValueError, match="^here: .*mean=.*: let the pipeline give .* leave mean"):
        check_image_range(USUAL, image, "here")


@pytest.mark.parametrize(
    ("given", "image"),
    [
        (USUAL, BYTES),
        (USUAL, IMAGE + 0.4),  # noise
        (USUAL, IMAGE - 0.4),
        (USUAL, BYTES * 0),
        (USUAL, IMAGE * 0 + 1),  # a dark photograph
        (UNIT, IMAGE / 255),
        (dict(mean=[0.0] * 3, std=[255.0] * 3), BYTES),
        (dict(mean=[0.0] * 3, std=[1.0] * 3), BYTES),
        (dict(mean=[127.5] * 3, std=[127.5] * 3), BYTES),
        (dict(mean=None, std=None), (IMAGE - 120) / 60),
        (dict(), IMAGE / 255),
        (dict(mean=[0.0] * 3, std=[1.0] * 3), (IMAGE - 120) / 60),
        (UNIT, BYTES // 200),
    ],
)
def test_what_fits(given, image):
    check_image_range(given, image, "here")


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("to_rgb", [False, True])
def test_colours_exchanged_twice(turned, to_rgb):
    steps = [object(), Normalize(mean=[0.0] * 3, std=[1.0] * 3, to_rgb=to_rgb)]
    if not (turned and to_rgb):
        return check_colour_order(dict(bgr_to_rgb=turned), steps, "here")
    with pytest.raises(ValueError, match="^here: Normalize turns images into RGB, and bgr_to_rgb"):
        check_colour_order(dict(bgr_to_rgb=turned), steps, "here")
