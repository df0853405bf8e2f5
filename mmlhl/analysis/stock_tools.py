"""Run mmseg's own tools on a tiny sequence in several environments, and list what works."""

from __future__ import annotations

import glob
import json
import os
import shlex
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from ..paths import shipped_dir
from .formats import markdown_text
from .stock_cases import CASES, Case

LIMIT = 900
#: Prints the versions of an environment and the folder of mmseg's tools.
ASK = """
import json, mmcv, mmengine, mmseg, torch
print(json.dumps(dict(tools=mmseg.__path__[0] + '/.mim/tools', versions=dict(
    mmengine=mmengine.__version__, mmcv=mmcv.__version__, mmseg=mmseg.__version__,
    torch=torch.__version__))))
"""
CONFIG = """_base_ = {base!r}
data = dict(data_root={root!r})
train_dataloader = dict(num_workers=0, persistent_workers=False, batch_size=2, dataset=data)
val_dataloader = dict(num_workers=0, persistent_workers=False, dataset=data)
test_dataloader = dict(
    num_workers=0, persistent_workers=False, dataset=dict(split="test", **data))
model = dict(backbone=dict(base_channels=8), heads=dict(
    seg=dict(decoder=dict(in_channels=64, c1_in_channels=8)),
    depth=dict(decoder=dict(in_channels=64, c1_in_channels=8)),
    normal=dict(decoder=dict(in_channels=64, c1_in_channels=8))))
train_cfg = dict(max_epochs=1)
default_hooks = dict(logger=dict(interval=1))
"""


@dataclass(frozen=True)
class Outcome:
    """The result of one tool.

    Attributes:
        works: Whether one of the ways to call it works.
        added: What that way adds to a plain call.
        reason: The last line of the first failure, or the reason why it was not run.
        run: Whether it was run.
    """

    works: bool
    added: str = ""
    reason: str = ""
    run: bool = True


def make_project(folder: Path, tests: int = 200) -> Path:
    """Write a tiny dataset in the layout of rooms, and a config to train with it.

    Args:
        folder: The folder, made if necessary.
        tests: Number of test images; mmseg's benchmark.py measures nothing with fewer than 200.
    """
    rng = np.random.default_rng(0)
    for split, count in (("train", 12), ("val", 4), ("test", tests)):
        for index in range(count):
            _write_frame(folder / "data" / split, f"{index:05}.png", rng)
    base = shipped_dir("configs") / "had" / "rooms_seg_depth_normal.py"
    config = folder / "sequence.py"
    config.write_text(CONFIG.format(base=str(base), root=str(folder / "data")), encoding="utf-8")
    return config


def try_tools(python: str, folder: Path, report: Callable[[str], None]) -> dict:
    """Run every tool of one environment.

    Args:
        python: Its interpreter.
        folder: Scratch folder.
        report: Called with each outcome, one line at a time.

    Returns:
        ``versions``, and by tool an :class:`Outcome` as a dict.
    """
    folder.mkdir(parents=True)
    config = make_project(folder)
    asked = subprocess.run([python, "-c", ASK], capture_output=True, text=True, check=True)
    facts = json.loads(asked.stdout.strip().splitlines()[-1])
    trained = folder / "train.py" / "0"
    fields = dict(
        config=config,
        trained=trained,
        checkpoint=trained / "phase_3_normal" / "normal.pth",
        log=trained / "phase_1_seg" / "*" / "vis_data" / "scalars.json",
        maps=folder / "test.py" / "0" / "maps",
        image=folder / "data" / "val" / "image" / "00000.png",
    )
    outcomes = {}
    for case in CASES:
        outcome = try_case(case, python, Path(facts["tools"]), folder, fields)
        outcomes[case.tool] = asdict(outcome)
        report(f"{case.tool}: {cell_of(outcome, case)}")
    return dict(versions=facts["versions"], outcomes=outcomes)


def try_case(
    case: Case, python: str, tools: Path, folder: Path, fields: Mapping[str, object]
) -> Outcome:
    """Try the ways to call a tool until one works.

    Args:
        case: The tool.
        python: Interpreter.
        tools: mmseg's folder ``.mim/tools``.
        folder: Scratch folder, in which each way gets a subfolder.
        fields: Values for the arguments.
    """
    if (
        case.needs
        and subprocess.run([python, "-c", f"import {case.needs}"], capture_output=True).returncode
    ):
        return Outcome(False, reason=f"needs {case.needs}, which is not installed", run=False)
    reason = ""
    for number, (added, arguments) in enumerate(case.ways):
        out = folder / case.tool.split()[0].replace("/", "_") / str(number)
        if " " in case.tool:
            out = out.with_name("_".join([case.tool.split()[-1], str(number)]))
        out.mkdir(parents=True, exist_ok=True)
        failure = ""
        for line in filter(None, (case.empty, arguments)):
            failure = _run(case, line.format(out=out, **fields), python, tools, out)
            if failure:
                break
        if not failure and case.proof(out):
            return Outcome(True, added, reason)
        reason = reason or failure or "ends without an error, and without a result"
    return Outcome(False, reason=reason)


