"""Transform, predict with an identity model, undo: the map is what it was.

The "image" that the model sees is made of the very maps that it has to predict, moved by a random
chain of transforms. So whatever is wrong in a transform, in the preprocessor, in the windows or on
the way back shows as a difference, normals with their signs."""

import copy

import numpy as np
import pytest
import torch
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS, TRANSFORMS

from mmlhl.datasets.pipelines import build_steps
from mmlhl.models.views import FLIP_AXES

WINDOWS = (dict(mode="whole"), dict(mode="slide", crop_size=(16, 24), stride=(11, 24)))
DIRECTIONS = ("horizontal", "vertical", "diagonal")
CHANNELS = dict(seg=slice(0, 3), depth=slice(3, 4), coordinates=slice(4, 6), normal=slice(6, 9))


@pytest.fixture(scope="module")
def model():
    """A model whose raw maps are channels of the input."""
    init_default_scope("mmseg")
    decoder = dict(type="FCNHead", in_channels=32, in_index=3, channels=4, num_convs=1)
    model = MODELS.build(
        dict(
            type="LifelongSegmentor",
            data_preprocessor=dict(type="MultiTaskDataPreProcessor"),
            backbone=dict(type="ResNet", depth=18, stem_channels=4, base_channels=4),
            heads=dict(
                seg=dict(type="SegmentationHead", num_classes=3, decoder=decoder),
                depth=dict(type="DepthHead", decoder=decoder),
                coordinates=dict(
                    type="ChannelHead", channels=2, field="coordinates", decoder=decoder
                ),
                normal=dict(type="NormalHead", decoder=decoder),
            ),
        )
    ).eval()
    model.encode_decode = lambda inputs, metas: {t: inputs[:, c] for t, c in CHANNELS.items()}
    return model


