"""Training and test sets that read the labels of a task differently."""

import re
from types import SimpleNamespace

import pytest

from mmlhl.datasets import MultiTaskDataset
from mmlhl.engine.phases.checking import set_differences
from mmlhl.engine.phases.checking.set_differences import check_same_reading

ANNOTATIONS = dict(
    seg=dict(kind="classes", dir="label", num_classes=3),
    depth=dict(kind="depth", dir="depth", scale=0.001),
    normal=dict(kind="normal", dir="normal"),
)
HEADS = dict(
    seg=SimpleNamespace(field="sem_seg"),
    depth=SimpleNamespace(field="depth_map"),
    normal=SimpleNamespace(field="normal_map"),
)


@pytest.fixture
def logged(monkeypatch):
    """Sentences that are logged."""
    found = []
    monkeypatch.setattr(set_differences, "_warned", set())
    monkeypatch.setattr(set_differences, "print_log", lambda text, *_: found.append(text))
    return found


def make(images, options=None, **others):
    """A dataset that lists some images, with other options of its annotations."""
    annotations = {
        task: {**ann, **(options or {}).get(task, {})} for task, ann in ANNOTATIONS.items()
    }
    dataset = MultiTaskDataset(annotations=annotations, lazy_init=True, **others)
    dataset.data_list = [dict(img_path=image, ann_paths={}) for image in images]
    dataset.serialize_data, dataset._fully_initialized = False, True
    return dataset


def check(options=None, wrap=lambda dataset: dataset, tasks=tuple(HEADS), **others):
    trained, tested = make("abc"), make("def", options, **others)
    check_same_reading(HEADS, tasks, wrap(trained), wrap(tested), "phases[0]: test_dataloader")


def test_the_same_reading_passes(logged):
    check(dict(depth=dict(max_value=2.0), seg=dict(ignore=(2, 255))))
    check(dict(depth=dict(suffix=".npy", scale=1.0)))  # files of another format
    check(dict(depth=dict(scale=1.0)), tasks=["seg"])  # of another phase
    assert not logged


@pytest.mark.parametrize("wrap", [lambda each: each, lambda each: Wrapper(each)])
def test_another_unit_is_refused(wrap, logged):
    with pytest.raises(ValueError, match="'depth' in 'inverse depth', but train_.* in 'm'"):
        check(dict(depth=dict(inverse=True)), wrap)
    with pytest.raises(ValueError, match=r"^phases\[0\]: test_dataloader.dataset has .* 'ft'"):
        check(metainfo=dict(depth_map_unit="ft"))


class Wrapper:
    def __init__(self, dataset):
        self.dataset = dataset

    def __len__(self):
        return len(self.dataset)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (dict(depth=dict(scale=1.0)), "'depth' are read with scale=0.001 .*, but with scale=1.0"),
        (dict(seg=dict(channels=(0,))), "'seg' are read with channels=None .*channels=\\(0,\\)"),
        (dict(normal=dict(scale=2 / 255)), "'normal' are read with scale=None .*scale=0.0078"),
    ],
)
def test_other_meanings_of_the_files_are_warned_of_once(options, said, logged):
    check(options)
    check(options)
    assert len(logged) == 1 and re.search(said, logged[0])


IDS = {1: 0, 2: 1, 3: 2}
#: options that one set has, and how the other says that it needs none
ONE_SIDED = [
    ("seg", dict(reduce_zero_label=True), dict(reduce_zero_label=False)),
    ("seg", dict(id_map=IDS), dict(id_map={i: i for i in range(3)})),
    ("depth", dict(scale=0.001), dict(scale=1)),
    ("depth", dict(offset=-0.5), dict(offset=0)),
    ("normal", dict(axes=("x", "-y", "z")), dict(axes=("x", "y", "z"))),
]
KINDS = dict(
    seg=dict(kind="classes", dir="label", num_classes=3),
    depth=dict(kind="depth", dir="depth"),
    normal=dict(kind="normal", dir="normal"),
)


class Joined:
    def __init__(self, *datasets):
        self.datasets = datasets

    def __len__(self):
        return sum(map(len, self.datasets))


def one_sided(task, options, **others):
    """A dataset with one task."""
    dataset = MultiTaskDataset(
        annotations={task: {**KINDS[task], **options}}, lazy_init=True, **others
    )
    dataset.data_list = [dict(img_path=str(id(dataset)), ann_paths={})]
    dataset.serialize_data, dataset._fully_initialized = False, True
    return dataset


