import importlib.util
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "analysis_tools" / "plot_losses.py"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("analysis_plot_losses", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.filterwarnings("error::UserWarning")  # such as a layout that did not fit
def test_writes_a_picture(tmp_path, tool):
    folder = tmp_path / "phase_1_seg" / "20260101_000000" / "vis_data"
    folder.mkdir(parents=True)
    (folder / "scalars.json").write_text('{"loss": 1.0, "seg.loss_ce": 1.0, "step": 5}\n')
    out = tmp_path / "deep" / "losses.svg"
    tool.main([str(tmp_path), "--out", str(out), "--smooth", "3"])
    assert out.read_text().rstrip().endswith("</svg>")


def test_errors_are_one_clear_line(tmp_path, tool, capsys):
    with pytest.raises(OSError, match="LocalVisBackend"):
        tool.main([str(tmp_path), "--out", str(tmp_path / "x.png")])
    for options, message in (
        (["--out", "x.gif"], "must end in .png, .pdf or .svg"),
        (["--out", "x.png", "--smooth", "0"], "must be a whole number above 0"),
    ):
        with pytest.raises(SystemExit):
            tool.main([str(tmp_path), *options])
        assert message in capsys.readouterr().err