def scene(rng):
    """Maps of a random size that survive interpolation: planes, stripes of classes."""
    height, width = (int(side) for side in rng.integers(20, 44, 2))
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    vectors = np.stack([columns - 9, rows - 13, np.full_like(rows, -40)], -1)
    return dict(
        img=np.zeros((height, width, 3), np.uint8),
        img_shape=(height, width),
        ori_shape=(height, width),
        gt_seg_map=(columns // 9 % 3).astype(np.uint8),
        gt_depth_map=1 + 0.1 * rows + 0.2 * columns,
        gt_coordinates=np.stack([rows, columns], -1),
        gt_normal_map=vectors / np.linalg.norm(vectors, axis=-1, keepdims=True),
        seg_fields=["gt_seg_map"],
        dense_fields=dict(
            gt_seg_map="classes",
            gt_depth_map="depth",
            gt_coordinates="channels",
            gt_normal_map="normal",
        ),
    )


def random_chain(rng, resizes):
    flips = [dict(type="RandomFlip", prob=0.7, direction=d) for d in DIRECTIONS]
    steps = [
        *flips,
        dict(type="MultiTaskRandomFlip", prob=[0.3, 0.3, 0.3], direction=list(DIRECTIONS)),
        dict(type="RandomRotFlip", rotate_prob=0.0, flip_prob=0.5),
        dict(type="Pad", size=(int(rng.integers(44, 60)), int(rng.integers(44, 60)))),
        dict(type="MultiTaskPad", size_divisor=int(rng.integers(5, 30))),
        dict(type="Pad", pad_to_square=True, padding_mode="edge"),
    ]
    if resizes:
        steps = [*flips, steps[3], *steps[5:]]
        steps += [
            dict(type="Resize", scale=(int(rng.integers(80, 99)), int(rng.integers(80, 99)))),
            dict(type="MultiTaskResize", scale_factor=2.0),
            dict(type="ResizeToMultiple", size_divisor=32),
            dict(type="RandomResize", scale=(64, 64), ratio_range=(1.0, 2.0), keep_ratio=True),
        ]
    return [copy.deepcopy(steps[i]) for i in rng.integers(0, len(steps), rng.integers(1, 5))]


def view(results, chain, seed):
    """Maps as the model sees them, in channels, and the packed sample."""
    np.random.seed(seed)
    packed = Compose([*copy.deepcopy(chain), dict(type="PackMultiTaskInputs")])(results)
    sample = packed["data_samples"]
    label = sample.gt_sem_seg.data[0].clamp(max=2)
    maps = [10 * torch.nn.functional.one_hot(label, 3).permute(2, 0, 1).float()]
    maps += [sample.get(f).data for f in ("gt_depth_map", "gt_coordinates", "gt_normal_map")]
    return torch.cat(maps).nan_to_num(0), sample


def at_rest(sample):
    """As if the labels had been loaded after the chain."""
    for field in [*sample.keys()]:
        delattr(sample, field)
    sample.set_metainfo(dict(moved_labels={}))
    return sample


def predict(model, inputs, samples, divisor):
    # an empty test_cfg pads nothing and takes one size only
    model.data_preprocessor.test_cfg = dict(size_divisor=divisor) if divisor else None
    batch = model.data_preprocessor(dict(inputs=inputs, data_samples=samples))
    with torch.no_grad():
        return model.predict(**batch)


def assert_same(sample, original, margin, reach):
    inner = (slice(margin, -margin or None),) * 2
    for key in ("gt_depth_map", "gt_coordinates", "gt_normal_map"):
        expected = torch.from_numpy(original[key])
        expected = expected[..., None] if expected.ndim == 2 else expected
        got = sample.get(key.replace("gt_", "pred_")).data.permute(1, 2, 0)
        assert got.shape == expected.shape
        assert (got - expected)[inner].abs().max() < reach, key
    same = sample.pred_sem_seg.data[0].numpy() == original["gt_seg_map"]
    assert same[inner].mean() > (0.999 if reach < 1e-3 else 0.8)


@pytest.mark.parametrize("seed", range(24))
def test_flips_and_paddings_are_undone_to_the_bit(model, seed):
    rng = np.random.default_rng(seed)
    model.test_cfg = WINDOWS[seed % 2]
    originals, inputs, samples = [], [], []
    for i in range(1 + seed % 3):
        originals.append(scene(rng))
        # a turn by 90 degrees would be refused
        chain = random_chain(rng, resizes=False)
        maps, sample = view(copy.deepcopy(originals[-1]), chain, seed + i)
        if any(step["kind"] == "warp" for step in sample.metainfo.get("geometry", ())):
            maps, sample = view(copy.deepcopy(originals[-1]), [], 0)
        inputs.append(maps)
        samples.append(sample)
    divisor = 7 if len(inputs) > 1 or seed % 2 else None
    for sample, original in zip(predict(model, inputs, samples, divisor), originals, strict=True):
        assert_same(sample, original, 0, 1e-4)
        # the labels, which were moved along, came back as well
        assert torch.equal(sample.gt_depth_map.data[0], torch.from_numpy(original["gt_depth_map"]))
        np.testing.assert_allclose(
            sample.gt_normal_map.data.permute(1, 2, 0), original["gt_normal_map"], atol=1e-6
        )
        assert sample.gt_sem_seg.data.shape[1:] == original["gt_seg_map"].shape


@pytest.mark.parametrize("seed", range(16))
def test_resizes_in_between_are_undone_up_to_interpolation(model, seed):
    rng = np.random.default_rng(100 + seed)
    model.test_cfg = WINDOWS[seed % 2]
    original = scene(rng)
    maps, sample = view(copy.deepcopy(original), random_chain(rng, resizes=True), seed)
    (sample,) = predict(model, [maps], [at_rest(sample)], 32 if seed % 3 else None)
    assert_same(sample, original, 5, 0.7)


def test_views_of_test_time_augmentation_agree(model):
    rng = np.random.default_rng(0)
    original = scene(rng)
    model.test_cfg = dict(mode="whole")
    chains = [[dict(type="RandomFlip", prob=1.0, direction=d)] for d in DIRECTIONS]
    chains += [[], [*chains[0], dict(type="Pad", size=(60, 60)), *chains[1]], [*chains[2]] * 2]
    views = []
    for chain in chains:
        maps, sample = view(copy.deepcopy(original), chain, 0)
        views += predict(model, [maps], [at_rest(sample)], None)
    tta = MODELS.build(dict(type="MultiTaskTTAModel", module=model))
    (merged,) = tta.merge_preds([views])
    assert_same(merged, original, 0, 1e-4)


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("rests", [True, False], ids=["labels at rest", "labels moved"])
def test_left_and_right_of_a_mirror_are_swapped_back(model, direction, rests):
    """The model sees a mirrored person, whose left arm it calls the right one."""
    original = scene(np.random.default_rng(4))
    model.test_cfg = WINDOWS[rests]
    flip = dict(type="RandomFlip", prob=1.0, direction=direction, swap_seg_labels=[(0, 2)])
    maps, sample = view(copy.deepcopy(original), [flip, dict(type="Pad", size=(60, 50)), flip], 0)
    once, other = view(copy.deepcopy(original), [flip], 0)
    assert (
        once[:3].argmax(0)
        == torch.tensor(2 - original["gt_seg_map"]).flip([d - 2 for d in FLIP_AXES[direction]])
    ).all()
    for inputs, packed in ((maps, sample), (once, other)):
        packed = at_rest(packed) if rests else packed
        (done,) = predict(model, [inputs], [packed], None)
        assert_same(done, original, 0, 1e-4)
        if not rests:
            assert (done.gt_sem_seg.data[0].numpy() == original["gt_seg_map"]).all()


class Own:
    """Moves image and labels of classes; the other labels follow."""

    def __init__(self, move):
        self.move = move

    def __call__(self, results):
        for key in ["img", *results["seg_fields"]]:
            results[key] = np.ascontiguousarray(self.move(results[key]))
        return results


def padded(array):
    return np.pad(array, ((3, 0), (5, 1), (0, 0))[: array.ndim])


OWN = dict(
    flip=[lambda array: array[:, ::-1]],
    turned_twice=[np.rot90, np.rot90],
    half_turn=[lambda array: np.rot90(array, 2)],
    twice_at_once=[lambda array: array[:, ::-1][:, ::-1]],
    padding=[padded, lambda array: array[::-1], padded],
)


@pytest.mark.parametrize("name", OWN)
def test_own_flips_and_paddings_are_undone(model, name):
    model.test_cfg = dict(mode="whole")
    original = scene(np.random.default_rng(3))
    between = dict(type="RandomFlip", prob=1.0, direction="vertical")
    steps = build_steps([step for move in OWN[name] for step in (Own(move), between)])
    maps, sample = view(Compose(steps)(copy.deepcopy(original)), [], 0)
    if name == "turned_twice":  # each alone is no flip
        with pytest.raises(ValueError, match="Own in a pipeline for testing cannot be undone"):
            predict(model, [maps], [at_rest(sample)], None)
        return
    (done,) = predict(model, [maps], [at_rest(sample)], None)
    assert_same(done, original, 0, 1e-4)


def test_messages_name_a_stock_transform_as_configs_do(model):
    chain = [dict(type="ResizeShortestEdge", scale=50, max_size=100)]
    maps, sample = view(scene(np.random.default_rng(3)), chain, 0)
    with pytest.raises(ValueError, match="went through Resize in a pipeline for testing"):
        predict(model, [maps], [sample], None)


@pytest.mark.parametrize(
    "step",
    [
        dict(type="RandomCrop", crop_size=(16, 16)),
        dict(type="CenterCrop", crop_size=(16, 16)),
        dict(type="RandomRotate", prob=1.0, degree=10.0),
        dict(type="RandomRotate", prob=1.0, degree=(90.0, 90.0)),
        dict(type="MultiTaskRandomScaleCrop", scales=(2.0,)),
        dict(type="MultiTaskResize", scale_factor=2.0, as_zoom=True),
    ],
    ids=lambda step: step["type"],
)
def test_transforms_that_cannot_be_undone_are_refused(model, step):
    original = scene(np.random.default_rng(1))
    model.test_cfg = dict(mode="whole")
    chain = [step, dict(type="RandomFlip", prob=1.0), dict(type="Pad", size=(50, 60))]
    name = step["type"].removeprefix("MultiTask")
    maps, sample = view(copy.deepcopy(original), chain, 0)
    with pytest.raises(ValueError, match=f"{name} in a .*testing cannot be undone.*90 degr"):
        predict(model, [maps], [at_rest(sample.clone())], None)
    # labels that were moved along meet the prediction in the cut view
    np.random.seed(0)
    cut = TRANSFORMS.build(dict(step))(copy.deepcopy(original))
    (sample,) = predict(model, [maps], [sample], None)
    assert sample.pred_depth_map.data.shape == sample.gt_depth_map.data.shape
    assert sample.pred_depth_map.data.shape[1:] == cut["img"].shape[:2]
    known = sample.gt_depth_map.data.isfinite()
    assert torch.equal(sample.pred_depth_map.data[known], sample.gt_depth_map.data[known])
    tta = MODELS.build(dict(type="MultiTaskTTAModel", module=model))
    with pytest.raises(ValueError, match=f"{name}.*cannot be undone"):
        tta.merge_preds([[sample, sample]])
