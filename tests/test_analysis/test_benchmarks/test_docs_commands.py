"""How the commands of the docs are run, and that the table of them is of these docs."""

import json
import re
from pathlib import Path

import pytest

from mmlhl.analysis.benchmarks.docs_changes import CHANGES, LEFT_OUT, changed, reason_not_to_run
from mmlhl.analysis.benchmarks.docs_commands import _expand, page, run, run_all
from mmlhl.analysis.benchmarks.shown_commands import Shell, shown_commands

ROOT = Path(__file__).parents[3]
RECORD = json.loads((ROOT / "docs/results/runs/docs_commands.json").read_text())


@pytest.fixture(scope="module")
def commands(tmp_path_factory):
    return shown_commands(ROOT, tmp_path_factory.mktemp("shell"))


def test_every_command_of_the_docs_was_run_or_is_left_out_with_a_reason(commands):
    again = "python tools/benchmarks/docs_commands.py --out docs/results/docs_commands.md"
    known = {command: each["pages"] for command, each in RECORD["outcomes"].items()}
    assert known == commands, f"run {again}"
    for command, each in RECORD["outcomes"].items():
        assert each["reason"] == reason_not_to_run(command), f"run {again}"
        assert bool(each["reason"]) != bool(each["ran"]) and each["failure"] == "", command


def test_the_table_is_of_the_record():
    shown = (ROOT / "docs/results/docs_commands.md").read_text()
    assert page(RECORD["outcomes"], RECORD["commit"]) in shown


def test_nothing_is_left_out_or_changed_that_is_not_there(commands):
    patterns = [each.pattern for each in CHANGES] + [pattern for pattern, _ in LEFT_OUT]
    assert [p for p in patterns if not any(re.search(p, command) for command in commands)] == []


def test_a_left_out_benchmark_has_made_its_page(commands):
    for command, places in commands.items():
        if "made the page" in reason_not_to_run(command):
            named = [word for word in command.split() if word.startswith("docs/results/")]
            (text,) = {(ROOT / name).read_text() for name in named or places}
            assert re.search(r"[Cc]ommit [0-9a-f]{7}", text), f"{command} has not made {named}"


def test_a_shell_reads_loops_variables_and_patterns(tmp_path):
    shell = Shell(tmp_path)
    block = 'X="a b"\nfor i in 1 2; do mmlhl train $i $X "$X" \\\n  d/*.jpg; done\ncd elsewhere'
    assert shell.commands(block) == [
        ["mmlhl", "train", i, "a", "b", "a b", "d/*.jpg"] for i in "12"
    ]
    with pytest.raises(ValueError, match="cannot run 'unheard'"):
        shell.commands("unheard")


@pytest.mark.parametrize(
    "words, failure",
    [
        (["mmlhl", "--help"], ""),
        (["python", "-c", "open('made', 'w')", "--out", "made"], ""),
        (["python", "-c", "pass", "--out", "gone"], "ends without an error, and without gone"),
        (["python", "-c", "raise OSError('no disk')"], "OSError: no disk"),
        (["python", "-c", "raise SystemExit('no data')"], "no data"),
        (["ln", "-s", "there", "link"], ""),
        (["python", "-c", "raise SystemExit(3)"], "exit status 3"),
    ],
)
def test_commands_are_run_to_their_end(tmp_path, words, failure):
    found, seconds = run(words, tmp_path)
    assert found == failure
    assert 0 <= seconds < 5


def test_a_command_without_an_end_is_ended(tmp_path):
    words = ["python", "-c", "import time; time.sleep(60)"]
    assert run(words, tmp_path, limit=0.05)[0] == "not done after 0.05 s"


def test_run_all_and_page(tmp_path):
    commands = {"python -c pass": ["README.md"], "pip install x": ["docs/a.md", "docs/b.md"]}
    lines = []
    found = run_all(commands, tmp_path, lines.append)
    assert lines[0] == "python -c pass: ok" and "package index" in lines[1]
    text = page(found, "abc")
    assert "| `python -c pass` | README | works | 0.0 |" in text
    assert "| `pip install x` | a, b | not run: needs a package index" in text
    assert "1 of 1 commands that were run work" in text


def test_placeholders_are_replaced(tmp_path):
    found = changed("mmlhl train CONFIG --work-dir DIR", tmp_path)
    assert found[2].startswith("configs/") and found[4] == "work_dirs/dir"


def test_patterns_of_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).touch()
    assert _expand("*.jpg") == ["a.jpg", "b.jpg"] and _expand("key=*.jpg") == ["key=b.jpg"]
    assert _expand("*.png") == ["*.png"] and _expand("x=1") == ["x=1"]
