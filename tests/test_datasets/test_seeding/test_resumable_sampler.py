"""A stream of indices can be resumed at any position."""

from itertools import islice

import pytest
import torch
from mmseg.registry import DATA_SAMPLERS
from torch.utils.data import BatchSampler, Sampler

from mmlhl.datasets.seeding import ResumableBatchSampler, ResumableSampler

IMAGES = list(range(7))


@DATA_SAMPLERS.register_module()
class GlobalDrawsSampler(Sampler):
    """Shuffles by torch's global generator, like torch's own sampler, without epochs."""

    def __init__(self, dataset, seed=None):
        self.dataset = dataset

    def __iter__(self):
        return iter(torch.randperm(len(self.dataset)).tolist())

    def __len__(self):
        return len(self.dataset)


@DATA_SAMPLERS.register_module()
class PairsBatchSampler(BatchSampler):
    """Consecutive batches without an incomplete last one."""

    def __init__(self, sampler, batch_size):
        super().__init__(sampler, batch_size, drop_last=True)


def make(kind="DefaultSampler", seed=3, draws=5):
    return ResumableSampler(IMAGES, dict(type=kind), draws, seed)


def stream(sampler, count=None):
    return [(int(index), index.draws) for index in islice(sampler, count)]


@pytest.mark.parametrize("kind", ["DefaultSampler", "GlobalDrawsSampler"])
@pytest.mark.parametrize("epoch", [0, 4])
def test_an_epoch_can_be_entered_anywhere(kind, epoch):
    whole = make(kind)
    whole.start_at(epoch, 0)
    expected = stream(whole)
    assert sorted(index for index, _ in expected) == IMAGES
    assert len({draws for _, draws in expected}) == 7
    torch.rand(5)  # independent of earlier random numbers
    for position in (1, 6, 7):
        entered = make(kind)
        entered.start_at(epoch, position)
        assert stream(entered) == expected[position:]
        entered.start_at(epoch + 1, 0)  # leaving out counts once
        assert len(stream(entered)) == 7
    assert stream(whole) == expected  # no new epoch was set
    whole.set_epoch(epoch + 1)
    assert not set(stream(whole)) & set(expected)


def test_infinite_stream_continues_at_its_position():
    expected = stream(make("InfiniteSampler"), 20)
    entered = make("InfiniteSampler")
    assert stream(entered, 3) == expected[:3]
    resumed = make("InfiniteSampler")
    if not hasattr(resumed, "skip"):
        pytest.skip("this mmengine's sampler cannot skip: its loop reads what was read before")
    resumed.skip(9)
    assert stream(resumed, 5) == expected[9:14]
    halved = make("InfiniteSampler")
    halved.scale = 0.5  # twice as many processes as before
    halved.skip(10)
    assert stream(halved, 2) == expected[5:7]


def test_only_skipping_samplers_report_that_they_can():
    assert not hasattr(make(), "skip")
    assert make().dataset is IMAGES  # forwards everything else


def test_seeds_depend_on_phase_and_rank(monkeypatch):
    first = {draws for _, draws in stream(make())}
    assert not first & {draws for _, draws in stream(make(draws=6))}
    monkeypatch.setattr("mmlhl.datasets.seeding.resumable_sampler.get_rank", lambda: 1)
    assert not first & {draws for _, draws in stream(make())}


def test_batches_can_be_left_out():
    def batches(skipped):
        made = ResumableBatchSampler(make(), 2, dict(type="PairsBatchSampler"))
        made.skipped = skipped
        return [[(int(i), i.draws) for i in batch] for batch in made], made

    whole, made = batches(0)
    assert [len(batch) for batch in whole] == [2, 2, 2] and len(made) == 3
    rest, made = batches(2)
    assert rest == whole[2:]
    assert len(list(made)) == 3


def test_unused_iterator_does_not_skip_samples():
    """As a loader with workers makes one."""
    sampler, batches = make(), ResumableBatchSampler(make(), 2, dict(type="PairsBatchSampler"))
    sampler.start_at(0, 5)
    batches.skipped = 2
    for each, length in ((sampler, 2), (batches, 1)):
        iter(each)
        assert len(list(each)) == length
