"""Lines that other packages print and that do not matter to users of mmlhl."""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Any

#: The beginning of a printed line, and a regular expression for warnings. The line comes from
#: mmseg, about the package of a cloud service; the warning from mmcv-lite, about compiled operators
#: that mmlhl does not use.
PRINTED = "Could not import OneDL"
WARNED = r"Fail to import ``MultiScaleDeformableAttention``"


class WithoutLine(io.TextIOBase):
    """Passes on printed text, except for a line.

    What is written later, such as by a logger that took this for the standard output, is passed
    on as well.
    """

    def __init__(self, out: Any, start: str) -> None:
        self._out, self._start = out, start
        self._begins, self._drops = True, False

    def write(self, text: str) -> int:
        """Write text; ``print`` passes the end of a line separately."""
        for part in text.splitlines(keepends=True):
            if self._begins:
                self._drops = part.startswith(self._start)
            if not self._drops:
                self._out.write(part)
            self._begins = part.endswith("\n")
        return len(text)

    def flush(self) -> None:
        """Flush the stream."""
        self._out.flush()

    def fileno(self) -> int:
        """The number of the stream's file."""
        number: int = self._out.fileno()
        return number

    def isatty(self) -> bool:
        """Whether the stream is a terminal."""
        return self._out.isatty()


@contextmanager
def without_import_noise() -> Iterator[None]:
    """Hide the line and the warning; all others are shown."""
    if sys.stdout is None:  # closed by who started the command
        sys.stdout = open(os.devnull, "w")
    with warnings.catch_warnings(), redirect_stdout(WithoutLine(sys.stdout, PRINTED)):
        warnings.filterwarnings("ignore", WARNED)
        yield