def _run(case: Case, arguments: str, python: str, tools: Path, out: Path) -> str:
    """Run a command in ``out``; the last line of its error, empty if there is none."""
    tool = tools / case.tool.split()[0]
    words = [w for word in shlex.split(arguments) for w in (sorted(glob.glob(word)) or [word])]
    command = ["bash", str(tool)] if tool.suffix == ".sh" else [python, str(tool)]
    environment = {**os.environ, "PATH": f"{Path(python).parent}:{os.environ.get('PATH', '')}"}
    environment.update(MPLBACKEND="agg", PORT="29631")
    try:
        done = subprocess.run(
            [*command, *words],
            cwd=out,
            env=environment,
            capture_output=True,
            text=True,
            timeout=LIMIT,
        )
    except subprocess.TimeoutExpired:
        return f"not done after {LIMIT} s"
    (out / "output.log").write_text(done.stdout + done.stderr, encoding="utf-8")
    if not done.returncode:
        return ""
    return last_error(done.stderr, case.tool) or f"exit status {done.returncode}"


def last_error(text: str, tool: str = "") -> str:
    """The line of an output that explains why a tool failed.

    Args:
        text: The tool's output on stderr.
        tool: Its name; a launcher's own error after that of its processes is left out.

    Returns:
        The last line with an exception; otherwise the last line.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    named = [line.removeprefix("[rank0]: ") for line in lines]
    errors = [x for x in named if x.split(":")[0].endswith(("Error", "Exception")) and ":" in x]
    errors = [x for x in errors if "ChildFailedError" not in x.split(":")[0]] or errors
    return (errors or named or [""])[-1]


def cell_of(outcome: Outcome, case: Case) -> str:
    """The cell of a tool and an environment in the table."""
    if not outcome.run:
        return f"not run: {outcome.reason}"
    if outcome.works:
        return f"works with `{outcome.added}`" if outcome.added else "works"
    return f"fails: {markdown_text(outcome.reason)[:160]}"


def page(stacks: Mapping[str, dict], command: str, commit: str) -> str:
    """The table of all tools and environments."""
    lines = [f"Command: `{command}`; commit {commit}; on the CPU.", ""]
    for name, facts in stacks.items():
        versions = ", ".join(f"{package} {v}" for package, v in facts["versions"].items())
        lines.append(f"- {name}: {versions}")
    names = list(stacks)
    lines += ["", "| mmseg's tool | " + " | ".join(names) + " | ours | remark |"]
    lines.append("| --- |" + " --- |" * (len(names) + 2))
    for case in CASES:
        cells = []
        for name in names:
            known = stacks[name]["outcomes"].get(case.tool)
            cells.append(cell_of(Outcome(**known), case) if known else "not run")
        ours = f"`{case.ours}`" if case.ours else ""
        lines.append(f"| `{case.tool}` | " + " | ".join([*cells, ours, case.note]) + " |")
    return "\n".join(lines)


def _write_frame(folder: Path, name: str, rng: np.random.Generator) -> None:
    """Write an image of two planes that meet in an edge, with all labels."""
    left = np.zeros((48, 64), bool)
    left[:, : int(rng.integers(16, 48))] = True
    noise = rng.normal(0, 12, (48, 64, 3))
    normal = np.where(left[..., None], (0.6, 0.0, -0.8), (0.0, -0.6, -0.8))
    maps = dict(
        image=np.clip(np.where(left[..., None], (40, 90, 200), (200, 120, 30)) + noise, 0, 255),
        label=np.where(left, 2, 7),
        depth=np.where(left, 1500, 4000),
        normal=np.round((normal + 1) * 32767.5)[..., ::-1],
    )
    for kind, values in maps.items():
        path = folder / kind / name
        path.parent.mkdir(parents=True, exist_ok=True)
        wide = kind in ("depth", "normal")
        cv2.imwrite(str(path), values.astype(np.uint16 if wide else np.uint8))
