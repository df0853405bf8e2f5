"""Transforms of mmcv and mmseg move every label, or are refused by name."""

import mmcv.transforms
import numpy as np
import pytest
from mmcv.transforms import RandomFlip as McvFlip
from mmcv.transforms import Resize as McvResize
from mmengine.dataset import Compose
from mmengine.registry import DefaultScope, init_default_scope
from mmseg.datasets import transforms as stock
from mmseg.registry import TRANSFORMS

RAMP = np.add.outer(6 * np.arange(24), 2 * np.arange(32)).astype(np.float32)
NORMAL = np.float32([0.36, 0.48, -0.8])

CHAINS = dict(
    horizontal=[dict(type="RandomFlip", prob=1.0)],
    vertical=[dict(type="RandomFlip", prob=1.0, direction="vertical")],
    diagonal=[dict(type="RandomFlip", prob=1.0, direction="diagonal")],
    one_of_two=[
        dict(
            type="RandomFlip",
            prob=[0.3, 0.3, 0.4],
            direction=["horizontal", "vertical", "diagonal"],
        )
    ],
    crop=[dict(type="RandomCrop", crop_size=(8, 12), cat_max_ratio=0.75)],
    quarter=[dict(type="RandomRotate", prob=1.0, degree=(90.0, 90.0))],
    rotate=[dict(type="RandomRotate", prob=1.0, degree=(25.0, 35.0))],
    rotate_around=[dict(type="RandomRotate", prob=1.0, degree=(10.0, 10.0), center=(3.0, 4.0))],
    rotate_and_grow=[dict(type="RandomRotate", prob=1.0, degree=(30.0, 30.0), auto_bound=True)],
    pad=[dict(type="Pad", size=(40, 40))],
    pad_square=[dict(type="Pad", pad_to_square=True, pad_val=dict(img=(9, 9, 9), seg=255))],
    pad_reflected=[dict(type="Pad", size_divisor=20, padding_mode="reflect")],
    resize=[dict(type="Resize", scale=(64, 48))],
    shrink=[dict(type="Resize", scale_factor=0.5)],
    random_resize=[
        dict(type="RandomResize", scale=(32, 24), ratio_range=(0.5, 2.0), keep_ratio=True)
    ],
    choice_resize=[dict(type="RandomChoiceResize", scales=[(64, 48), (16, 12)])],
    shortest=[dict(type="ResizeShortestEdge", scale=36, max_size=60)],
    multiple=[dict(type="ResizeToMultiple", size_divisor=20)],
    centre=[dict(type="CenterCrop", crop_size=(10, 20))],
    centre_padded=[dict(type="CenterCrop", crop_size=(40, 40), auto_pad=True)],
    rot_flip=[dict(type="RandomRotFlip", rotate_prob=0.0, flip_prob=1.0)],
    rot_flip_turn=[dict(type="RandomRotFlip", rotate_prob=1.0, degree=(20, 40))],
    choice=[dict(type="RandomChoice", transforms=[[dict(type="RandomFlip", prob=1.0)]])],
    apply=[dict(type="RandomApply", prob=1.0, transforms=dict(type="Resize", scale=(20, 20)))],
    scoped=[dict(type="mmseg.RandomCrop", crop_size=(8, 8))],
    in_a_row=[
        dict(type="RandomFlip", prob=1.0),
        dict(type="RandomRotate", prob=1.0, degree=20.0),
        dict(type="RandomCrop", crop_size=(16, 16)),
        dict(type="Pad", size=(20, 20)),
    ],
)


def results():
    """The edge map equals the image, and has to after anything."""
    return dict(
        img=np.repeat(RAMP[..., None], 3, 2).astype(np.uint8),
        img_shape=RAMP.shape,
        ori_shape=RAMP.shape,
        img_path="a.png",
        gt_seg_map=RAMP.astype(np.uint8),
        gt_edge_map=RAMP.copy(),
        gt_normal_map=np.tile(NORMAL, (*RAMP.shape, 1)),
        seg_fields=["gt_seg_map"],
        dense_fields=dict(gt_seg_map="classes", gt_edge_map="channels", gt_normal_map="normal"),
    )


def pack(made):
    return TRANSFORMS.build(dict(type="PackMultiTaskInputs"))(made)


def assert_aligned(packed, reach=2):
    image, sample = packed["inputs"][:1].float(), packed["data_samples"]
    edge = sample.gt_edge_map.data
    assert edge.shape == image.shape == sample.gt_sem_seg.data.shape
    known = edge.isfinite()
    assert known.float().mean() > 0.2
    assert (edge[known] - image[known]).abs().max() < reach
    label = sample.gt_sem_seg.data
    assert (label[known & (label != 255)] - image[known & (label != 255)]).abs().max() < 10
    length = sample.gt_normal_map.data.norm(dim=0)[known[0]]
    assert (length - 1).abs().max() < 1e-3


