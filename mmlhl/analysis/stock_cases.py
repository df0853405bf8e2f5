"""The tools of mmseg that are tried on a sequence, and the proof that each has worked."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Proof = Callable[[Path], bool]


@dataclass(frozen=True)
class Case:
    """A tool, and the ways to call it, which are tried until one works.

    Attributes:
        tool: Path in mmseg's ``tools``, with an option if that has a separate row.
        ways: What the user must add to a plain call (empty for nothing), and the arguments of the
            tiny run, with the fields ``{config}``, ``{checkpoint}``, ``{trained}`` (its work dir),
            ``{log}``, ``{maps}``, ``{image}`` and ``{out}``.
        proof: Whether the tool has worked, given the folder ``{out}``.
        ours: Our own tool for the same purpose; empty if none is needed.
        needs: Module that the tool needs besides mmseg.
        note: Remark for the table.
        empty: Arguments that draw an empty picture, for tools that draw nothing without an error.
    """

    tool: str
    ways: tuple[tuple[str, str], ...]
    proof: Proof
    ours: str = ""
    needs: str = ""
    note: str = ""
    empty: str = ""


def _phases(out: Path) -> bool:
    file = out / "lifelong.json"
    return file.is_file() and len(json.loads(file.read_text(encoding="utf-8"))["phases"]) == 3


def _files(pattern: str, count: int = 1) -> Proof:
    return lambda out: len([p for p in out.glob(pattern) if p.stat().st_size]) >= count


def _drawn(out: Path) -> bool:
    picture, empty = out / "picture.png", out / "empty.png"
    return picture.is_file() and picture.read_bytes() != empty.read_bytes()


def _speed(out: Path) -> bool:
    files = list(out.glob("fps_*.json"))
    return bool(files) and json.loads(files[0].read_text(encoding="utf-8"))["average_fps"] > 0


TEST = "{config} {checkpoint} --work-dir {out} --out {out}/maps"
CURVE = "{log} --legend x --backend agg"
BROWSE = "{config} --not-show --output-dir {out}"
CAM = "{image} {config} {checkpoint} --device cpu --out-file {out}/p.png --cam-file {out}/cam.png"
SERVE = "{config} {checkpoint} --output-folder {out} --model-name normal"
GLOO = "env_cfg.dist_cfg.backend=gloo"
OURS = "tools/analysis_tools/"

CASES = (
    Case("train.py", (("", "{config} --work-dir {out}"),), _phases),
    Case("train.py --resume", (("", "{config} --work-dir {trained} --resume"),), lambda _: True),
    Case(
        "dist_train.sh",
        (
            ("", "{config} 2 --work-dir {out}"),
            (f"--cfg-options {GLOO}", "{config} 2 --work-dir {out} --cfg-options " + GLOO),
        ),
        _phases,
        "tools/dist_train.sh",
    ),
    Case("test.py", (("", TEST),), _files("maps/depth/*", 3)),
    Case("test.py --tta", (("", TEST + " --tta"),), _files("*/*.json")),
    Case("test.py --show-dir", (("", TEST + " --show-dir shown"),), _files("**/shown/**/*.png")),
    Case(
        "dist_test.sh",
        (
            ("", "{config} {checkpoint} 2 --work-dir {out}"),
            (
                f"--cfg-options {GLOO}",
                "{config} {checkpoint} 2 --work-dir {out} --cfg-options " + GLOO,
            ),
        ),
        _files("*/*.json"),
        "tools/dist_test.sh",
        note="wants a GPU per process; ours runs on the CPU, too",
    ),
    Case(
        "analysis_tools/analyze_logs.py",
        (
            ("", CURVE + " --out {out}/picture.png"),
            ("--keys seg.loss_ce", CURVE + " --keys seg.loss_ce --out {out}/picture.png"),
        ),
        _drawn,
        OURS + "analyze_logs.py",
        "seaborn",
        note="draws an empty picture for its default key, mIoU; needs seaborn",
        empty=CURVE + " --keys mIoU --out {out}/empty.png",
    ),
    Case(
        "analysis_tools/benchmark.py",
        (("", "{config} {checkpoint} --work-dir {out}"),),
        _speed,
        note="measures nothing with fewer than 200 test images",
    ),
    Case(
        "analysis_tools/browse_dataset.py",
        (("", BROWSE),),
        _files("*.png"),
        OURS + "browse_dataset.py",
    ),
    Case("misc/browse_dataset.py", (("", BROWSE),), _files("**/*.png"), OURS + "browse_dataset.py"),
    Case(
        "analysis_tools/confusion_matrix.py",
        (
            ("", "{config} {maps} {out}"),
            ("PREDICTIONS/seg as the folder", "{config} {maps}/seg {out}"),
        ),
        _files("confusion_matrix.png"),
        note="PREDICTIONS is what test.py got as --out",
    ),
    Case(
        "analysis_tools/get_flops.py",
        (("", "{config} --shape 48 64"),),
        lambda _: True,
        OURS + "get_flops.py",
        note="knows models with one decode_head only",
    ),
    Case(
        "analysis_tools/visualization_cam.py",
        (("", CAM),),
        _files("cam.png"),
        needs="pytorch_grad_cam",
        note="tried with grad-cam 1.4.8: reads one output map, and fails on models that give one "
        "per task; fails for any model with grad-cam 1.5 or later, which has no use_cuda",
    ),
    Case(
        "deployment/pytorch2torchscript.py",
        (("", "{config} --checkpoint {checkpoint} --output-file {out}/model.pt"),),
        _files("model.pt"),
        "tools/model_converters/export.py",
        note="fails for mmseg's own configs, too",
    ),
    Case("misc/print_config.py --graph", (("", "{config} --graph"),), _files("example*", 2)),
    Case(
        "misc/publish_model.py",
        (("", "{checkpoint} {out}/model.pth"),),
        _files("model-*.pth"),
        "tools/model_converters/publish.py",
    ),
    Case(
        "torchserve/mmseg2torchserve.py",
        (("", SERVE),),
        _files("normal.mar"),
        note="fails for any model with torch-model-archiver 0.12",
        needs="model_archiver",
    ),
)
