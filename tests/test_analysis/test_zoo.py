"""A finished sequence becomes a small file with a checksum, and a row of the page."""

import hashlib
import shutil

import pytest

from mmlhl.analysis import zoo
from mmlhl.inference import load_model

HAD = next(model for model in zoo.ZOO if model.name == "rooms_had")


@pytest.fixture(scope="module")
def made(trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("zoo")
    shutil.copytree(trained[0].work_dir, folder / "rooms_had")
    return folder, zoo.make(HAD, folder)


def test_published_file_matches_its_checksum_and_predicts(made):
    folder, facts = made
    file = folder / "published" / facts["file"]
    assert hashlib.sha256(file.read_bytes()).hexdigest() == facts["sha256"]
    assert facts["file"] == f"rooms_had-{facts['sha256'][:8]}.pth"
    assert list(load_model(str(file)).model.tasks) == ["seg", "depth", "normal"]
    assert not (folder / "rooms_had" / "rooms_had.pth").exists()


def test_a_file_that_is_too_large_is_refused(made, monkeypatch):
    monkeypatch.setattr(zoo, "MAX_BYTES", 100)
    with pytest.raises(ValueError, match="a file of the zoo is below 100"):
        zoo.make(HAD, made[0])


def test_the_page_lists_every_model(made):
    _, facts = made
    lines = zoo.page({"rooms_had": facts}, "make zoo").splitlines()
    (row,) = (line for line in lines if "configs/" in line)
    assert "seg mIoU [%] " in row and "depth abs_err [m] " in row
    (others,) = (line for line in lines if line.startswith("Not trained: "))
    assert others.count("`") == 2 * (len(zoo.ZOO) - 1) and "`rooms_had`" not in others
    assert f"{facts['sha256']}  {facts['file']}" in lines


def test_every_config_is_shipped():
    for model in zoo.ZOO:
        assert isinstance(zoo.missing_data(model), str)
