"""Messages of other packages at import that do not concern users of this one."""

from __future__ import annotations

import io
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

#: Lines that are printed, and beginnings of warnings (a regular expression). The first comes from
#: mmseg, of a cloud service's package; the second from mmcv-lite, of compiled operators that
#: nothing here uses.
PRINTED = ("Could not import OneDL",)
WARNED = r"Fail to import ``MultiScaleDeformableAttention``"


@contextmanager
def without_import_noise() -> Iterator[None]:
    """Leave out these lines and warnings; everything else is shown when the block ends."""
    said = io.StringIO()
    try:
        with warnings.catch_warnings(), redirect_stdout(said):
            warnings.filterwarnings("ignore", WARNED)
            yield
    finally:
        for line in said.getvalue().splitlines():
            if line not in PRINTED:
                print(line, file=sys.stdout)
