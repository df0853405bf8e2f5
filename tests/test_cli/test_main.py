"""The `mmlhl` command runs the shipped tools."""

import subprocess
import sys

import pytest

from mmlhl import cli
from mmlhl.command_line import Parser
from mmlhl.paths import shipped_dir
from mmlhl.version import __version__


@pytest.mark.parametrize("name", cli.TOOLS)
def test_every_command_has_its_tool(name):
    assert (shipped_dir("tools") / cli.TOOLS[name]).is_file()


def test_a_tool_gets_the_rest_of_the_command_line(monkeypatch, tmp_path):
    (tmp_path / "train.py").write_text(
        "import sys\nassert __name__ == '__main__'\nraise SystemExit(' '.join(sys.argv[1:]))"
    )
    monkeypatch.setattr(cli, "shipped_dir", lambda name: tmp_path)
    before = sys.argv
    with pytest.raises(SystemExit, match="config.py --resume"):
        cli.main(["train", "config.py", "--resume"])
    assert sys.argv is before
    (tmp_path / "train.py").write_text("import sys\nraise SystemExit(sys.argv[0] + __file__)")
    with pytest.raises(SystemExit, match=f"^mmlhl train{tmp_path / 'train.py'}$"):
        cli.main(["train"])


def test_an_unknown_command_names_the_nearest(capsys):
    assert cli.main(["tran"]) == 2
    assert "'tran'; did you mean 'train'?" in capsys.readouterr().err
    assert cli.main([]) == 2
    assert cli.main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in [*cli.TOOLS, "doctor"])
    assert "  train            Train from a config" in shown


def test_version_and_help(capsys, monkeypatch):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"mmlhl {__version__}\n"
    assert cli.main(["help"]) == 0
    assert capsys.readouterr().out == f"{cli.usage()}\n"
    called = []
    monkeypatch.setattr(cli, "run_tool", lambda tool, command: called.append(command))
    assert cli.main(["help", "train"]) == 0
    assert called == [["mmlhl train", "--help"]]


def test_the_doctor_runs_where_the_mm_packages_are_missing():
    code = """
import runpy, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in ('mmseg', 'mmcv', 'mmengine', 'torch'):
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)

sys.meta_path.insert(0, Blocker())
sys.argv = ['mmlhl', 'doctor']
from mmlhl.cli import main
raise SystemExit(main())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    for part in ("mmcv", "wrong", "to fix"):
        assert part in done.stdout
    assert "mmlhl[onedl]" in done.stdout or "mmlhl[classic]" in done.stdout  # what is installed


def test_examples_of_help_begin_as_the_command_was_called(monkeypatch):
    doc = "Do.\n\nExample:\n    python tools/dataset_converters/check_dataset.py CONFIG"
    for prog, line in (
        ("mmlhl check-dataset", "    mmlhl check-dataset CONFIG"),
        ("check_dataset.py", "    python tools/dataset_converters/check_dataset.py CONFIG"),
    ):
        monkeypatch.setattr(sys, "argv", [prog])
        assert line in Parser(doc).format_help().splitlines()
