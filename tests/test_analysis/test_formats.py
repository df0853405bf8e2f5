import csv
import io
import math
import re

from rich.console import Console

from mmlhl.analysis.formats import markdown_text, to_csv, to_latex, to_markdown, to_rich
from mmlhl.analysis.seeds import Estimate
from mmlhl.analysis.sheet import Column, Sheet


def sheet():
    return Sheet(
        name="final",
        title="seg → depth: 100 %",
        columns=[
            Column("mIoU", "seg", True, unit="%"),
            Column("abs_err", "depth", False, 4, unit="m"),
            Column("runs"),
        ],
        rows=[
            ("HAD_1", [Estimate(50.0, 1.234, 3), Estimate(0.5), "3"]),
            ("a|b & {c}", [Estimate(40.0), Estimate(-0.00001), "-"]),
            ("none", [Estimate(math.nan, None, 0), Estimate(math.inf), "1"]),
        ],
        notes=["A note."],
    )


def test_markdown():
    assert to_markdown(sheet()) == (
        "**seg → depth: 100 %**\n\n"
        "| method | seg mIoU [%] ↑ | depth abs_err [m] ↓ | runs |\n"
        "| --- | ---: | ---: | ---: |\n"
        "| HAD_1 | **50.00 ± 1.23** | 0.5000 | 3 |\n"
        "| a\\|b & {c} | 40.00 | **0.0000** | - |\n"
        "| none | - | inf | 1 |\n"
        "\nA note.\n"
    )


def test_latex():
    text = to_latex(sheet())
    assert r"\caption{seg $\rightarrow$ depth: 100 \%}" in text
    assert r"\begin{tabular}{lrrr}" in text
    assert (
        r" & \multicolumn{1}{c}{seg} & \multicolumn{1}{c}{depth} & \multicolumn{1}{c}{} \\" in text
    )
    assert r"method & mIoU [\%] $\uparrow$ & abs\_err [m] $\downarrow$ & runs \\" in text
    assert r"HAD\_1 & \textbf{50.00 $\pm$ 1.23} & 0.5000 & 3 \\" in text
    assert r"a|b \& \{c\} & 40.00 & \textbf{0.0000} & - \\" in text
    assert text.count("{") == text.count("}") and "% A note." in text


def test_csv_has_all_digits_and_empty_fields():
    rows = list(csv.DictReader(io.StringIO(to_csv([sheet(), sheet()]))))
    assert len(rows) == 18
    assert list(rows[0].values()) == [
        *("final", "seg → depth: 100 %", "HAD_1", "seg", "mIoU", "%", "50.0", "1.234", "3", "")
    ]
    assert rows[5]["text"] == "" and rows[2]["text"] == "3"
    assert (rows[6]["mean"], rows[6]["std"], rows[6]["runs"]) == ("", "", "0")


def test_rich():
    console = Console(file=io.StringIO(), width=80, color_system="standard", force_terminal=True)
    console.print(to_rich(sheet()))
    text = console.file.getvalue()
    assert re.search(r"\x1b\[1;32m *50\.00 ± 1\.23", text) and "A note." in text
    assert "mIoU [%] ↑" in text and "abs_err [m] ↓" in text
    one_group = Sheet("x", "t", [Column("mIoU", "seg", True)], [("HAD", [Estimate(1.0)])])
    console = Console(file=io.StringIO(), width=80)
    console.print(to_rich(one_group))
    # A single group is already in the title, and a single row is not "best".
    assert console.file.getvalue().split() == ["t", "method", "mIoU", "↑", "HAD", "1.00"]


def test_names_are_escaped_in_markdown():
    assert markdown_text("<b>") == "&lt;b&gt;"
    assert markdown_text("within_11 [%] & _y_ &lt;") == r"within_11 [%] & \_y\_ &amp;lt;"
    assert markdown_text("[x](y) ~~$a$`\n\\") == r"[x]\(y) \~\~\$a\$\` \\"
