"""Files in the safetensors format: a JSON header and raw numbers, without any code."""

from __future__ import annotations

import json
import math
import os
import zlib
from collections.abc import Iterable, Mapping
from typing import IO, Any

import torch
from torch import Tensor

SUFFIX = ".safetensors"
#: Bytes of a header; the format allows 100 MB, but those of the largest models have about one, and
#: a million tensors would take minutes to read.
_HEADER_LIMIT = 2**24
_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}
#: Key in the header under which mmlhl stores a checkpoint's meta as JSON.
META = "mmlhl_meta"
#: Key for a checksum of all else in a file, as the format has none.
CHECKSUM = "mmlhl_crc32"


def is_safetensors(path: str | os.PathLike) -> bool:
    """Whether a file has the suffix of a safetensors file."""
    return os.fspath(path).lower().endswith(SUFFIX)


def read_safetensors(path: str | os.PathLike) -> dict[str, Any]:
    """Read a safetensors file as a checkpoint.

    Returns:
        ``state_dict`` with the tensors, on the CPU, and ``meta``, which is empty for files that
        mmlhl did not write.

    Raises:
        ValueError: If it is not a safetensors file, is cut short, or was changed since mmlhl wrote
            it.
    """
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > size - 8:
            raise ValueError(f"{path} is not a safetensors file, or is cut short")
        if length > _HEADER_LIMIT:
            raise ValueError(
                f"{path} has a header of {length} bytes, at most {_HEADER_LIMIT} are read"
            )
        return _checkpoint(path, file, length, size - 8 - length)


def _checkpoint(path: str | os.PathLike, file: IO[bytes], length: int, size: int) -> dict[str, Any]:
    """Read the header of the given length, and then as many bytes of numbers as it describes."""
    try:
        header = json.loads(file.read(length).decode("utf-8"), object_pairs_hook=_once)
        texts = {} if header.get("__metadata__") is None else header["__metadata__"]
        if not all(isinstance(text, str) for text in texts.values()):
            raise ValueError("its __metadata__ holds more than text")
        places = {name: entry for name, entry in header.items() if name != "__metadata__"}
        _check_places(places, size)
        data = memoryview(file.read())
        written = texts.pop(CHECKSUM, None)
        if written is not None and written != _checksum(header, [data]):
            raise ValueError(
                "its bytes are not those that were written, as the checksum differs; take another "
                f"copy of it, or delete {CHECKSUM} from its __metadata__ if it was changed on "
                "purpose"
            )
        meta = json.loads(texts.get(META, "{}"))
        state = {
            name: _tensor(data, entry["dtype"], entry["shape"], entry["data_offsets"])
            for name, entry in places.items()
        }
    except (
        *(ArithmeticError, AttributeError, KeyError, RecursionError),
        *(RuntimeError, TypeError, ValueError),
    ) as error:
        raise ValueError(f"{path} is not a sound safetensors file: {error}") from error
    return dict(state_dict=state, meta=meta)


def _checksum(header: Mapping[str, Any], parts: Iterable[bytes | memoryview]) -> str:
    """The checksum of a header, without the checksum in it, and of the numbers."""
    found = zlib.crc32(json.dumps(header).encode())
    for part in parts:
        found = zlib.crc32(part, found)
    return f"{found:08x}"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of the header, of whose names the format allows none twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("its header has a name twice")
    return found


def _check_places(header: Mapping[str, Any], size: int) -> None:
    """Refuse tensors that overlap, or leave bytes unused: the format allows neither."""
    reached = 0
    places = {name: _whole(entry["data_offsets"], name) for name, entry in header.items()}
    for name, (begin, end) in sorted(places.items(), key=lambda item: item[1]):
        if begin != reached or end < begin:
            raise ValueError(f"{name[:60]!r} begins at byte {begin}, where {reached} was expected")
        reached = end
    if reached != size:
        raise ValueError(f"its tensors end at byte {reached} of {size}")


def _whole(numbers: Any, name: str) -> list[int]:
    """A list of whole numbers that are not negative."""
    if not isinstance(numbers, list) or any(type(each) is not int or each < 0 for each in numbers):
        raise ValueError(f"{name[:60]!r} has {numbers!r:.60} in place of whole numbers")
    return numbers


def _tensor(data: memoryview, name: str, shape: list[int], offsets: list[int]) -> Tensor:
    dtype = _DTYPES.get(name)
    if dtype is None:
        raise ValueError(f"tensors of the type {name!r}; known are {sorted(_DTYPES)}")
    begin, end = offsets
    count = math.prod(_whole(shape, "a tensor"))
    itemsize = torch.empty((), dtype=dtype).element_size()
    if end - begin != count * itemsize:
        raise ValueError(f"a tensor of {shape!r:.60} {name} between bytes {begin} and {end}")
    if not count:
        return torch.zeros(shape, dtype=dtype)
    return torch.frombuffer(bytearray(data[begin:end]), dtype=dtype).reshape(shape)


def write_safetensors(
    path: str | os.PathLike, state: Mapping[str, Tensor], meta: Mapping[str, Any]
) -> None:
    """Write weights and meta as a safetensors file.

    Raises:
        ValueError: If the format does not support the dtype of a tensor.
    """
    header: dict[str, Any] = {"__metadata__": {META: json.dumps(meta)}}
    parts, offset = [], 0
    for name, value in state.items():
        if value.dtype not in _NAMES:
            raise ValueError(f"{name}: safetensors has no {value.dtype}")
        flat = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
        parts.append(flat.numpy().tobytes())
        ends = [offset, offset + len(parts[-1])]
        header[name] = dict(dtype=_NAMES[value.dtype], shape=list(value.shape), data_offsets=ends)
        offset = ends[1]
    header["__metadata__"][CHECKSUM] = _checksum(header, parts)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        file.writelines(parts)
