"""Arrays, whatever the letters of their suffix, and lists of lines."""

import numpy as np
import pytest

from mmlhl.datasets.reading import is_array, read_lines, read_raw


@pytest.mark.parametrize("name", ["0.npy", "0.NPY", "0.Npy", "0.npz", "0.NPZ"])
def test_suffixes(tmp_path, name):
    array = np.arange(6, dtype=np.int16).reshape(2, 3)
    with open(tmp_path / name, "wb") as file:
        (np.savez_compressed if name.lower().endswith("z") else np.save)(file, array)
    assert is_array(name)
    assert np.array_equal(read_raw(str(tmp_path / name), "labels"), array)


def test_npz_of_several_arrays_objects_and_rubbish(tmp_path):
    path = str(tmp_path / "0.npz")
    np.savez(path, a=np.zeros(1), b=np.zeros(1))
    with pytest.raises(ValueError, match=r"0\.npz: expected a \.npz file with one array, got \['a"):
        read_raw(path, "labels")
    np.savez(path, a=np.array([dict()], object))
    with pytest.raises(ValueError, match="Python objects"):
        read_raw(path, "labels")
    (tmp_path / "0.npz").write_bytes(b"PK rubbish")
    with pytest.raises(ValueError, match=r"0\.npz: expected a \.npz file"):
        read_raw(path, "labels")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_lines(tmp_path, encoding):
    path = tmp_path / "list.txt"
    path.write_bytes("a\r\n\r\n  ä b \n# said by us\n#\n#1\rlast".encode(encoding))
    assert read_lines(str(path), "list") == [(1, "a"), (3, "ä b"), (6, "#1"), (7, "last")]


@pytest.mark.parametrize("content", [b"a\nb\xff\n", "a\nb".encode("utf-16-le")])
def test_what_is_no_text(tmp_path, content):
    (tmp_path / "list.txt").write_bytes(content)
    with pytest.raises(ValueError, match=r"list\.txt, line \d: expected text.*as list of classes"):
        read_lines(str(tmp_path / "list.txt"), "list of classes")