def test_numbers_that_another_loader_puts_into_seg_fields_are_padded_by_nan():
    made = results()
    made["gt_heat_map"] = RAMP.copy()
    made["seg_fields"].append("gt_heat_map")
    step = dict(type="Pad", size=(33, 24), pad_val=dict(img=0, seg=7))
    made = TRANSFORMS.build(step)(made)
    assert np.isnan(made["gt_heat_map"][:, 32]).all() and (made["gt_seg_map"][:, 32] == 7).all()


@pytest.mark.parametrize("name", CHAINS)
@pytest.mark.parametrize("scope", ["mmseg", None])
def test_labels_go_where_the_image_goes(name, scope):
    if scope is None and name in ("choice", "apply"):
        pytest.skip("mmcv looks names up in the default scope; a dataset does not need one")
    init_default_scope("mmseg")
    current = DefaultScope._instance_dict.copy()
    if scope is None:
        DefaultScope._instance_dict.clear()
    try:
        chain = [TRANSFORMS.build(dict(step)) for step in CHAINS[name]]
    finally:
        DefaultScope._instance_dict.update(current)
    for seed in range(3):
        np.random.seed(seed)
        made = results()
        for step in chain:
            made = step(made)
        assert_aligned(pack(made))
        assert made["img_shape"] == made["img"].shape[:2]


MOVING = "RandomFlip RandomCrop RandomRotate Resize Pad CenterCrop RandomRotFlip ResizeToMultiple"
CLASSES = {
    name: getattr(stock, name, None) or getattr(mmcv.transforms, name) for name in MOVING.split()
}


@pytest.mark.parametrize("name", CLASSES)
def test_classes_in_mmsegs_registry_are_what_their_names_are(name):
    init_default_scope("mmseg")
    chains = [chain for chain in CHAINS.values() if len(chain) == 1 and chain[0]["type"] == name]
    for (step,) in chains:
        np.random.seed(0)
        made = TRANSFORMS.build({**step, "type": CLASSES[name]})
        assert isinstance(made, CLASSES[name])
        assert_aligned(pack(made(results())))


def test_custom_classes_are_built_unchanged():
    class RandomRotate(stock.RandomRotate):
        pass

    for cls in (RandomRotate, stock.PhotoMetricDistortion):
        options = dict(prob=1.0, degree=10.0) if cls is RandomRotate else {}
        assert type(TRANSFORMS.build(dict(type=cls, **options))) is cls


def turned(step, seed=0):
    init_default_scope("mmseg")
    np.random.seed(seed)
    made = TRANSFORMS.build(step)(results())
    return made["gt_normal_map"][12, 16]


def test_normals_turn_by_hand():
    x, y, z = NORMAL
    flips = dict(horizontal=(-x, y, z), vertical=(x, -y, z), diagonal=(-x, -y, z))
    for direction, expected in flips.items():
        step = dict(type="RandomFlip", prob=1.0, direction=direction)
        np.testing.assert_allclose(turned(step), expected)
    # mmseg turns clockwise: what pointed right points down
    clockwise = dict(type="RandomRotate", prob=1.0, degree=(90.0, 90.0))
    np.testing.assert_allclose(turned(clockwise), (-y, x, z), atol=1e-6)
    np.random.seed(0)
    np.random.rand(2)  # whether to rotate, whether to flip
    quarters, axis = np.random.randint(0, 4), np.random.randint(0, 2)
    expected = [(x, y, z), (y, -x, z), (-x, -y, z), (-y, x, z)][quarters] * np.where(
        np.arange(3) == 1 - axis, -1, 1
    )
    rot_flip = dict(type="RandomRotFlip", rotate_prob=0.0, flip_prob=1.0)
    np.testing.assert_allclose(turned(rot_flip), expected, atol=1e-6)


def test_left_and_right_swap_in_class_maps_only():
    init_default_scope("mmseg")
    made = results()
    made["gt_edge_map"] = np.where(RAMP > 60, 1, 2).astype(np.float32)
    made["gt_seg_map"] = np.where(np.arange(32) < 16, 1, 2)[None].repeat(24, 0).astype(np.uint8)
    made = TRANSFORMS.build(dict(type="RandomFlip", prob=1.0, swap_seg_labels=[(1, 2)]))(made)
    assert made["gt_seg_map"][0, 0] == 1 and made["gt_seg_map"][0, -1] == 2
    np.testing.assert_array_equal(made["gt_edge_map"], np.where(RAMP > 60, 1, 2)[:, ::-1])


@pytest.mark.parametrize(
    "step",
    [
        dict(type="RandomMosaic", prob=1.0),
        dict(type="SegRescale", scale_factor=0.5),
        dict(type="BioMedical3DRandomFlip", prob=1.0, axes=(0,)),
        dict(type="BioMedical3DPad", pad_shape=(4, 40, 40)),
        dict(type="BioMedical3DRandomCrop", crop_shape=(4, 8, 8)),
        dict(type="RandomDepthMix", prob=1.0),
    ],
    ids=lambda step: step["type"],
)
def test_refused_by_name(step):
    init_default_scope("mmseg")
    with pytest.raises(ValueError, match=f"{step['type']} cannot be used"):
        TRANSFORMS.build(step)(results())


