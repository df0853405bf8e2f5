"""Every decode head of mmseg works in each output space, or is refused by name."""

import inspect
from pathlib import Path

import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mmlhl.models.heads.decoders import CLASSES_ONLY, REFUSED, REMARKS, SERVING, table

PAGE = Path(__file__).parents[3] / "docs" / "decoders.md"
SIZE = (64, 64)
ONE = dict(in_channels=16, in_index=3, channels=8, norm_cfg=dict(type="BN"))
ALL = dict(in_channels=[4, 6, 8, 16], in_index=[0, 1, 2, 3], channels=8, norm_cfg=dict(type="BN"))
DECODERS = dict(
    ANNHead=dict(ALL, in_channels=[8, 16], in_index=[2, 3], project_channels=4),
    APCHead=dict(ONE, pool_scales=(1, 2)),
    ASPPHead=dict(ONE, dilations=(1, 2)),
    CCHead=ONE,
    DMHead=dict(ONE, filter_sizes=(1, 3)),
    DNLHead=ONE,
    DPTHead=dict(
        in_channels=[8] * 4,
        in_index=[0, 1, 2, 3],
        channels=8,
        embed_dims=8,
        post_process_channels=[4, 4, 8, 8],
        input_transform="multiple_select",
    ),
    DepthwiseSeparableASPPHead=dict(ONE, dilations=(1, 2), c1_in_channels=4, c1_channels=4),
    DepthwiseSeparableFCNHead=dict(ONE, in_channels=8, in_index=2),
    EMAHead=dict(ONE, ema_channels=8, num_bases=4, num_stages=2),
    EncHead=dict(ALL, num_codes=4),
    FCNHead=ONE,
    FPNHead=dict(ALL, feature_strides=[4, 8, 16, 32]),
    GCHead=ONE,
    ISAHead=dict(ONE, isa_channels=4, down_factor=(2, 2)),
    LRASPPHead=dict(
        ONE,
        in_channels=(4, 6, 16),
        in_index=(0, 1, 3),
        branch_channels=(4, 4),
        input_transform="multiple_select",
    ),
    LightHamHead=dict(ALL, ham_channels=8, ham_kwargs=dict(MD_R=4, MD_S=1)),
    NLHead=ONE,
    PSAHead=dict(ONE, mask_size=(1, 1), shrink_factor=2),
    PSPHead=dict(ONE, pool_scales=(1, 2)),
    SETRMLAHead=dict(ALL, channels=16, mla_channels=4),
    SETRUPHead=dict(ONE, norm_layer=dict(type="LN")),
    SegformerHead=ALL,
    SegmenterMaskTransformerHead=dict(
        in_channels=16, in_index=3, channels=8, num_layers=1, num_heads=2, embed_dims=8
    ),
    UPerHead=dict(ALL, pool_scales=(1, 2)),
)
SPACES = dict(
    classes=dict(type="SegmentationHead", num_classes=4),
    two_classes=dict(type="SegmentationHead", num_classes=2),
    one_channel=dict(type="DepthHead"),
    probability=dict(type="BinaryHead", field="saliency_map"),
    three_channels=dict(type="NormalHead"),
)


@pytest.fixture(autouse=True)
def scope():
    init_default_scope("mmseg")


def registered():
    return {n for n, c in MODELS.module_dict.items() if "decode_heads" in c.__module__}


def features(name):
    generator = torch.Generator().manual_seed(0)
    if name == "DPTHead":  # of a vision transformer: maps and class tokens
        return [
            (torch.rand(2, 8, 4, 4, generator=generator), torch.rand(2, 8, generator=generator))
            for _ in range(4)
        ]
    sides = dict(SETRMLAHead=(4,) * 4, LRASPPHead=(49,) * 4).get(name, (16, 8, 4, 2))
    sized = zip((4, 6, 8, 16), sides, strict=True)
    return [torch.rand(2, c, side, side, generator=generator) for c, side in sized]


