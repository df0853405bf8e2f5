"""How a command refuses its input: with one clear message instead of a traceback."""

from __future__ import annotations

import io
import linecache
import logging
import os
import re
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from .explaining import is_shown
from .paths import shipped_dir

#: environment variable that shows tracebacks, like the option ``--traceback`` of every command
VARIABLE = "MMLHL_TRACEBACK"
#: refusals wherever they were raised, since they name the file
FILE_ERRORS = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
_COLOUR = re.compile(r"(\x1b\[[0-9;]*m)")
#: a shell's exit code for a process ended by Ctrl-C
INTERRUPTED = 130
#: what logging does about an error of its own, and errors of writing lines by file
_handle_error, _unwritten = logging.Handler.handleError, dict[str, OSError]()
_OUTPUT = "the standard output"
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
        SystemExit: After a refusal, or with a status that is not 0; with 130 after Ctrl-C.
    """
    take_any_text()
    logging.setLogRecordFactory(_shown_record)
    logging.Handler.handleError = _tell_once  # type: ignore[assignment, method-assign]
    try:
        status = main()
    except SystemExit:  # --help, or an argument that is refused
        end_output()
        raise
    except KeyboardInterrupt:
        if shows_tracebacks():
            raise
        print(f"{Path(sys.argv[0]).name}: interrupted", file=sys.stderr)
        raise SystemExit(INTERRUPTED) from None
    except Exception as error:
        end_output(error)
        if shows_tracebacks() or not is_refusal(error):
            raise
        if os.environ.get("RANK", "0") != "0":
            time.sleep(PATIENCE)
        raise SystemExit(refusal(error)) from None
    end_output()
    if isinstance(status, int) and status:
        raise SystemExit(status)


def end_imports_quietly() -> None:
    """Let Ctrl-C while a command is importing end it with one line, as :func:`run_command` does.

    Nothing changes for other programs, which import the package as a library.
    """
    program, before = Path(sys.argv[0] if sys.argv else ""), sys.excepthook
    module = program.name == "-m" and "mmlhl" in sys.orig_argv
    if not (module or program.stem == "mmlhl" or _is_tool(program)):
        return

    def shown(kind: type, error: BaseException, frames: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt) and not shows_tracebacks():
            name = "mmlhl" if module else program.name
            print(f"{name}: interrupted", file=sys.stderr)
        else:
            before(kind, error, frames)

    sys.excepthook = shown


def _is_tool(program: Path) -> bool:
    try:
        return shipped_dir("tools") in program.resolve().parents
    except FileNotFoundError:  # the package's folder alone was copied
        return False


def take_any_text() -> None:
    """Let all be printed: what the encoding lacks as escapes, nowhere if the output is closed."""
    sys.stdout, sys.stderr = (
        open(os.devnull, "w") if stream is None else stream for stream in (sys.stdout, sys.stderr)
    )
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _shown_record(*args: Any, **kwargs: Any) -> logging.LogRecord:
    """A line of a log, whose names of files do not command a terminal; colours are kept."""
    record = logging.LogRecord(*args, **kwargs)
    if isinstance(record.msg, str) and not is_shown(record.msg.replace("\n", "")):
        parts = _COLOUR.split(record.msg)
        record.msg = "".join(part if _COLOUR.fullmatch(part) else as_shown(part) for part in parts)
    return record


def _tell_once(handler: logging.Handler, record: logging.LogRecord) -> None:
    """Say in one line that lines of a log cannot be written, such as to a pipe that is closed.

    A command does not end for that: a training is worth more than its lines.
    """
    error = sys.exc_info()[1]
    place = getattr(handler, "baseFilename", None) or _stream(handler)
    if not isinstance(error, OSError):
        _handle_error(handler, record)
    elif place not in _unwritten:
        _unwritten[place] = error
        with suppress(OSError):
            reason = f"{error.strerror}; the command goes on without them"
            print(f"lines of the log cannot be written to {place}: {reason}", file=sys.stderr)


def _stream(handler: logging.Handler) -> str:
    """The standard output, unless a handler has a stream of its own, which is no matter of ours."""
    try:
        return _OUTPUT if handler.stream.fileno() == 1 else "a stream"  # type: ignore[attr-defined]
    except (AttributeError, OSError, ValueError):  # closed, or not a file
        return _OUTPUT


def end_output(error: Exception | None = None) -> None:
    """Write out what was printed; end quietly if nobody reads it, with a message if it cannot be.

    Args:
        error: What ended the command, if it was an error: it may be that of printing.

    Raises:
        SystemExit: With 1 or a message, if the standard output cannot be written.
    """
    failed: OSError | None = error if isinstance(error, BrokenPipeError) else None
    if error is None:
        failed = _unwritten.get(_OUTPUT)
    try:
        if isinstance(error, OSError) and error.filename is None:  # of printing, perhaps
            print()  # what failed before is not tried again
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as problem:
        failed = problem
    if failed is None:
        return
    with suppress(OSError):  # what is left must not fail again when the process ends
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(failed, BrokenPipeError):  # the reader, such as `head`, has closed it
        raise SystemExit(1) from None
    name = Path(sys.argv[0]).name
    raise SystemExit(f"{name}: the output cannot be written: {failed.strerror}") from None


def shows_tracebacks() -> bool:
    """Whether tracebacks are switched on by the command line or the environment."""
    return "--traceback" in sys.argv or os.environ.get(VARIABLE, "0") not in ("", "0")


def is_refusal(error: BaseException) -> bool:
    """Whether an error is a refusal of input, and not a bug."""
    if isinstance(error, FILE_ERRORS) or (isinstance(error, OSError) and error.filename):
        return True  # it names the file, such as a link that leads back to itself
    own = type(error).__module__.partition(".")[0] == "mmlhl"
    if not own and not isinstance(error, (ValueError, OSError, FloatingPointError)):
        return False
    return _raised_by_us(error.__traceback__)


def refusal(error: BaseException) -> str:
    """The message of a refusal.

    Args:
        error: The error; if another package's error caused it, the message mentions the option
            that shows the traceback, and the line if it is one of the user's own modules.

    Returns:
        ``<command>: <message>``.
    """
    cause = error.__cause__
    more = ""
    if cause is not None and not is_refusal(cause):
        more = f"\n({type(cause).__name__} was raised {_place(cause)}; --traceback shows more)"
    return as_shown(f"{Path(sys.argv[0]).name}: {error or type(error).__name__}{more}")


def _place(error: BaseException) -> str:
    """Where an error was raised: its last line in a module that is not installed, the user's."""
    known = {Path(os.__file__).resolve().parent, Path(__file__).resolve().parent}
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        file = Path(frame.f_code.co_filename).resolve()
        installed = {"site-packages", "dist-packages"}.intersection(file.parts)
        if file.is_file() and not installed and known.isdisjoint(file.parents):
            return f"in {file}, line {line}"
    return "elsewhere"


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
