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

#: shows tracebacks, as the option ``--traceback`` of every command does
VARIABLE = "MMLHL_TRACEBACK"
#: of any origin: they name a file, and more is not known where they were raised
FILE_ERRORS = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
#: seconds that other processes leave the first one to say the same, before its launcher ends them
PATIENCE = 2.0


def run_command(main: Callable[[], Any]) -> None:
    """Run a command; what refuses its input says so in one message and exits with 1.

    Refusals are errors that the package or its tools raise themselves (``ValueError``, ``OSError``
    and errors of their own), and missing or closed files. Anything else is a mistake of
    somebody's program and keeps its traceback. With ``--traceback`` on the command line, or
    ``MMLHL_TRACEBACK=1``, everything does.

    Args:
        main: The command; a whole number that it returns is the exit status.

    Raises:
        SystemExit: After a refusal, or with a status that is not 0.
    """
    try:
        status = main()
    except BrokenPipeError:  # whoever reads the output has seen enough
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
    """Whether the command line or the environment asks for tracebacks."""
    return "--traceback" in sys.argv or os.environ.get(VARIABLE, "0") not in ("", "0")


def is_refusal(error: BaseException) -> bool:
    """Whether an error is about the input, not about a program.

    Args:
        error: As it was caught.
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
        error: The error; one that was made of somebody else's hints at the traceback.

    Returns:
        ``<command>: <message>``.
    """
    cause = error.__cause__
    more = ""
    if cause is not None and not is_refusal(cause):
        more = f"\n({type(cause).__name__} was raised elsewhere; --traceback shows where)"
    return f"{Path(sys.argv[0]).name}: {error or type(error).__name__}{more}"


def _raised_by_us(frames: TracebackType | None) -> bool:
    """Whether a ``raise`` in the package or in one of its tools is where a traceback ends."""
    if frames is None:
        return False
    frame, number = list(traceback.walk_tb(frames))[-1]
    name = frame.f_globals.get("__name__", "")
    if name.partition(".")[0] != "mmlhl" and name != "__main__":  # a tool
        return False
    return linecache.getline(frame.f_code.co_filename, number).strip().startswith("raise")
