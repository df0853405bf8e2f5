"""The arrays of a MATLAB file of version 7.3, which is HDF5, without following it elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def own_arrays(file: Any, keys: Iterable[str]) -> dict[str, Any]:
    """Arrays that lie in an HDF5 file itself.

    HDF5 can name other files in place of an array, by links, virtual arrays or external storage;
    their content, of any file of this machine, would be copied into the converted set.

    Args:
        file: The open ``h5py.File``.
        keys: Names of arrays; those that the file lacks are left out.

    Returns:
        The arrays by name, read when they are indexed.

    Raises:
        ValueError: If one is not an array, or lies in another file.
    """
    import h5py  # only the converter needs it

    found = {}
    for key in keys:
        link = file.get(key, getlink=True)
        if link is None:
            continue
        array = file[key] if isinstance(link, h5py.HardLink) else None
        if not isinstance(array, (h5py.Dataset, type(None))):
            raise ValueError(f"{key} is no array, but a {type(array).__name__}")
        if array is None or array.is_virtual or array.external:
            raise ValueError(f"{key} lies in another file, which was not read")
        found[key] = array
    return found
