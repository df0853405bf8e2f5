"""MATLAB files of version 7.3 that name other files of the machine in place of their arrays."""

import numpy as np
import pytest
from scipy.io import savemat

from mmlhl.datasets.nyuv2_arrays import own_arrays
from mmlhl.datasets.pascal_mat import read_edges

h5py = pytest.importorskip("h5py")


@pytest.fixture
def secret(tmp_path):
    (tmp_path / "private").mkdir()
    with h5py.File(tmp_path / "private" / "a.h5", "w") as file:
        file["kept"] = np.arange(12.0)
    (tmp_path / "private" / "a.txt").write_bytes(b"password" * 3)
    return tmp_path / "private"


def external_link(file, secret):
    file["images"] = h5py.ExternalLink(str(secret / "a.h5"), "kept")


def soft_link(file, secret):
    file["group/link"] = h5py.ExternalLink(str(secret / "a.h5"), "kept")
    file["images"] = h5py.SoftLink("/group/link")


def external_storage(file, secret):
    where = [(str(secret / "a.txt"), 0, 24)]
    file.create_dataset("images", shape=(24,), dtype="u1", external=where)


def virtual(file, secret):
    layout = h5py.VirtualLayout((12,), "f8")
    layout[:] = h5py.VirtualSource(str(secret / "a.h5"), "kept", (12,))
    file.create_virtual_dataset("images", layout)


def dangling(file, secret):
    file["images"] = h5py.SoftLink("/nothing")


@pytest.mark.parametrize(
    "name_another", [external_link, soft_link, external_storage, virtual, dangling]
)
def test_other_files_are_not_read(tmp_path, secret, name_another):
    with h5py.File(tmp_path / "x.mat", "w") as file:
        file["labels"] = np.zeros(3)
        name_another(file, secret)
    with h5py.File(tmp_path / "x.mat", "r") as file:
        with pytest.raises(ValueError, match="images lies in another file, which was not read"):
            own_arrays(file, ("labels", "images"))
        assert list(own_arrays(file, ("labels", "depths"))) == ["labels"]


def test_a_group_is_no_array(tmp_path):
    with h5py.File(tmp_path / "x.mat", "w") as file:
        file["images/inner"] = np.zeros(3)
        with pytest.raises(ValueError, match="images is no array, but a Group"):
            own_arrays(file, ("images",))


@pytest.mark.parametrize("value", ["text", np.zeros((2, 2, 2)), dict(a=1), 3.0])
def test_label_maps_of_no_shape(tmp_path, value):
    savemat(tmp_path / "x.mat", dict(LabelMap=value))
    with pytest.raises(ValueError, match=r"x\.mat: expected LabelMap with numbers \(H, W\)"):
        read_edges((tmp_path / "x.mat").read_bytes(), "x.mat")
