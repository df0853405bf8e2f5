"""Parsers and arguments shared by all command lines."""

import ast
import re
from pathlib import Path

import pytest

from mmlhl.command_line import Parser, add_launcher_arguments, config_file, default_work_dir
from mmlhl.paths import shipped_dir
from mmlhl.spelling import hint, near_miss, nearest, unknown

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def parser():
    made = Parser(prog="tool")
    made.add_argument("config")
    made.add_argument("--resume", action="store_true")
    made.add_argument("--work-dir")
    return made


def test_help_shows_each_default_once(capsys):
    made = Parser("What it does.\n\nExample:\n    tool 50", prog="tool")
    made.add_argument("share", type=int, nargs="?", default=7, help="a share")
    made.add_argument("--size", type=int, nargs=2, default=(96, 128), help="pixels")
    made.add_argument("--first", type=int, default=0, help="from 0")
    made.add_argument("--out", default="a%b", help="file (default: beside it)")
    made.add_argument("--mark", default="100%", help="a mark")
    made.add_argument("--names", nargs="+", default=[], help="names")
    made.add_argument("--flag", action="store_true", help="a flag")
    text = " ".join(made.format_help().split())
    assert "pixels (default: 96 128)" in text and "from 0 (default: 0)" in text
    assert "file (default: beside it)" in text and "a mark (default: 100%)" in text
    assert text.count("default") == 4 and "    tool 50" in made.format_help()


def test_every_option_of_every_command_is_explained():
    files = [*ROOT.glob("tools/**/*.py"), *ROOT.glob("mmlhl/*.py")]
    files += [ROOT / "mmlhl/analysis/arguments.py", ROOT / "mmlhl/checkpoints/trust.py"]
    seen = 0
    for path in files:
        text = path.read_text()
        for node in ast.walk(ast.parse(text) if "add_argument(" in text else ast.Module([], [])):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "add_argument":
                seen += 1
                (words,) = [k.value for k in node.keywords if k.arg == "help"] or [None]
                assert words is not None, f"{path}, line {node.lineno}: an option without help"
                if isinstance(words, ast.Constant):
                    assert not words.value.endswith("."), f"{path}, line {node.lineno}"
    assert seen > 100


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--resum"], "unrecognized arguments: --resum; did you mean '--resume'?"),
        (["--res"], "unrecognized arguments: --res"),
        (["--workdir", "x"], "did you mean '--work-dir'?"),
        (["--work_dir=x"], "did you mean '--work-dir'?"),
        (["--zzz"], "unrecognized arguments: --zzz\n"),
        (["--bogus"], "unrecognized arguments: --bogus\n"),
    ],
)
def test_an_unknown_option_is_refused_with_the_nearest(parser, capsys, words, message):
    with pytest.raises(SystemExit) as exit:
        parser.parse_args(["a.py", *words])
    assert exit.value.code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "instead"),
    [
        (["--seed", "0"], "; write --cfg-options randomness.seed=0\n"),
        (["--load-from=a.pth"], "; write --cfg-options load_from=FILE\n"),
        (["--gpus", "2", "--deterministic"], "sh or dist_test.sh, --cfg-options randomness.det"),
    ],
)
def test_options_of_other_training_tools_name_what_does_the_same(parser, capsys, words, instead):
    for known in (False, True):
        if known:
            add_launcher_arguments(parser)
        with pytest.raises(SystemExit):
            parser.parse_args(["a.py", *words])
        assert (instead in capsys.readouterr().err) is known


def test_known_options_are_parsed(parser):
    args = parser.parse_args(["a.py", "--resume", "--work-dir=x"])
    assert args.resume and args.work_dir == "x"


def test_every_tool_takes_no_abbreviations():
    plain = re.compile(r"ArgumentParser\(")
    tools = list(ROOT.glob("tools/**/*.py"))
    assert len(tools) > 10
    assert [path.name for path in tools if plain.search(path.read_text())] == []


