"""A rooms dataset that was not rendered yet."""

import pytest

from mmlhl.datasets import RoomsDataset


def test_missing_rooms_come_with_the_command_that_renders_them(tmp_path):
    root = tmp_path / "rooms"
    with pytest.raises(FileNotFoundError) as error:
        RoomsDataset(data_root=str(root), split="val")
    assert "'{split}/image'" in str(error.value)
    assert f"`mmlhl rooms --out {root}`" in str(error.value)
