"""Every command in README and docs/ is accepted by the tools."""

import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.config import Config

from mmlhl import cli, command_line
from mmlhl.analysis.benchmarks.shown_commands import Shell, pages, shell_blocks
from mmlhl.command_line import Parser

ROOT = Path(__file__).resolve().parents[1]
PAGES = pages(ROOT)
PYPROJECT = (ROOT / "pyproject.toml").read_text()
#: Words before the config, the tool behind the script, and words between config and flags.
LAUNCHERS = {
    "dist_train.sh": (0, "train.py", 1),
    "dist_test.sh": (0, "test.py", 2),
    "slurm_train.sh": (2, "train.py", 0),
    "slurm_test.sh": (2, "test.py", 0),
}


class Parsed(Exception):
    """A tool has read its command line."""


def plain_blocks():
    for number, (page, block) in enumerate(shell_blocks(ROOT)):
        if not block.startswith("#!"):  # a script, run below
            yield pytest.param(block, id=f"{page.stem}-{number}")


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    """A function: the commands of a block, parsed by a shell and not run."""
    return Shell(tmp_path_factory.mktemp("shell")).commands


def parse(tool, arguments):
    """Let a tool read its command line, and no more."""
    tool = ROOT / "tools" / tool
    assert tool.is_file(), f"there is no {tool}"

    def read(self, args=None, namespace=None):
        raise Parsed(super(Parser, self).parse_args(args, namespace))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [str(tool), *arguments])
        patch.setattr(Parser, "parse_args", read)
        patch.setattr(command_line, "config_file", str)  # pages name configs of the reader's
        with pytest.raises(Parsed) as parsed:
            runpy.run_path(str(tool), run_name="__main__")
    return parsed.value.args[0]


def check_options(args):
    """Check that overridden keys are in the config."""
    options = getattr(args, "cfg_options", None) or {}
    config = ROOT / str(getattr(args, "config", None))
    if options and config.is_file():
        cfg = Config.fromfile(config)
        assert {key.partition(".")[0] for key in options} <= set(cfg)
        cfg.merge_from_dict(options)


@pytest.mark.parametrize("block", plain_blocks())
def test_commands_are_understood(block, shell, capsys):
    commands = shell(block)
    assert commands
    for words in commands:
        check(words, capsys)


def check(words, capsys):
    """Check that the project accepts a command."""
    program, *rest = words
    if program == "python" and rest[0].startswith("tools/"):
        check_options(parse(rest[0].removeprefix("tools/"), rest[1:]))
    elif program == "bash":
        before, tool, after = LAUNCHERS[rest[0].removeprefix("tools/")]
        config, *more = rest[1 + before :]
        fixed, flags = more[:after], more[after:]
        assert len(fixed) == after and (not after or fixed[-1].isdigit())
        check_options(parse(tool, [config, *fixed[: after - 1], *flags]))
    elif program == "mmlhl":
        name, *flags = rest
        if name != cli.DOCTOR:
            parse(cli.TOOLS[name], flags)
    elif program == "python" and rest[0] == "-c":
        exec(rest[1], {})
        assert Path(capsys.readouterr().out.strip()).exists()
    elif program == "make":
        targets = [word for word in rest if "=" not in word]
        makefile = (ROOT / "Makefile").read_text()
        assert targets and all(re.search(f"^{target}:", makefile, re.M) for target in targets)
    elif words[:2] == ["pip", "install"]:
        for extra in re.findall(r"\[([\w,]+)\]", " ".join(rest)):
            assert all(re.search(f"^{name} = \\[", PYPROJECT, re.M) for name in extra.split(","))
    else:
        assert words[:2] in (["ln", "-s"], ["git", "clone"]), f"nothing checks {words}"


def test_commands_on_the_demo_name_its_config(shell):
    (demo,) = re.findall(r"@config=(\w+);", (ROOT / "Makefile").read_text())
    seen = 0
    for page, block in shell_blocks(ROOT):
        if "work_dirs/demo" not in block:
            continue
        for words in shell(block):
            configs = [w for w in words if re.fullmatch(r"(configs/)?[a-z]+/\w+\.py", w)]
            configs = [w for w in configs if not w.startswith("tools/")]
            if configs and any(word.startswith("work_dirs/demo") for word in words):
                seen += 1
                assert Path(configs[0]).stem == demo, f"{page.name}: {' '.join(words)}"
    assert seen > 3


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
@pytest.mark.parametrize("weights", [True, False], ids=["weights", "no weights"])
def test_the_demo_trains_from_scratch_where_the_weights_cannot_be_installed(weights, tmp_path):
    (tmp_path / "stamp").touch()
    settings = ["PY=echo python", f"PIP={str(weights).lower()}", f"STAMP={tmp_path}/stamp"]
    done = subprocess.run(["make", "-s", "demo", *settings], cwd=ROOT, capture_output=True)
    said = done.stdout.decode().splitlines()
    assert sum("training from scratch, which takes longer" in line for line in said) == (
        not weights
    )
    commands = [line.split() for line in said if line.startswith("python ")]
    for _, tool, *rest in commands:
        parse(tool.removeprefix("tools/"), rest)
    config = "configs/had/rooms_seg_depth_normal" + "_pretrained" * weights + ".py"
    assert [words[2] for words in commands] == ["--out", config, "work_dirs/demo"]


def test_every_command_has_its_place_in_the_docs():
    text = "".join(page.read_text() for page in PAGES)
    tools = [path for path in ROOT.glob("tools/**/*") if path.suffix in (".py", ".sh")]
    called = {Path(tool).name: f"mmlhl {name}" for name, tool in cli.TOOLS.items()}
    missing = [
        t.name for t in tools if t.name not in text and called.get(t.name, t.name) not in text
    ]
    assert [name for name in missing if not name.startswith("_")] == []


def scripts():
    return [
        pytest.param(block, id=page.stem)
        for page, block in shell_blocks(ROOT)
        if block.startswith("#!")
    ]


@pytest.mark.parametrize("script", scripts())
@pytest.mark.parametrize("code", [0, 75, 1])
def test_the_job_script_queues_itself_again_when_it_was_stopped(script, code, tmp_path):
    for name, body in (
        ("srun", f'printf "%s\\n" "$@" > asked; exit {code}'),
        ("scontrol", "echo $*"),
    ):
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    env.update(SLURM_ARRAY_TASK_ID="2", SLURM_JOB_ID="17")
    done = subprocess.run(
        ["bash", "-c", script], env=env, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == code
    assert done.stdout.strip() == ("requeue 17" if code == 75 else "")
    asked = (tmp_path / "asked").read_text().splitlines()
    arguments = asked[asked.index("tools/train.py") + 1 :]
    args = parse("train.py", arguments)
    assert args.resume and args.work_dir == "work_dirs/had_seed2"
    assert args.cfg_options == {"randomness.seed": 2}
    check_options(args)
