"""A warning before training if loading processes have too little shared memory."""

from collections import namedtuple

import pytest
import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

from mmlhl.engine.phases.trials import shared_memory

MIB = shared_memory.MIB


@pytest.fixture
def said(monkeypatch, tmp_path):
    """A function: what is said of a loader if some MiB are free; a sample has 3.25 MiB."""
    texts = []
    monkeypatch.setattr(shared_memory, "SHARED", str(tmp_path))
    monkeypatch.setattr(shared_memory, "print_log", lambda text, *_: texts.append(text))
    data = SegDataSample(gt_depth=PixelData(data=torch.zeros(1, 256, 256)))
    sample = dict(inputs=torch.zeros(3, 512, 512), data_samples=data)
    sample["data_samples"].set_metainfo(dict(img_path="a.png"))

    def say(free, **loader):
        usage = namedtuple("Usage", "total used free")(0, 0, int(free * MIB))
        monkeypatch.setattr(shared_memory.shutil, "disk_usage", lambda path: usage)
        shared_memory.warn_of_shared_memory(loader, sample, "phases[1]: train_dataloader")
        return texts.pop() if texts else ""

    return say


def test_batches_that_do_not_fit_are_named(said):
    text = said(64, batch_size=8, num_workers=4)
    assert "phases[1]: train_dataloader: num_workers=4 loads 8 batches ahead, 208.0 MiB" in text
    assert "64.0 MiB free" in text and "--shm-size" in text


@pytest.mark.parametrize(
    ("free", "loader"),
    [
        (208, dict(batch_size=8, num_workers=4)),
        (0, dict(batch_size=8, num_workers=0)),
        (0, dict(batch_size=8)),
        (104, dict(batch_size=8, num_workers=4, prefetch_factor=1)),
    ],
)
def test_batches_that_fit_are_not(said, free, loader):
    assert said(free, **loader) == ""


def test_all_processes_of_a_machine_share_it(said, monkeypatch):
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert "16 batches ahead" in said(51, batch_size=1, num_workers=2)
    assert said(52, batch_size=1, num_workers=2) == ""


def test_systems_without_it(said, monkeypatch):
    monkeypatch.setattr(shared_memory, "SHARED", "/no/such/folder")
    assert said(0, batch_size=8, num_workers=4) == ""