def samples(field, channels, integer):
    generator = torch.Generator().manual_seed(1)
    made = []
    for _ in range(2):
        gt = torch.rand(1 if integer else channels, *SIZE, generator=generator)
        gt = (gt * 2).long() if integer else gt + 0.5
        sample = SegDataSample(metainfo=dict(img_shape=SIZE))
        sample.set_data({f"gt_{field}": PixelData(data=gt)})
        made.append(sample)
    return made


def build(name, space, **options):
    return MODELS.build(dict(SPACES[space], decoder=dict(DECODERS[name], type=name, **options)))


def test_every_decode_head_is_covered():
    assert registered() == {*SERVING, *REFUSED}
    assert set(DECODERS) == set(SERVING)
    assert set(CLASSES_ONLY) <= set(SERVING) and set(REMARKS) <= set(SERVING)


def test_the_page_has_the_table():
    assert table() in PAGE.read_text(encoding="utf-8"), f"put into {PAGE.name}:\n{table()}"


@pytest.mark.parametrize("name", SERVING)
@pytest.mark.parametrize("space", SPACES)
def test_trains_and_predicts(name, space):
    if name in CLASSES_ONLY and "classes" not in space:
        with pytest.raises(ValueError, match=f"{name} cannot be used here: it normalises"):
            build(name, space)
        return
    torch.manual_seed(0)
    try:
        head = build(name, space)
        integer = head.kind in ("classes", "binary")
        losses = head.loss(features(name), samples(head.field, head.channels, integer))
    except (ValueError, RuntimeError) as error:
        lacking = (f"{name} cannot be built", "mmcv's compiled operator")
        if name in REMARKS and any(part in str(error) for part in lacking):
            pytest.skip("mmcv has no compiled operators here")
        raise
    total = sum(value for key, value in losses.items() if "loss" in key)
    assert total.isfinite() and total > 0
    total.backward()
    for key, parameter in head.named_parameters():
        assert parameter.grad is not None or not parameter.requires_grad, key
    with torch.no_grad():
        pred = head.eval().predict(features(name), [dict(img_shape=SIZE)])
    assert pred.shape == (2, head.channels, *SIZE) and pred.isfinite().all()
    assert pred.flatten(2).std(2).max() > 0


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("form", ["name", "class", "subclass"])
def test_refused_by_name_with_the_reason(name, form):
    cls = MODELS.get(name)
    kind = dict(name=name, subclass=type(f"My{name}", (cls,), {}))
    kind["class"] = cls
    decoder = dict(type=kind[form], in_channels=16, channels=8)
    with pytest.raises(
        ValueError, match=rf"DepthHead: decoder (My)?{name} cannot be used here: \w+"
    ):
        MODELS.build(dict(type="DepthHead", decoder=decoder))


LABEL = torch.zeros(1, 8, 8, dtype=torch.long)
LABEL[:, :4] = 1


def loss_of(head):
    sample = SegDataSample()
    sample.set_data(dict(gt_sem_seg=PixelData(data=LABEL)))
    feats = [torch.rand(1, c, 8, 8, generator=torch.Generator().manual_seed(c)) for c in (4, 16)]
    return float(head.eval().loss(feats, [sample])["loss_ce"].detach())


def seg(**options):
    torch.manual_seed(0)
    decoder = dict(ONE, type="FCNHead", in_index=1, dropout_ratio=0.0, **options)
    return MODELS.build(dict(type="SegmentationHead", num_classes=3, decoder=decoder))


