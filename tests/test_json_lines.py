"""Files with one object per line, damaged or made by somebody else."""

import json
import os

import pytest

from mmlhl.analysis.log_curves import read_run
from mmlhl.analysis.phase_logs import read_phase_logs
from mmlhl.engine.logs.files import remove_steps_after
from mmlhl.json_lines import json_lines

GOOD = [dict(step=1, iter=1, phase=1, loss=2.0), dict(step=2, iter=2, phase=1, loss=1.0)]
BAD = [
    "[" * 100_000,
    '{"a": ' * 100_000,
    '{"step": ' + "9" * 6000 + "}",
    '{"step": "x", "phase": 1}',
    '{"step": null, "iter": 1, "phase": 1}',
    '{"step": 1e999, "phase": 1}',
    '{"step": 1e300, "phase": 1}',
    '{"step": NaN}',
    '{"step": true}',
    '{"step": 5, "iter": []}',
    '{"step": 5, "phase": {}}',
    '{"epoch": "3"}',
    "[1]",
    "3",
    "\x00\x01\ufffd",
    '{"step": 3, "lo',
]


def lines_of(*others):
    first, second = map(json.dumps, GOOD)
    return "\n".join([first, *others, second]) + "\n"


@pytest.mark.parametrize("line", BAD, ids=range(len(BAD)))
def test_damaged_lines_are_left_out(tmp_path, line):
    folder = tmp_path / "vis_data"
    folder.mkdir()
    (tmp_path / "phase_1_seg").mkdir()
    (folder / "scalars.json").write_text(lines_of(line), encoding="utf-8")
    assert json_lines(folder / "scalars.json", counted=True) == GOOD
    (phase,) = read_phase_logs(tmp_path)
    assert [each["loss"] for each in phase.sources[0]] == [2.0, 1.0]
    read_run(str(tmp_path))
    remove_steps_after(str(folder / "scalars.json"), 1)
    assert json_lines(folder / "scalars.json", counted=True) == GOOD[:1]


def test_files_that_cannot_be_read_have_no_lines(tmp_path):
    assert json_lines(tmp_path / "none") == json_lines(tmp_path) == []
    os.mkfifo(tmp_path / "pipe")
    assert json_lines(tmp_path / "pipe") == []
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    assert json_lines(tmp_path / "binary") == []
