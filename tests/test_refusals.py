"""A command that refuses its input ends with one message; other errors keep a traceback."""

import ast
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from mmlhl import refusals
from mmlhl.config_values import number
from mmlhl.engine import cpu_distributed
from mmlhl.engine.locking import WorkDirInUse
from mmlhl.engine.phases.trials.build import named
from mmlhl.refusals import end_imports_quietly, run_command

ROOT = Path(__file__).resolve().parents[1]


def fail(error):
    raise error


def broken_head():
    return [][1]


def endless_link():
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder, "link.png")
        link.symlink_to(link)
        link.open()


REFUSED = {
    "a link to itself": (endless_link, "Too many levels of symbolic links: .*link.png"),
    "a long name": (lambda: open("a" * 300), "File name too long: 'a"),
    "a value": (lambda: number("x", "loss_weight"), "loss_weight is 'x'; it must be a number"),
    "a file": (lambda: open("/no/such/file"), "/no/such/file"),
    "a launcher without its variables": (
        lambda: cpu_distributed._set_rendezvous("mpi"),
        "launcher='mpi' needs the environment variables .*RANK",
    ),
    "of somebody's": (
        lambda: named("phases[0]: model", broken_head),
        rf"IndexError: [^~]*in {re.escape(__file__)}, line \d+; --traceback",
    ),
    "of an installed package": (
        lambda: named("phases[0]: model", json.loads, "{"),
        r"[^~]*raised elsewhere; --traceback",
    ),
}
MISTAKES = {
    "a crash": broken_head,
    "a value error of the test's": lambda: fail(ValueError("x")),
    "of the standard library": lambda: int("x"),
    "a type error": lambda: number(),
}


