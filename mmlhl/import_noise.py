"""Messages that other packages print at import and that do not matter to users of mmlhl."""

from __future__ import annotations

import io
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

#: Printed lines, and a regular expression for warnings. The line comes from mmseg, about the
#: package of a cloud service; the warning from mmcv-lite, about compiled operators that mmlhl does
#: not use.
PRINTED = ("Could not import OneDL",)
WARNED = r"Fail to import ``MultiScaleDeformableAttention``"


@contextmanager
def without_import_noise() -> Iterator[None]:
    """Hide these lines and warnings; other lines are printed when the block ends."""
    printed = io.StringIO()
    try:
        with warnings.catch_warnings(), redirect_stdout(printed):
            warnings.filterwarnings("ignore", WARNED)
            yield
    finally:
        for line in printed.getvalue().splitlines():
            if line not in PRINTED:
                print(line, file=sys.stdout)
