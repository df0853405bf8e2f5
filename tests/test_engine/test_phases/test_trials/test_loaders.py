"""Each dataset that a loader joins is tried before phase one."""

from types import SimpleNamespace

import pytest
from mmengine.dataset import Compose

from mmlhl.datasets.pipelines import build_steps
from mmlhl.engine.phases.trials.loaders import check_loaders

SOUND = [dict(inputs=[], data_samples=None)]  # like views of test-time augmentation, not compared
RAW = [dict(img=None)]


class Joined(list):
    """Like ``ConcatDataset``."""

    def __init__(self, *datasets):
        super().__init__(datasets[0])
        self.datasets = list(datasets)


class Repeated(list):
    """Like ``RepeatDataset``."""

    def __init__(self, dataset):
        super().__init__(dataset)
        self.dataset = dataset


class Mixing(Repeated):
    """Like ``MultiImageMixDataset``, whose own pipeline packs what its dataset gives."""

    pipeline = ()


def check(dataset):
    supplies = SimpleNamespace(of=lambda loader, place: SimpleNamespace(dataset=dataset))
    phase = SimpleNamespace(tasks=["seg"], seen=["seg"], checkpoint=None)
    cfg = dict(train_dataloader=dict(sampler=dict(type="DefaultSampler")))
    model = SimpleNamespace(heads=dict(seg=None))
    return check_loaders(cfg, phase, model, supplies, "phases[1]", {})


@pytest.mark.parametrize(
    ("dataset", "place"),
    [
        (Joined(RAW, SOUND), "train_dataloader.dataset"),
        (Joined(SOUND, RAW), r"train_dataloader \(datasets\[1\]\).dataset"),
        (Repeated(Joined(SOUND, SOUND, RAW)), r"train_dataloader \(datasets\[2\]\).dataset"),
        (Joined(SOUND, Joined(SOUND, RAW)), r"\(datasets\[1\]\) \(datasets\[1\]\).dataset"),
    ],
)
def test_each_joined_dataset_is_read(dataset, place):
    with pytest.raises(ValueError, match=rf"^phases\[1\]: .*{place} gives \['img'\], not inputs"):
        check(dataset)


def test_what_is_packed_later_and_empty_datasets_are_not_read():
    mixing = Mixing(SOUND)
    mixing.dataset = Joined(SOUND, RAW)
    for dataset in (Joined(SOUND, SOUND), Joined(SOUND, []), mixing):
        assert list(check(dataset)) == ["train_dataloader"]


@pytest.mark.parametrize("wrap", [lambda each: each, Repeated, lambda each: Joined(SOUND, each)])
def test_labels_that_are_read_behind_a_random_move(wrap):
    early = dict(type="RandomFlip", prob=0.1), dict(type="LoadMultiTaskAnnotations")
    dataset = Mixing(SOUND)
    del dataset.dataset
    for order, refused in ((early, True), (early[::-1], False)):
        dataset.pipeline = Compose(build_steps(list(order)))
        if not refused:
            check(wrap(dataset))
            continue
        with pytest.raises(
            ValueError,
            match=r"^phases\[1\]: train_dataloader.*: its pipeline reads "
            r"labels after .*RandomFlip, which may move .*: put LoadMultiTaskAnnot.* before it$",
        ):
            check(wrap(dataset))


class Reading(Mixing):
    """Its first sample shows what an own transform reads."""

    reads = ()

    def __getitem__(self, index):
        self.pipeline.transforms[1].reads = self.reads
        return super().__getitem__(index)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("gt_depth_map", "reads labels after .*RandomFlip"),
        ("img", "own reads the image again behind .*RandomFlip"),
        (None, None),
    ],
)
def test_what_the_first_sample_shows_to_be_read_late(key, message):
    def own(results):
        return results

    dataset = Reading(SOUND)
    del dataset.dataset
    dataset.reads = () if key is None else (key,)
    dataset.pipeline = Compose(build_steps([dict(type="RandomFlip", prob=0.1), own]))
    if key is None:
        check(dataset)
        return
    with pytest.raises(ValueError, match=rf"^phases\[1\]: train_dataloader: .*{message}"):
        check(dataset)
