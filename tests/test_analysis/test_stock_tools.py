"""How mmseg's tools are tried and tabulated, with tools of one line instead of them."""

import json
import sys
from pathlib import Path

import cv2
import pytest
from mmengine.config import Config

from mmlhl.analysis.stock_cases import CASES, Case, _drawn, _phases, _speed
from mmlhl.analysis.stock_tools import Outcome, cell_of, last_error, make_project, page, try_case
from mmlhl.engine.phases import parse_phases

PAGE = Path(__file__).parents[2] / "docs" / "results" / "stock_tools.md"
TOOL = """
import sys
if "--good" in sys.argv:
    open(sys.argv[1] + "/made", "w").write("x")
elif "--bad" in sys.argv:
    raise ValueError("no such option")
"""


@pytest.fixture
def tried(tmp_path):
    """A function: try a case whose tool writes a file if it is called with ``--good``."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "one.py").write_text(TOOL)

    def run(*ways, **options):
        case = Case("one.py", ways, lambda out: (out / "made").is_file(), **options)
        return case, try_case(case, sys.executable, tmp_path / "tools", tmp_path / "work", {})

    return run


@pytest.mark.parametrize(
    "ways, cell",
    [
        ([("", "{out} --good")], "works"),
        ([("", "{out} --bad"), ("--good", "{out} --good")], "works with `--good`"),
        ([("", "{out} --bad")], "fails: ValueError: no such option"),
        ([("", "{out}")], "fails: ends without an error, and without a result"),
    ],
)
def test_ways_are_tried_until_one_leaves_its_result(tried, ways, cell):
    case, outcome = tried(*ways)
    assert cell_of(outcome, case) == cell


def test_tool_with_a_missing_module_is_not_run(tried):
    case, outcome = tried(("", "{out} --good"), needs="no_such_module")
    assert cell_of(outcome, case) == "not run: needs no_such_module, which is not installed"


def test_the_reason_is_the_exception_and_not_the_launchers():
    text = "Traceback\n  File x\n[rank0]: KeyError: 'a'\ntorch.x.ChildFailedError: \n===\n"
    assert last_error(text) == "KeyError: 'a'"
    assert last_error("first\nlast\n") == "last" and last_error("") == ""


def test_the_tiny_sequence_is_a_sequence(tmp_path):
    config = make_project(tmp_path, tests=3)
    cfg = Config.fromfile(config)
    assert [phase.name for phase in parse_phases(cfg)] == ["seg", "depth", "normal"]
    assert cv2.imread(str(tmp_path / "data/val/depth/00000.png"), -1).dtype == "uint16"
    assert len(list((tmp_path / "data/test/image").iterdir())) == 3


def test_proofs_check_the_output_files(tmp_path):
    for name in ("picture.png", "empty.png"):
        (tmp_path / name).write_bytes(b"same")
    assert not _drawn(tmp_path)
    (tmp_path / "picture.png").write_bytes(b"other")
    assert _drawn(tmp_path) and not _phases(tmp_path) and not _speed(tmp_path)
    (tmp_path / "fps_1.json").write_text('{"average_fps": NaN}')
    assert not _speed(tmp_path)
    (tmp_path / "lifelong.json").write_text(json.dumps(dict(phases=[1, 2, 3])))
    assert _phases(tmp_path)


def test_the_page_has_a_row_for_every_tool_and_a_column_for_every_stack():
    facts = dict(versions=dict(mmseg="1"), outcomes={"train.py": vars(Outcome(True))})
    text = page({"a": facts, "b": dict(facts, outcomes={})}, "command", "1234567")
    assert "| `train.py` | works | not run |" in text and "- a: mmseg 1" in text
    shown = PAGE.read_text()
    for case in CASES:
        assert f"| `{case.tool}` | " in text and f"| `{case.tool}` | " in shown