def test_help_is_the_docstring_line_by_line():
    text = Parser(
        "Draw maps.\n\nTo a folder.\n\nExamples:\n    a.py --out x\n    a.py\n"
    ).format_help()
    before, after = text.split("options:")
    assert "Draw maps." in before and "To a folder." not in before
    assert after.endswith("\n\nTo a folder.\n\nExamples:\n    a.py --out x\n    a.py\n")


@pytest.mark.parametrize(
    ("config", "folder"),
    [
        ("configs/had/rooms.py", "had/rooms"),
        ("configs/had/ablations/rooms_no_sg.py", "had/ablations/rooms_no_sg"),
        ("/x/.mim/configs/naive/rooms.py", "naive/rooms"),
        ("/project/mine/toy.py", "mine/toy"),
        ("/a/configs/b/configs/c/d.py", "c/d"),
    ],
)
def test_results_of_two_methods_go_into_two_folders(config, folder):
    assert default_work_dir(config) == f"work_dirs/{folder}"


KNOWN = ["phases", "model", "train_dataloader", "optim_wrapper", "train_cfg", "heads"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("phase", "phases"),
        ("pahses", "phases"),
        ("modle", "model"),
        ("mdel", "model"),
        ("train_datalaoder", "train_dataloader"),
        ("train_dataloaders", "train_dataloader"),
        ("train_dataloder", "train_dataloader"),
        ("optim_wraper", "optim_wrapper"),
        ("optimwrappr", "optim_wrapper"),
        ("train_cgf", "train_cfg"),
        # users' own names
        ("models", None),
        ("model_2", None),
        ("model2", None),
        ("phases_long", None),
        ("crop_size", None),
        ("dataset_type", None),
        ("train_pipeline", None),
        ("data_root", None),
        ("max_epochs", None),
        ("_phases", None),
        ("decoder", None),
    ],
)
def test_near_misses(word, meant):
    assert near_miss(word, KNOWN) == meant


def test_the_nearest_name():
    assert nearest("optim", KNOWN) is None or nearest("optim", KNOWN) in KNOWN
    assert nearest("optim_wrap", KNOWN) == "optim_wrapper"
    assert hint("optim_wrap", KNOWN) == "; did you mean 'optim_wrapper'?"
    assert hint("zzz", KNOWN) == ""


def test_config_file_is_the_users_or_a_shipped_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shipped = shipped_dir("configs") / "had/rooms_seg_depth_normal.py"
    for name in ("had/{}", "configs/had/{}", "mmlhl::had/{}"):
        assert config_file(name.format(shipped.name)) == str(shipped)
    own = tmp_path / "had" / shipped.name
    own.parent.mkdir()
    own.touch()
    assert config_file(f"had/{shipped.name}") == f"had/{shipped.name}"
    with pytest.raises(FileNotFoundError, match="shipped .* mean 'had/rooms_seg_depth.py'"):
        config_file("configs/had/rooms_seg_dept.py")
    with pytest.raises(FileNotFoundError, match="no config '/nowhere/had.py'"):
        config_file("/nowhere/had.py")


def test_the_home_folder_is_named_as_in_a_shell(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ann")
    parser = Parser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--out")
    given = ["--out=~/c", "~/a.pth", "HAD, long=~/b", "a/~/d", "~", "~x"]
    args = parser.parse_args(given)
    assert args.out == "/home/ann/c"
    assert args.names == ["/home/ann/a.pth", "HAD, long=/home/ann/b", "a/~/d", "~", "~x"]


@pytest.mark.parametrize("words", [["--out", ""], ["--out="], [""], ["a", ""]])
def test_an_empty_name_is_not_this_folder(parser, capsys, words):
    with pytest.raises(SystemExit) as caught:
        parser.parse_args(words)
    assert caught.value.code == 2 and "an empty name; '.' is this folder" in capsys.readouterr().err
    titled = Parser()
    titled.add_argument("--title")
    assert titled.parse_args(["--title", ""]).title == ""


def test_what_deletes_nothing_is_no_misspelt_key():
    assert unknown("_delete_", ["type"]) == (
        "there is nothing of a base that it could replace: leave it out"
    )
    assert "no such key" in unknown("_delte_", ["type"])
