"""Changed bytes of checkpoint files."""

import random
import zipfile

import pytest
import torch

from mmlhl.checkpoints import CheckpointError, read_checkpoint
from mmlhl.checkpoints.checksums import weights_digest


def content(seed: int = 0) -> dict:
    generator = torch.Generator().manual_seed(seed)
    weights = {f"w{i}": torch.randn(4, 5, generator=generator) for i in range(4)}
    return dict(meta=dict(iter=3, cfg="a = 1"), state_dict=weights)


@pytest.fixture
def saved(tmp_path):
    torch.save(content(), tmp_path / "a.pth")
    return tmp_path / "a.pth"


def test_a_changed_weight_is_named_with_the_file(saved):
    data = bytearray(saved.read_bytes())
    weight = content()["state_dict"]["w2"].numpy().tobytes()
    data[data.index(weight) + 17] ^= 0x04
    saved.write_bytes(data)
    assert torch.load(saved, weights_only=True)  # torch does not notice
    with pytest.raises(CheckpointError, match=r"a\.pth is damaged: its bytes are not.*data/2"):
        read_checkpoint(saved)


def test_no_change_of_bytes_changes_what_is_read_or_raises_something_else(saved):
    good, wanted, draw = saved.read_bytes(), content(), random.Random(0)
    refused = 0
    for _ in range(150):
        data = bytearray(good)
        for _ in range(draw.choice([1, 1, 4])):
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        saved.write_bytes(data)
        try:
            found = read_checkpoint(saved)
        except CheckpointError:
            refused += 1
            continue
        assert found["meta"] == wanted["meta"]  # the changed bytes are padding
        assert all(torch.equal(found["state_dict"][k], v) for k, v in wanted["state_dict"].items())
    assert refused > 50


@pytest.mark.parametrize(("mark", "offset"), [(b"PK\x01\x02", 42), (b"PK\x06\x07", 16)])
def test_a_damaged_list_of_parts_is_an_error_of_the_file(saved, mark, offset):
    data = bytearray(saved.read_bytes())
    at = data.index(mark) + offset  # the place of a part, the number of disks
    data[at : at + 4] = b"\xff\xff\xff\x7f"
    saved.write_bytes(data)
    with pytest.raises(CheckpointError, match=r"a\.pth is damaged"):
        read_checkpoint(saved)


def test_a_file_written_without_checksums_is_read(saved):
    with zipfile.ZipFile(saved) as archive:
        parts = [(part, archive.read(part)) for part in archive.infolist()]
    data = bytearray(saved.read_bytes())
    for part, _ in parts:  # as torch.serialization.set_crc32_options(False) leaves them
        crc = part.CRC.to_bytes(4, "little")
        while crc in data:
            at = data.index(crc)
            data[at : at + 4] = bytes(4)
    saved.write_bytes(data)
    assert read_checkpoint(saved)["meta"]["iter"] == 3
    assert weights_digest(saved) is None


def test_the_digest_is_that_of_the_content(saved, tmp_path):
    for name, seed in (("b.pth", 0), ("c.pth", 1)):
        torch.save(content(seed), tmp_path / name)
    assert weights_digest(saved) == weights_digest(tmp_path / "b.pth")
    assert weights_digest(saved) != weights_digest(tmp_path / "c.pth")
