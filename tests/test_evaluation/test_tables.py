import io
import re

import pytest
from rich.console import Console

from mmlhl.evaluation import LifelongRecord, phase_table
from mmlhl.evaluation.tables import decimals


def sequence(phases=3):
    record = LifelongRecord("HAD", seed=0)
    names = ["seg", "depth", "normal", *(f"task_{i}" for i in range(4, 11))][:phases]
    for t, name in enumerate(names):
        metrics = {"seg/mIoU": 54.1 - 2.5 * t, "seg/aAcc": 80.0 - t}
        if t >= 1:
            metrics |= {"depth/abs_err": 0.8625 - 0.1 * t, "depth/delta_1": 70.0}
        if t >= 2:
            metrics |= {"normal/mean_err": 20.0 + 5 * t}
        metrics |= {f"{other}/l1": 0.5 for other in names[3 : t + 1]}
        record.add_phase(name, [name], f"phase_{t + 1}.pth", 1.0, metrics)
    return record


def rendered(table, width):
    console = Console(
        file=io.StringIO(), width=width, color_system="truecolor", force_terminal=True
    )
    console.print(table)
    plain = Console(file=io.StringIO(), width=width, color_system=None)
    plain.print(table)
    return plain.file.getvalue(), console.file.getvalue()


@pytest.mark.parametrize(("phases", "width"), [(1, 80), (3, 80), (5, 100), (10, 80)])
def test_table_fits_into_100_characters(phases, width):
    text, _ = rendered(phase_table(sequence(phases)), width)
    lines = text.splitlines()
    assert max(len(line.rstrip()) for line in lines) <= width
    assert f"after {phases} phase" in lines[0]
    assert lines[2].split()[:3] == ["seg", "mIoU", "[%]"] and "54.10" in lines[2]
    # One line per metric: nothing was wrapped.
    assert len(lines) == 2 + sum(len(v) for v in sequence(phases).metrics.values())


def test_rows_show_first_and_present_value_and_change():
    text, colours = rendered(phase_table(sequence()), 100)
    rows = [line.split() for line in text.splitlines()]
    assert rows[2] == "seg mIoU [%] ↑ 54.10 51.60 49.10 54.10 49.10 -5.00".split()
    assert rows[4] == "depth abs_err [m] ↓ - 0.7625 0.6625 0.7625 0.6625 -0.1000".split()
    assert rows[5] == "delta_1 [%] ↑ - 70.00 70.00 70.00 70.00 0.00".split()
    assert rows[6] == "normal mean_err [°] ↓ - - 30.00 30.00 30.00 0.00".split()
    # Less mIoU is red, less depth error is green.
    assert re.search(r"\x1b\[31m *-5\.00", colours) and re.search(r"\x1b\[32m *-0\.1000", colours)


def test_names_are_no_markup():
    record = LifelongRecord("[/b]")
    record.add_phase("[/i]", ["[/i]"], None, 1.0, {})
    record.add_phase("b", ["b"], None, 1.0, {"b/mIoU": 5.0})
    record.metrics["[/i]"] = record.metrics.pop("b")
    text, _ = rendered(phase_table(record), 80)
    assert text.startswith("[/b]: after 2") and "1 [/i]" in text and "\n [/i]  mIoU" in text


def test_a_metric_that_was_lost_shows_a_dash():
    record = sequence(2)
    record.add_phase("x", ["x"], "p", 1.0, {"seg/mIoU": float("nan")})
    rows = [line.split() for line in rendered(phase_table(record), 100)[0].splitlines()]
    assert rows[2][-3:] == ["54.10", "-", "-"]


def test_empty_record_and_digits():
    text, _ = rendered(phase_table(LifelongRecord("naive")), 80)
    assert "naive: after 0 phases" in text
    assert decimals([None, 9.99, 0.1]) == 4 and decimals([None, -10.0]) == 2
