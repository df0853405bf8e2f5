"""Arrays, whatever the letters of their suffix, and lists of lines."""

import struct

import numpy as np
import pytest

from mmlhl.datasets.reading import decode_npy, is_array, read_lines, read_raw


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


def test_npz_that_is_encrypted_or_a_bomb(tmp_path):
    path = tmp_path / "0.npz"
    np.savez(path, np.zeros(1))
    plain = path.read_bytes()
    locked, bomb = bytearray(plain), bytearray(plain)
    at = plain.index(b"PK\1\2")
    locked[6] |= 1
    locked[at + 8] |= 1
    struct.pack_into("<I", bomb, at + 24, 2**32 - 2)
    for content, why in ((locked, "encrypted"), (bomb, "unpack to more than")):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=rf"0\.npz: expected a \.npz file.*{why}"):
            read_raw(str(path), "labels")


HEADER = "{'descr': %s, 'fortran_order': %s, 'shape': %s, }\n"


def npy(kind="'<f4'", shape="(2, 2)", fortran="False", header=HEADER, body=bytes(range(64))):
    text = (header % (kind, fortran, shape) if "%" in header else header).encode()
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text + body


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (npy(shape="(-1,)"), r"its shape is \(-1,\)"),
        (npy(shape="(-2, -2)"), "its shape"),
        (npy(shape="(4611686018427387904, 4)"), ""),  # 2^64 numbers, 0 in 64 bits
        (npy(shape=f"({10**30}, 4)"), ""),
        (npy(shape="(5, 5)"), "buffer is smaller"),
        (npy(kind="'<c8'"), "complex64"),
        (npy(kind="'<U2'"), "<U2"),
        (npy(kind="'<M8[s]'"), "datetime64"),
        (npy(kind="[('a', '<f4')]"), "'a'"),
        (npy(kind="'|O'"), "Python objects"),
        (npy(fortran="__import__('os')"), "malformed"),
        (npy(header="[1\n"), ""),
        (npy(header="(" * 99 + "\n"), ""),
    ],
)
def test_forged_headers(content, why):
    with pytest.raises(ValueError, match=f"0.npy: expected a .npy file with an array.*{why}"):
        decode_npy(content, "0.npy")


def test_orders_of_bytes_and_axes():
    numbers = np.frombuffer(bytes(range(16)), ">f4").reshape(2, 2)
    options = dict(kind="'>f4'", body=bytes(range(16)))
    assert np.array_equal(decode_npy(npy(**options), "0.npy"), numbers)
    assert np.array_equal(decode_npy(npy(fortran="True", **options), "0.npy"), numbers.T)


def test_two_arrays_one_after_another():
    content = npy(body=bytes(range(16)))
    with pytest.raises(ValueError, match=r"^0\.npy: .*bytes follow the array, perhaps another one"):
        decode_npy(content + content, "0.npy")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_lines(tmp_path, encoding):
    path = tmp_path / "list.txt"
    path.write_bytes("a\r\n\r\n  ä b \n# said by us\n#\n#1\rlast".encode(encoding))
    assert read_lines(str(path), "list") == [(1, "a"), (3, "ä b"), (6, "#1"), (7, "last")]


def test_lists_that_were_joined(tmp_path):
    (tmp_path / "list.txt").write_bytes(b"\xef\xbb\xbfa\r\n\xef\xbb\xbfb\r\n\x1a")
    assert read_lines(str(tmp_path / "list.txt"), "list") == [(1, "a"), (2, "b")]


@pytest.mark.parametrize("content", [b"a\nb\xff\n", "a\nb".encode("utf-16-le")])
def test_files_that_are_not_text_are_refused(tmp_path, content):
    (tmp_path / "list.txt").write_bytes(content)
    with pytest.raises(ValueError, match=r"list\.txt, line \d: expected text.*as list of classes"):
        read_lines(str(tmp_path / "list.txt"), "list of classes")