def test_hard_pixels_are_mined():
    plain = loss_of(seg())
    for sampler in (dict(thresh=0.1, min_kept=4), dict(min_kept=8)):
        head = seg(sampler=dict(type="OHEMPixelSampler", **sampler))
        assert loss_of(head) != pytest.approx(plain)
        assert list(head.state_dict()) == list(seg().state_dict())
    everything = seg(sampler=dict(type="OHEMPixelSampler", min_kept=64))
    assert loss_of(everything) == pytest.approx(plain)
    assert loss_of(seg(sampler=None)) == pytest.approx(plain)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        (dict(ignore_index=0), "decoder.ignore_index would not be used.*ignore_index="),
        (dict(threshold=0.7), "decoder.threshold would not be used.*delta="),
        (dict(loss_decode=dict(type="CrossEntropyLoss")), "decoder.loss_decode.*loss="),
        (dict(out_channels=1), "decoder.out_channels is 1.*has 3"),
        (dict(num_classes=19), "decoder.num_classes is 19.*has 3"),
        (dict(boundary_threshold=0.2), "decoder.boundary_threshold would not be used"),
        (dict(test_cfg=dict(mode="whole")), "decoder.test_cfg would not be used"),
        (dict(chanels=3), "FCNHead cannot be built.*chanels"),
        (dict(in_channels=[4, 16]), "FCNHead cannot be built: AssertionError: assert isinstance"),
        (dict(norm_cfg=dict(type="BNN")), "FCNHead cannot be built: KeyError"),  # mmcv names None
        (dict(norm_cfg=dict(type="GN", num_groups=7)), "FCNHead cannot be built: .*divisible"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_options_without_effect_are_refused(option, message):
    with pytest.raises(ValueError, match=f"^SegmentationHead: .*{message}"):
        decoder = {**ONE, "type": "FCNHead", **option}
        MODELS.build(dict(type="SegmentationHead", num_classes=3, decoder=decoder))


@pytest.mark.parametrize("space", ["one_channel", "probability", "three_channels"])
def test_sampling_by_classes_is_refused_elsewhere(space):
    with pytest.raises(ValueError, match="decoder.sampler would not be used.*SegmentationHead"):
        build("FCNHead", space, sampler=dict(type="OHEMPixelSampler"))


def test_presence_of_classes_is_refused_if_asked_for():
    for option in (dict(use_se_loss=True), dict(loss_se_decode=dict(type="CrossEntropyLoss"))):
        with pytest.raises(ValueError, match=f"decoder.{next(iter(option))} would not be used"):
            build("EncHead", "classes", **option)


def test_redundant_options_are_accepted():
    build("FCNHead", "classes", ignore_index=255, out_channels=4, num_classes=4, sampler=None)
    build("EncHead", "classes", use_se_loss=False)


@pytest.mark.parametrize("kind", ["FCNHed", "nobody.FCNHead", None])
def test_unknown_types(kind):
    with pytest.raises(ValueError, match="DepthHead: decoder.type .* is not registered"):
        MODELS.build(dict(type="DepthHead", decoder=dict(ONE, type=kind)))


@MODELS.register_module()
class PairHead(BaseDecodeHead):
    def forward(self, inputs):
        return inputs[-1], inputs[-1]


@MODELS.register_module()
class ThickHead(BaseDecodeHead):
    def forward(self, inputs):
        return inputs[-1]

    def loss_by_feat(self, seg_logits, batch_data_samples):
        raise AssertionError


def test_custom_decode_head_must_return_one_map():
    for cls, given in ((PairHead, "a tuple"), (ThickHead, r"\(1, 16, 4, 4\)")):
        head = MODELS.build(dict(type="DepthHead", decoder=dict(ONE, type=cls)))
        with pytest.raises(ValueError, match=f"decoder {cls.__name__} gives {given}; it must"):
            head([torch.rand(1, 16, 4, 4)])


def test_what_heads_share_is_no_argument_of_decode_heads_that_was_overlooked():
    known = set(inspect.signature(BaseDecodeHead.__init__).parameters)
    acting = {"in_channels", "channels", "dropout_ratio", "conv_cfg", "norm_cfg", "act_cfg"}
    acting |= {"in_index", "input_transform", "align_corners", "init_cfg"}
    refused = {"num_classes", "out_channels", "threshold", "loss_decode", "ignore_index", "sampler"}
    assert known - {"self"} == acting | refused