def test_holes_are_cut_into_labels_if_asked():
    init_default_scope("mmseg")
    step = dict(type="RandomCutOut", prob=1.0, n_holes=2, cutout_shape=(6, 4), fill_in=(7, 8, 9))
    for fill in (None, 255):
        np.random.seed(0)
        made = TRANSFORMS.build({**step, "seg_fill_in": fill})(results())
        hole = (made["img"] == (7, 8, 9)).all(-1)
        assert 0 < hole.sum() <= 48
        if fill is None:
            np.testing.assert_array_equal(made["gt_edge_map"], RAMP)
        else:
            np.testing.assert_array_equal(np.isnan(made["gt_edge_map"]), hole)
            assert np.isnan(made["gt_normal_map"][hole]).all()
            assert (made["gt_seg_map"][hole] == 255).all()
            np.testing.assert_array_equal(made["valid_map"] == 0, hole)
        assert_aligned(pack(made)) if fill else None


def test_generated_edges_are_unknown_where_classes_are():
    seg = np.zeros((6, 8), np.uint8)
    seg[:, 4:], seg[:2] = 1, 255
    sample = dict(
        img=np.zeros((6, 8, 3), np.uint8),
        gt_seg_map=seg,
        seg_fields=["gt_seg_map"],
        dense_fields=dict(gt_seg_map="classes"),
    )
    for step in (dict(type="Pad", size=(11, 6)), dict(type="GenerateEdge", edge_width=1)):
        sample = TRANSFORMS.build(step)(sample)
    edges = sample["gt_edge_map"]
    assert edges.dtype == np.uint8 and (edges[:2] == 255).all() and (edges[:, 8:] == 255).all()
    assert set(edges[2:, :8].ravel()) == {0, 1} and edges[4, 4] == 1


def test_generated_edges_are_a_label_and_replace_none():
    init_default_scope("mmseg")
    chain = [dict(type="GenerateEdge"), dict(type="RandomFlip", prob=1.0)]
    made = results()
    with pytest.raises(ValueError, match="GenerateEdge would replace.*'channels'"):
        Compose(chain)(made)
    del made["dense_fields"]["gt_edge_map"]
    made["gt_seg_map"] = (np.arange(32) < 8)[None].repeat(24, 0).astype(np.uint8)
    packed = pack(Compose(chain)(made))
    edge = packed["data_samples"].gt_edge_map.data
    assert edge.dtype.is_floating_point is False
    assert edge[0, 0].nonzero().flatten().tolist() == [22, 23, 24, 25]  # columns 6 to 9


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (McvFlip(prob=1.0), "a.png: the image was flipped.*RandomFlip.*gt_edge_map"),
        (McvResize(scale=(16, 16)), "a.png: gt_seg_map|gt_edge_map is 24x32.*16x16.*Resize"),
        (stock.RandomCrop(crop_size=(8, 8)), "a.png: gt_edge_map is 24x32.*8x8.*RandomCrop"),
    ],
)
def test_packing_finds_labels_that_were_left_behind(step, message):
    with pytest.raises(ValueError, match=message):
        pack(step(results()))


def test_a_label_of_another_size_names_key_sizes_and_file():
    made = results()
    made["gt_normal_map"] = made["gt_normal_map"][:20]
    with pytest.raises(ValueError, match=r"a.png: gt_normal_map is 20x32 .*its image 24x32"):
        pack(made)


def test_samples_of_mmseg_are_left_to_mmseg():
    init_default_scope("mmseg")
    chains = [
        ("Resize", dict(scale=(50, 20))),
        ("RandomRotate", dict(prob=1.0, degree=40.0, pad_val=(1, 2, 3))),
        ("RandomFlip", dict(prob=0.5, swap_seg_labels=[(1, 2)])),
        ("RandomCrop", dict(crop_size=(8, 8), cat_max_ratio=0.75)),
        ("RandomCutOut", dict(prob=1.0, n_holes=2, cutout_shape=(6, 4), seg_fill_in=255)),
        ("ResizeToMultiple", dict(size_divisor=20)),
        ("GenerateEdge", dict()),
    ]
    for name, arguments in chains:
        outcomes = []
        for cls in (getattr(stock, name), TRANSFORMS.get(name)):
            made = results()
            del made["dense_fields"]
            np.random.seed(3)
            made = cls(**arguments)(made)
            outcomes.append((made["img"], made["gt_seg_map"], made["img_shape"]))
        np.testing.assert_array_equal(outcomes[0][0], outcomes[1][0], err_msg=name)
        np.testing.assert_array_equal(outcomes[0][1], outcomes[1][1], err_msg=name)
        assert issubclass(TRANSFORMS.get(name), getattr(stock, name))


def test_depth_of_mmsegs_loader_is_no_class_map():
    made = dict(img=np.zeros((2, 3, 3), np.uint8), seg_fields=["gt_depth_map"])
    made["gt_depth_map"] = np.full((2, 3), 1.5, np.float32)
    depth = pack(TRANSFORMS.build(dict(type="RandomFlip", prob=1.0))(made))["data_samples"]
    assert depth.gt_depth_map.data.unique().tolist() == [1.5]