@pytest.mark.parametrize(("task", "option", "none"), ONE_SIDED)
@pytest.mark.parametrize("swap", [False, True])
def test_what_only_one_set_says_is_refused(task, option, none, swap, logged):
    plain, own = one_sided(task, {}), one_sided(task, option)
    sets = (own, plain) if swap else (plain, own)
    mute = "test_dataloader.dataset" if swap else "train_dataloader.dataset"
    (key,) = option
    with pytest.raises(ValueError, match=rf"{key}=.*\['{task}'\] of {mute}, which says nothing"):
        check_same_reading(HEADS, [task], *sets, "test_dataloader")
    told = one_sided(task, none)
    check_same_reading(HEADS, [task], own, told, "test_dataloader")
    assert len(logged) == 1 and f"{key}=" in logged[0]


@pytest.mark.parametrize(("task", "option", "none"), ONE_SIDED)
@pytest.mark.parametrize("wrap", [Joined, lambda *sets: Wrapper(Joined(*map(Wrapper, sets)))])
def test_joined_sets_are_compared_with_each_other(task, option, none, wrap, logged):
    joined = wrap(one_sided(task, option), one_sided(task, {}))
    for sets in ((joined, one_sided(task, option)), (one_sided(task, option), joined)):
        with pytest.raises(ValueError, match=r"dataset\.datasets\[1\], which says nothing of it"):
            check_same_reading(HEADS, [task], *sets, "test_dataloader")
    joined = wrap(one_sided(task, option), one_sided(task, none))
    check_same_reading(HEADS, [task], joined, joined, "test_dataloader")


def test_the_option_of_the_dataset_counts(logged):
    shifted = one_sided("seg", {}, reduce_zero_label=True)
    with pytest.raises(ValueError, match="reduce_zero_label=False into annotations"):
        check_same_reading(HEADS, ["seg"], shifted, one_sided("seg", {}), "test_dataloader")
    for told in (
        one_sided("seg", dict(reduce_zero_label=True)),
        one_sided("seg", dict(reduce_zero_label=False)),
        one_sided("seg", {}, reduce_zero_label=False),
    ):
        check_same_reading(HEADS, ["seg"], shifted, told, "test_dataloader")
    assert len(logged) == 1


def test_the_default_may_be_written_out_in_one_set(logged):
    for task, _, none in ONE_SIDED:
        sets = (one_sided(task, none), one_sided(task, {}))
        check_same_reading(HEADS, [task], *sets, "test_dataloader")
    assert not logged


def test_images_of_both_sets_are_warned_of(logged):
    check_same_reading(HEADS, ["seg"], make("abc"), make("xb"), "test_dataloader")
    assert len(logged) == 1 and "test_dataloader.dataset has the image b, as train" in logged[0]


def test_other_datasets_are_left_alone(logged):
    check_same_reading(HEADS, ["seg"], object(), make("a"), "test_dataloader")
    assert not logged


def read_by(suffix=".png", **loader):
    """A dataset whose pipeline has a loader of images."""
    steps = [dict(type="LoadImageFromFile", **loader), dict(type="LoadMultiTaskAnnotations")]
    return one_sided("seg", {}, pipeline=steps, img=dict(dir="image", suffix=suffix))


def test_white_of_one_set_only_is_refused(logged):
    plain, deep = read_by(), read_by(max_value=4095)
    for sets, mute in (((deep, plain), "test"), ((plain, deep), "train")):
        with pytest.raises(
            ValueError, match=rf"max_value=4095.* in {mute}_dataloader.dataset, too"
        ):
            check_same_reading(HEADS, ["seg"], *sets, "test_dataloader")
    with pytest.raises(ValueError, match=r"train_dataloader.dataset.datasets\[1\], too"):
        check_same_reading(HEADS, ["seg"], Joined(deep, plain), deep, "test_dataloader")
    check_same_reading(HEADS, ["seg"], deep, read_by(".jpg"), "test_dataloader")
    check_same_reading(HEADS, ["seg"], deep, read_by(max_value=4095), "test_dataloader")
    assert not logged
    check_same_reading(HEADS, ["seg"], deep, read_by(max_value=65535), "test_dataloader")
    check_same_reading(HEADS, ["seg"], plain, read_by(color_type="unchanged"), "test_dataloader")
    assert len(logged) == 2 and "color_type='unchanged' in test_dataloader" in logged[1]
