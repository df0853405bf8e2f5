"""Pickle files that a config names are data."""

import os
import pickle
import subprocess

import mmengine
import numpy as np
import pytest
import torch
from mmseg.registry import MODELS, TRANSFORMS
from shared_fixtures import tiny_decoder

from mmlhl.checkpoints import checkpoint_trust


class Calls:
    """Calls something when it is unpickled."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


def hostile(marker):
    return [
        Calls(os.system, f"touch {marker}"),
        [1.0, Calls(subprocess.getoutput, f"touch {marker}"), 1.0],
        dict(weights=Calls(eval, f"open({str(marker)!r}, 'w')")),
        np.array([Calls(open, str(marker), "w")], dtype=object),
        Calls(os.mkdir, str(marker)),
    ]


@pytest.mark.parametrize("ending", ["pkl", "pickle"])
@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize("number", range(5))
def test_nothing_is_called(tmp_path, number, protocol, ending):
    marker, file = tmp_path / "marker", tmp_path / f"weights.{ending}"
    file.write_bytes(pickle.dumps(hostile(marker)[number], protocol))
    with pytest.raises(ValueError, match=r"the pickle file .*nothing of it was run; .*--trust-che"):
        mmengine.load(str(file))
    with file.open("rb") as opened, pytest.raises(ValueError, match=rf"weights\.{ending}: the pi"):
        mmengine.load(opened, file_format=ending)
    assert not marker.exists()


@pytest.mark.parametrize("loader", ["LoadBiomedicalImageFromFile", "LoadDepthAnnotation"])
def test_images_and_labels_call_nothing(tmp_path, loader):
    marker, file = tmp_path / "marker", tmp_path / "0.pkl"
    step = TRANSFORMS.build(dict(type=loader, decode_backend="pickle"))
    sample = dict(img_path=str(file), depth_map_path=str(file), seg_fields=[])
    for each in hostile(marker):
        file.write_bytes(pickle.dumps(each))
        with pytest.raises(ValueError, match="nothing of it was run"):
            step(dict(sample))
        assert not marker.exists()
    file.write_bytes(pickle.dumps(np.arange(24.0).reshape(2, 3, 4)))
    found = step(dict(sample))
    read = found["img"] if "Image" in loader else found["gt_depth_map"]
    assert read.size == 24 and read.sum() == np.arange(24).sum()


def test_these_files_are_hostile(tmp_path):
    for number in range(5):
        marker = tmp_path / str(number)
        pickle.loads(pickle.dumps(hostile(marker)[number]))
        assert marker.exists()


def test_weights_of_classes_call_nothing(tmp_path):
    marker, file = tmp_path / "marker", tmp_path / "weights.pkl"
    file.write_bytes(pickle.dumps(hostile(marker)[1]))
    loss = dict(type="CrossEntropyLoss", class_weight=str(file))
    head = dict(type="SegmentationHead", num_classes=3, decoder=tiny_decoder(), loss=loss)
    with pytest.raises(ValueError, match="asks for subprocess.getoutput, and nothing of"):
        MODELS.build(head)
    assert not marker.exists()
    file.write_bytes(pickle.dumps([1.0, 2.0, 3.0]))
    assert MODELS.build(head).losses[0].class_weight == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize(
    "content",
    [[1, 2.5], {"a": (True, None, b"x"), "b": {1, 2}}, np.arange(6.0).reshape(2, 3), np.float64(2)],
    ids=["list", "dict", "array", "number"],
)
def test_data_comes_back(tmp_path, content, protocol):
    file = tmp_path / "data.pkl"
    mmengine.dump(content, str(file), protocol=protocol)
    np.testing.assert_equal(mmengine.load(str(file)), content)


@pytest.mark.parametrize("content", [b"", b"text", pickle.dumps([1, 2])[:-3]])
def test_broken_files(tmp_path, content):
    (tmp_path / "data.pkl").write_bytes(content)
    with pytest.raises(ValueError, match="the pickle file cannot be read"):
        mmengine.load(str(tmp_path / "data.pkl"))


def test_trust_opens_them(tmp_path):
    file = tmp_path / "data.pkl"
    file.write_bytes(pickle.dumps(Calls(torch.Size, (1, 2))))
    with checkpoint_trust(True):
        assert mmengine.load(str(file)) == torch.Size((1, 2))