@pytest.fixture(autouse=True)
def command(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/some/where/train.py", "config.py"])
    monkeypatch.delenv(refusals.VARIABLE, raising=False)
    monkeypatch.setenv("MASTER_PORT", "29500")  # a launcher sets it


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_is_one_message(name):
    main, message = REFUSED[name]
    with pytest.raises(SystemExit, match=f"^train.py: .*{message}") as caught:
        run_command(main)
    assert caught.value.__cause__ is None and caught.value.__suppress_context__


def test_errors_of_our_own_are_refusals():
    # its class says so; it has to be raised by the package all the same
    with pytest.raises(WorkDirInUse):
        run_command(lambda: fail(WorkDirInUse("x")))


@pytest.mark.parametrize("name", MISTAKES)
def test_other_errors_keep_their_traceback(name):
    with pytest.raises((IndexError, ValueError, TypeError)):
        run_command(MISTAKES[name])


@pytest.mark.parametrize("way", ["option", "variable"])
def test_tracebacks_on_request(monkeypatch, way):
    if way == "option":
        sys.argv.append("--traceback")
    else:
        monkeypatch.setenv(refusals.VARIABLE, "1")
    with pytest.raises(ValueError, match="loss_weight"):
        run_command(REFUSED["a value"][0])


def test_other_ranks_wait_for_the_message_of_rank_0(monkeypatch):
    waited = []
    monkeypatch.setattr(refusals.time, "sleep", waited.append)
    for rank in ("0", "1"):
        monkeypatch.setenv("RANK", rank)
        with pytest.raises(SystemExit):
            run_command(REFUSED["a value"][0])
    assert waited == [refusals.PATIENCE]


@pytest.mark.parametrize(("returned", "status"), [(None, 0), (0, 0), (3, 3), ({"a": 1}, 0)])
def test_exit_status(returned, status):
    try:
        run_command(lambda: returned)
    except SystemExit as exit:
        assert exit.code == status
    else:
        assert status == 0


def test_every_tool_runs_this_way():
    # _torchrun.py stands for torchrun, and imports nothing of mmlhl
    tools = sorted(p for p in (ROOT / "tools").rglob("*.py") if p.name != "_torchrun.py")
    assert len(tools) > 15
    for path in tools:
        last = ast.parse(path.read_text()).body[-1]
        assert "run_command(main)" in ast.unparse(last), path


def test_names_of_files_do_not_command_a_terminal():
    error = ValueError("a\x1b[2J\x07\ud800\u202e.pth: no\nsecond line, ä \u05d0")
    shown = r"a\x1b[2J\x07\ud800\u202e.pth: no" + "\nsecond line, ä \u05d0"
    assert refusals.refusal(error).endswith(shown)


PRINTS = """
import sys, types
package = sys.modules["mmlhl"] = types.ModuleType("mmlhl")  # without the seconds of its imports
package.__path__ = [{package!r}]
from mmlhl.refusals import end_imports_quietly, run_command

def main():
    print("\\u2192 \\udcff")
    {last}

run_command(main)
"""


def printing(last, how, **env):
    """Run a command that prints, with its output led somewhere; its exit code and messages."""
    code = PRINTS.format(last=last, package=str(ROOT / "mmlhl"))
    line = ["bash", "-c", f'"{sys.executable}" -S -c "$CODE" {how}']
    env = {"CODE": code, "PATH": os.environ["PATH"], **env}
    done = subprocess.run(line, env=env, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_what_the_terminal_cannot_show_is_no_error(encoding):
    code, out, error = printing("pass", "", PYTHONIOENCODING=encoding)
    wanted = "\u2192" if encoding == "utf-8" else r"\u2192"
    assert (code, out, error) == (0, wanted + r" \udcff" + "\n", "")


@pytest.mark.parametrize(
    "last",
    ["pass", "raise SystemExit(0)", "print('x' * 10**6)", "print('x', flush=True)"],
)
@pytest.mark.parametrize(
    "how, wanted",
    [
        ("| true; exit ${PIPESTATUS[0]}", ""),
        (">/dev/full", "-c: the output cannot be written: No space left on device\n"),
    ],
)
def test_an_output_that_ends_early(last, how, wanted):
    # nobody reads: sleep, so that the reader is gone
    code, _, error = printing(f"import time; time.sleep(0.2); {last}", how)
    assert (code, error) == (1, wanted)


@pytest.mark.parametrize(
    "how, reason, wanted",
    [
        ("| true; exit ${PIPESTATUS[0]}", "Broken pipe", ""),
        (">/dev/full", "No space left on device", "cannot be written: No space left on device"),
    ],
)
def test_lines_of_a_log_that_cannot_be_written_are_told_once(how, reason, wanted):
    last = "import logging, time; logging.basicConfig(stream=sys.stdout); time.sleep(0.2); "
    last += "[logging.warning('%s', number) for number in range(9)]; print('done', file=sys.stderr)"
    code, _, error = printing(last, how)
    first, done, *rest = error.splitlines()
    assert first.startswith(f"lines of the log cannot be written to the standard output: {reason}")
    assert (code, done) == (1, "done") and "".join(rest).endswith(wanted)


@pytest.mark.parametrize("how", [">&-", "2>&-", ">&- 2>&- <&-"])
def test_closed_streams(how):
    assert printing("pass", how)[0] == 0


def test_a_stream_of_a_handler_s_own_is_no_output_of_the_command():
    last = "import logging, os; own = open(os.devnull, 'w'); os.close(own.fileno()); "
    last += "logging.basicConfig(stream=own); logging.warning('seen'); os.dup2(2, own.fileno())"
    code, _, error = printing(last, "")
    lost = "lines of the log cannot be written to a stream: Bad file descriptor"
    assert (code, error.partition(";")[0]) == (0, lost)


def test_ctrl_c_is_one_line():
    heard = "signal.signal(signal.SIGINT, signal.default_int_handler)"  # `make test &` ignores it
    code, _, error = printing(
        f"import os, signal; {heard}; os.kill(os.getpid(), signal.SIGINT)", ""
    )
    assert (code, error) == (130, "-c: interrupted\n")


@pytest.mark.parametrize(
    "program, name",
    [
        ("/usr/bin/mmlhl", "mmlhl"),
        (str(Path(__file__).parents[1] / "tools/train.py"), "train.py"),
        ("-m", "mmlhl"),
        ("/home/me/train.py", None),
        ("", None),
    ],
)
def test_ctrl_c_at_import_is_one_line_of_a_command(monkeypatch, capsys, program, name):
    before = []
    monkeypatch.setattr(sys, "excepthook", lambda *error: before.append(error[1]))
    monkeypatch.setattr(sys, "argv", [program])
    monkeypatch.setattr(sys, "orig_argv", ["python", "-W", "ignore", "-m", "mmlhl", "train"])
    end_imports_quietly()
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert capsys.readouterr().err == (f"{name}: interrupted\n" if name else "")
    assert len(before) == (name is None)
    sys.excepthook(KeyError, KeyError("x"), None)
    monkeypatch.setattr(sys, "argv", [program, "--traceback"])
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert len(before) == 2 + (name is None)


def test_names_in_logs_do_not_command_a_terminal():
    text = "a\\x1b[2J\\x07 \\x1b[31mred\\x1b[0m\\n\\tb %s"
    code, _, error = printing(f"import logging; logging.warning('{text}', 1)", "")
    shown = r"WARNING:root:a\x1b[2J\x07 " + "\x1b[31mred\x1b[0m\n\tb 1\n"
    assert (code, error) == (0, shown)
