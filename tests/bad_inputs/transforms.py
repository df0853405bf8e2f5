"""Bad inputs: pipelines."""

from .registry import bad, edits
from .setting import LABELS, LOAD, PACK

PIPELINE = "train_dataloader.dataset.pipeline"


def piped(name, step, *expected):
    """A pipeline with one step between loading and packing."""
    return name, {PIPELINE: [LOAD, LABELS, step, PACK]}, *expected


def step(kind, **options):
    return dict(type=kind, **options)


edits(
    "transforms",
    piped("a crop of 0", step("RandomCrop", crop_size=(0, 16)), "crop_size", "0"),
    piped("a crop below 0", step("RandomCrop", crop_size=(-8, 16)), "crop_size", "-8"),
    piped("a crop without a size", step("RandomCrop"), "RandomCrop", "crop_size"),
    piped("a crop as text", step("RandomCrop", crop_size="16"), "crop_size", "'16'"),
    piped("a flip more often than always", step("RandomFlip", prob=1.5), "prob", "1.5"),
    piped("a flip below 0", step("RandomFlip", prob=-0.5), "prob", "-0.5"),
    piped(
        "a flip in no direction", step("RandomFlip", prob=0.5, direction="up"), "direction", "'up'"
    ),
    piped("a resize to 0", step("Resize", scale=(0, 0)), "scale", "0"),
    piped("a resize without a scale", step("Resize"), "scale"),
    piped("a resize as text", step("Resize", scale="half"), "scale", "half"),
    piped(
        "a ratio that falls",
        step("RandomResize", scale=(48, 32), ratio_range=(2.0, 0.5)),
        "ratio_range",
        "2.0",
    ),
    piped(
        "a ratio of 0",
        step("RandomResize", scale=(48, 32), ratio_range=(0.0, 0.0)),
        "ratio_range",
        "0",
    ),
    piped("a rotation of text", step("RandomRotate", prob=1.0, degree="ten"), "degree", "ten"),
    piped("a rotation below 0", step("RandomRotate", prob=1.0, degree=-10), "degree", "-10"),
    piped("padding below 0", step("Pad", size=(-1, -1)), "Pad", "-1"),
    piped("padding without a size", step("Pad"), "Pad", "size"),
    piped("a divisor of 0", step("Pad", size_divisor=0), "size_divisor", "0"),
    piped("a transform of boxes", step("RandomMosaic", prob=1.0), "RandomMosaic"),
    piped(
        "colours changed by text",
        step("PhotoMetricDistortion", brightness_delta="32"),
        "brightness_delta",
    ),
    piped(
        "images normalised twice",
        step("Normalize", mean=[120.0] * 3, std=[60.0] * 3, to_rgb=False),
        "data_preprocessor.mean=[120.0, 120.0, 120.0]",
        "twice",
    ),
    piped(
        "images made RGB twice",
        step("Normalize", mean=[0.0] * 3, std=[1.0] * 3),
        "bgr_to_rgb=True would turn them back",
    ),
    piped("a transform as a string", "RandomFlip", "RandomFlip", "pipeline"),
    piped("a transform without type", dict(prob=0.5), "type", "prob"),
    piped("a transform that is None", None, "None", "pipeline"),
    piped("mmseg's packing in the middle", step("PackSegInputs"), "data_samples"),
    piped(
        "noise around labels",
        step(
            "KeyMapper", transforms=[step("RandomFlip", prob=0.5)], mapping=dict(img="gt_seg_map")
        ),
        "KeyMapper",
        "RandomFlip",
    ),
    ("an empty pipeline", {PIPELINE: []}, "train_dataloader", "PackMultiTaskInputs"),
    ("a pipeline that does not pack", {PIPELINE: [LOAD, LABELS]}, "PackMultiTaskInputs"),
    ("a pipeline that packs first", {PIPELINE: [PACK, LOAD, LABELS]}, "LoadImage", "img_path"),
    ("a pipeline that loads no labels", {PIPELINE: [LOAD, PACK]}, "seg", "sem_seg"),
    ("a pipeline that loads no image", {PIPELINE: [LABELS, PACK]}, "load the image"),
)


class Shift:
    """A user's own transform that moves the image only."""

    moves_pixels = True

    def __call__(self, results):
        results["img"] = results["img"][2:]
        return results


def broadcast(mapping, inner="PhotoMetricDistortion"):
    step = dict(type="TransformBroadcaster", mapping=mapping, transforms=[dict(type=inner)])
    return {PIPELINE: [LOAD, LABELS, step, PACK]}


edits(
    "transforms",
    (
        "a transform broadcast to one image",
        broadcast(dict(img="img")),
        "TransformBroadcaster",
        "['img']",
    ),
    (
        "a transform broadcast to image and labels",
        broadcast(dict(img="img", gt_seg_map="gt_seg_map")),
        "TransformBroadcaster",
        "['img']",
    ),
    ("a transform broadcast to everything", broadcast(None), "TransformBroadcaster", "mapping"),
    (
        "a flip broadcast to image and labels",
        broadcast(dict(img=["img", "gt_depth_map"]), "RandomFlip"),
        "TransformBroadcaster around RandomFlip",
    ),
)


class Nothing:
    """A transform that returns nothing."""

    def __call__(self, results):
        return None


class Fails:
    """A transform that raises an error."""

    def __call__(self, results):
        return results["no such key"]


@bad("transforms", "an own transform that crops the image alone", "Shift", "labels")
def shifted(setting):
    setting.edit({PIPELINE: [LOAD, LABELS, dict(type=Shift), PACK]})


@bad("transforms", "an own transform that returns nothing", "Nothing")
def nothing(setting):
    setting.edit({PIPELINE: [LOAD, LABELS, dict(type=Nothing), PACK]})


@bad("transforms", "an own transform that fails", "no such key", "first sample")
def fails(setting):
    setting.edit({PIPELINE: [LOAD, LABELS, dict(type=Fails), PACK]})
