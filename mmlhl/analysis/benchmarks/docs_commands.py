"""Run the commands of README and docs/ in a tiny workspace, and list what happened."""

from __future__ import annotations

import glob
import os
import re
import runpy
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from ...paths import shipped_dir
from ..formats import markdown_text
from ..stock_tools import last_error
from .docs_changes import changed, reason_not_to_run

LIMIT = 3600


@dataclass(frozen=True)
class Outcome:
    """What became of a command.

    Attributes:
        pages: The pages that show it.
        ran: The command that was run, as one line; empty if none was.
        failure: The last line of its error, empty if it ended without one.
        reason: Why it was not run.
        seconds: CPU time of the process and those that it started.
    """

    pages: list[str]
    ran: str = ""
    failure: str = ""
    reason: str = ""
    seconds: float = 0.0


def run_all(
    commands: Mapping[str, list[str]], folder: Path, report: Callable[[str], None]
) -> dict[str, dict]:
    """Run every command that can run here, in order, each in a fork of this process.

    Returns:
        Each command's :class:`Outcome` as a dict.
    """
    found = {}
    for command, places in commands.items():
        reason = reason_not_to_run(command)
        if reason:
            outcome = Outcome(places, reason=reason)
        else:
            words = changed(command, folder)
            failure, seconds = run(words, folder)
            outcome = Outcome(places, shlex.join(words), failure, seconds=round(seconds, 1))
        found[command] = asdict(outcome)
        report(f"{command[:80]}: {outcome.reason or outcome.failure or 'ok'}")
    return found


def run(words: list[str], folder: Path, limit: float = LIMIT) -> tuple[str, float]:
    """Run a command to its end in a fork of this process, whose imports it shares.

    Args:
        words: The command; words with ``*`` are patterns of files.
        folder: The folder to run in; gets the output as ``output.log``.
        limit: Seconds after which it is ended.

    Returns:
        The reason of its failure, empty if there is none, and its CPU time in seconds.
    """
    log = folder / "output.log"
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if not child:
        _become(words, folder, log)
    end = time.monotonic() + limit
    late = False
    while not (ended := os.wait4(child, os.WNOHANG))[0]:
        if time.monotonic() > end and not late:
            late = True
            os.killpg(child, signal.SIGKILL)
        time.sleep(0.02)
    _, status, used = ended
    seconds = used.ru_utime + used.ru_stime
    text = log.read_text(encoding="utf-8", errors="replace")
    if late:
        return f"not done after {limit:g} s", seconds
    if status:
        return last_error(text) or f"exit status {os.waitstatus_to_exitcode(status)}", seconds
    missing = [name for name in _promised(words) if not glob.glob(str(folder / name))]
    return f"ends without an error, and without {missing[0]}" if missing else "", seconds


def _become(words: list[str], folder: Path, log: Path) -> None:
    """Be the command, from a fork to its end."""
    code = 1
    try:
        os.setpgid(0, 0)
        os.chdir(folder)
        with open(log, "w", encoding="utf-8") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        sys.stdout, sys.stderr = (open(n, "w", buffering=1, closefd=False) for n in (1, 2))
        words = [each for word in words for each in _expand(word)]
        code = _execute(words)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _execute(words: list[str]) -> int:
    program, *rest = words
    root = shipped_dir("tools").parent
    if program == "mmlhl":
        sys.argv = words
        runpy.run_module("mmlhl", run_name="__main__", alter_sys=True)
        return 0
    if program == "python" and rest[0].startswith("tools/"):
        sys.argv = [str(root / rest[0]), *rest[1:]]
        runpy.run_path(sys.argv[0], run_name="__main__")
        return 0
    if program == "python":
        exec(rest[1], {})
        return 0
    if program == "bash":
        rest[0] = str(root / rest[0])
        there = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"
        # the launchers look for the package beside them
        return subprocess.run([program, *rest], env={**os.environ, "PATH": there}).returncode
    return subprocess.run(words).returncode


def _expand(word: str) -> list[str]:
    """The files of a pattern, or the last of one behind KEY=; other words as they are."""
    key, equals, pattern = word.rpartition("=")
    files = sorted(glob.glob(pattern))
    return ([key + equals + files[-1]] if equals else files) if files else [word]


def _promised(words: list[str]) -> list[str]:
    """The first file or folder that each option of a command asks it to write."""
    options = [i for i, word in enumerate(words) if word in ("--out", "--work-dir")]
    return [words[i + 1] for i in options]


def page(outcomes: Mapping[str, Mapping], commit: str) -> str:
    """The table of all commands."""
    ran = {name: each for name, each in outcomes.items() if each["ran"]}
    seconds = sum(each["seconds"] for each in ran.values())
    works = sum(not each["failure"] for each in ran.values())
    lines = [
        f"Command: `python tools/benchmarks/docs_commands.py`; commit {commit}; on the CPU. "
        f"{works} of {len(ran)} commands that were run work; {seconds:.0f} s of a core. "
        f"{len(outcomes) - len(ran)} are not run.",
        "",
        "| command | on | result | CPU s |",
        "| --- | --- | --- | --- |",
    ]
    for command, each in outcomes.items():
        cell = each["reason"] and f"not run: {each['reason']}"
        cell = cell or (each["failure"] and f"fails: {markdown_text(each['failure'])[:160]}")
        if not cell:
            cell = "works" if each["ran"] == command else f"works as {_code(each['ran'])}"
        spent = f"{each['seconds']:.1f}" if each["ran"] else ""
        places = ", ".join(re.sub(r"^docs/|\.md$", "", name) for name in each["pages"])
        lines.append(f"| {_code(command)} | {places} | {cell} | {spent} |")
    return "\n".join(lines)


def _code(command: str) -> str:
    return f"`{command}`".replace("|", "\\|")
