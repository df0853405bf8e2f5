"""Options of mmseg's losses and sampler that are out of range are refused by name."""

import pytest
from mmseg.registry import MODELS

DECODER = dict(type="FCNHead", in_channels=4, channels=4, num_convs=1)


def head(kind="SegmentationHead", sampler=None, **options):
    decoder = DECODER if sampler is None else {**DECODER, "sampler": sampler}
    if kind == "SegmentationHead":
        options["num_classes"] = 3
    return MODELS.build(dict(type=kind, decoder=decoder, **options))


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (
            dict(type="OhemCrossEntropy", thres=5.0),
            "thres of OhemCrossEntropy .* above 0 and below",
        ),
        (dict(type="OhemCrossEntropy", thres=0.0), "thres of OhemCrossEntropy .*got 0.0"),
        (dict(type="OhemCrossEntropy", min_kept=2.5), "min_kept of OhemCrossEntropy .*whole"),
        (dict(type="FocalLoss", alpha=3.0), "alpha of FocalLoss must be within .0, 1., got 3.0"),
        (dict(type="FocalLoss", alpha=[0.5, 0.5, 2.0]), r"alpha of FocalLoss .*2.0\]"),
        (dict(type="FocalLoss", gamma=-1.0), "gamma of FocalLoss must be >= 0, got -1.0"),
        (dict(type="DiceLoss", eps=-1), "eps of DiceLoss must be > 0, got -1"),
        (dict(type="TverskyLoss", alpha=-1.0, beta=2.0), "alpha of TverskyLoss .*got -1.0"),
        (dict(type="TverskyLoss", smooth=-3), "smooth of TverskyLoss must be >= 0"),
    ],
)
def test_losses(loss, message):
    with pytest.raises(ValueError, match=f"^SegmentationHead: {message}"):
        head(loss=[dict(type="CrossEntropyLoss"), loss])


def test_losses_of_other_heads():
    with pytest.raises(ValueError, match="^DepthHead: eps of SiLogLoss must be > 0, got 0"):
        head("DepthHead", loss=dict(type="SiLogLoss", eps=0))
    with pytest.raises(ValueError, match="BinaryHead: .*FocalLoss"):
        head("BinaryHead", loss=dict(type="FocalLoss", alpha=1.5), field="edge_map")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(thresh=5), "thresh of OHEMPixelSampler .*got 5"),
        (dict(thresh=1.0), "thresh of OHEMPixelSampler .*got 1.0"),
        (dict(thresh=-0.5), "thresh of OHEMPixelSampler .*got -0.5"),
        (dict(thresh=True), "thresh of OHEMPixelSampler .*got True"),
        (dict(thresh=0.5, min_kept=2.5), "min_kept of OHEMPixelSampler must be a whole number"),
    ],
)
def test_samplers(options, message):
    with pytest.raises(ValueError, match=f"SegmentationHead: decoder.sampler: {message}"):
        head(sampler=dict(type="OHEMPixelSampler", **options))


@pytest.mark.parametrize(
    "loss",
    [
        dict(type="OhemCrossEntropy", thres=0.7, min_kept=1),
        dict(type="FocalLoss", gamma=0.0, alpha=1.0),
        dict(type="FocalLoss", alpha=[0.1, 0.2, 1.0]),
        dict(type="DiceLoss", eps=1e-6),
        dict(type="TverskyLoss", alpha=0.0, beta=1.0, smooth=0),
    ],
)
def test_the_ends_of_a_range_pass(loss):
    sampler = dict(type="OHEMPixelSampler", thresh=0.99, min_kept=2)
    assert head(loss=loss, sampler=sampler).sampler.thresh == 0.99
