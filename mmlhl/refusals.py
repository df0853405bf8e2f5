"""How a command refuses its input: with one clear message instead of a traceback."""

from __future__ import annotations

import linecache
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from .explaining import is_shown

#: environment variable that shows tracebacks, like the option ``--traceback`` of every command
VARIABLE = "MMLHL_TRACEBACK"
#: refusals wherever they were raised, since they name the file
FILE_ERRORS = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
#: seconds that other ranks wait, so that rank 0 prints the message before the launcher ends it
PATIENCE = 2.0


def run_command(main: Callable[[], Any]) -> None:
    """Run a command; if it refuses its input, print one message and exit with 1.

    Refusals are errors that the package or its tools raise themselves (``ValueError``, ``OSError``
    and their own classes), and missing or unreadable files. Any other error is a bug and keeps its
    traceback. With ``--traceback`` on the command line, or ``MMLHL_TRACEBACK=1``, all errors keep
    theirs.

    Args:
        main: The command; an integer that it returns is the exit status.

    Raises:
        SystemExit: After a refusal, or with a status that is not 0.
    """
    try:
        status = main()
    except BrokenPipeError:  # the reader of the output, such as `head`, has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except Exception as error:
        if shows_tracebacks() or not is_refusal(error):
            raise
        if os.environ.get("RANK", "0") != "0":
            time.sleep(PATIENCE)
        raise SystemExit(refusal(error)) from None
    if isinstance(status, int) and status:
        raise SystemExit(status)


def shows_tracebacks() -> bool:
    """Whether tracebacks are switched on by the command line or the environment."""
    return "--traceback" in sys.argv or os.environ.get(VARIABLE, "0") not in ("", "0")


def is_refusal(error: BaseException) -> bool:
    """Whether an error is a refusal of input, and not a bug.

    Args:
        error: The error that was caught.
    """
    if isinstance(error, FILE_ERRORS):
        return True
    own = type(error).__module__.partition(".")[0] == "mmlhl"
    if not own and not isinstance(error, (ValueError, OSError)):
        return False
    return _raised_by_us(error.__traceback__)


def refusal(error: BaseException) -> str:
    """The message of a refusal.

    Args:
        error: The error; if another package's error caused it, the message mentions the option
            that shows the traceback.

    Returns:
        ``<command>: <message>``.
    """
    cause = error.__cause__
    more = ""
    if cause is not None and not is_refusal(cause):
        more = f"\n({type(cause).__name__} was raised elsewhere; --traceback shows where)"
    return as_shown(f"{Path(sys.argv[0]).name}: {error or type(error).__name__}{more}")


def as_shown(text: str) -> str:
    """A message without codes that a terminal would obey; names of files may hold any."""
    return "".join(
        letter if letter in "\n\t" or is_shown(letter) else repr(letter)[1:-1] for letter in text
    )


def _raised_by_us(frames: TracebackType | None) -> bool:
    """Whether a traceback ends at a ``raise`` of the package or of one of its tools."""
    if frames is None:
        return False
    frame, number = list(traceback.walk_tb(frames))[-1]
    name = frame.f_globals.get("__name__", "")
    if name.partition(".")[0] != "mmlhl" and name != "__main__":  # a tool
        return False
    return linecache.getline(frame.f_code.co_filename, number).strip().startswith("raise")
