"""Which commands of the docs cannot run on one machine, and what makes the others small."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .docs_workspace import copy_run

OVERRIDES = "--cfg-options"
#: Pattern of a command, and why it is not run; the first that fits counts.
LEFT_OUT = (
    (r"pip install", "needs a package index; a test compares its extras with pyproject.toml"),
    (r"make test-matrix", "installs an environment from a package index"),
    (r"make (test|format|docs)", "is for contributors; continuous integration runs its steps"),
    (r"make (demo|zoo)", "runs rooms, train, strip and zoo, which stand in this table one by one"),
    (r"bash tools/slurm_", "needs Slurm; a test runs the script up to `srun`"),
    (r"bash tools/dist_train.* work_dirs/eight", "needs two machines"),
    (r"python tools/benchmarks/.* (--out docs/|--without-search)", "has made the page it names"),
)


@dataclass(frozen=True)
class Change:
    """What is changed in a command before it runs.

    Attributes:
        pattern: The commands that are changed.
        words: Words of these commands, and what stands in their place.
        added: Words that follow the command.
        settings: Overrides of its config.
        before: Called with the workspace before it runs.
    """

    pattern: str
    words: tuple[tuple[str, str], ...] = ()
    added: str = ""
    settings: str = ""
    before: Callable[[Path], None] | None = None


def _copy(source: str, target: str) -> Callable[[Path], None]:
    return lambda folder: copy_run(folder, source, target)


PRETRAINED = "had/rooms_seg_depth_normal_pretrained.py"
NAIVE = "configs/naive/rooms_seg_depth_normal.py"
STUDENT = "configs/heteroakd/rooms_deeplabv3plus-r18-small_from_segformer-b0.py"
TEACHER = "segmentation/rooms_segformer-b0"
TAUGHT = f"work_dirs/{TEACHER}/epoch_*.pth"
DEMO = "work_dirs/demo/phase_3_normal/normal.pth"
CHANGES = (
    Change(
        r"(train|train.py|dist_train.sh) \S+\.py|train CONFIG",
        settings="train_cfg.max_epochs=1 train_dataloader.batch_size=2",
    ),
    Change(r"max_epochs=10", words=(("train_cfg.max_epochs=10", ""),)),
    Change(f"train {STUDENT}", settings=f"model.teacher.checkpoint={TAUGHT}"),
    Change(r"rooms(\.py)? --out", added="--train 12 --val 3"),
    # the folder holds further runs of the same methods, of other pages
    Change(r"(compare|plot) work_dirs( |$)", words=(("work_dirs", "work_dirs/[dln][eaw]*"),)),
    Change(r"strip", words=(("12", "2"),)),
    Change(
        r"train CONFIG --work-dir work_dirs/demo",
        words=(("CONFIG", PRETRAINED),),
    ),
    Change(
        r"train CONFIG --cfg-options model.teacher",
        words=(
            ("model.teacher.config=CONFIG", f"model.teacher.config=configs/{TEACHER}.py"),
            (
                "model.teacher.checkpoint=FILE",
                f"model.teacher.checkpoint={TAUGHT}",
            ),
            ("CONFIG", STUDENT),
        ),
        added="--work-dir work_dirs/other",
    ),
    Change(
        r"publish CHECKPOINT student",
        words=(("CHECKPOINT", "work_dirs/other/epoch_*.pth"),),
    ),
    Change(r"nyuv2.py nyu_depth", words=(("data/nyuv2", "data/converted"),)),
    Change(
        r"ln -s PATH_TO_NYUV2", words=(("PATH_TO_NYUV2", "nyuv2"), ("data/nyuv2", "data/linked"))
    ),
    Change(r"RUN/", before=_copy("work_dirs/demo", "RUN")),
    Change(r"had_no_sg", before=_copy("work_dirs/had", "work_dirs/had_no_sg")),
    Change(r"loss_gradients.py CONFIG", words=(("CONFIG", PRETRAINED),)),
    Change(r"dist_train.sh", words=(("4", "2"),)),
    Change(  # the checkpoint's own config
        r"dist_test.sh", words=(("configs/had/rooms_seg_depth_normal.py", f"configs/{PRETRAINED}"),)
    ),
    Change(
        r"methods.py", added="--methods Naive LwF --seeds 0 --orders seg,depth --without-search"
    ),
    Change(r"step_price.py", words=(("3", ""), ("5", ""), ("10", "")), added="--rounds 1"),
    Change(r"had_loss.py", words=(("288", "48"), ("384", "64")), added="--repeats 1"),
    Change(r"data_loading.py", added="--count 8 --size 48 64 --repeats 1"),
    Change(r"fuzz.py", words=(("1000", "2"),)),
    Change(r"CONFIG", words=(("CONFIG", NAIVE),)),
    Change(r"CHECKPOINT", words=(("CHECKPOINT", DEMO),)),
    Change(r"\bDIR\b", words=(("DIR", "work_dirs/dir"),)),
)


def reason_not_to_run(command: str) -> str:
    """Why a command is not run; empty if it is."""
    return next((why for pattern, why in LEFT_OUT if re.search(pattern, command)), "")


def changed(command: str, folder: Path) -> list[str]:
    """The command that is run in place of one of the docs, after what it needs is prepared.

    Returns:
        Its words; those with ``*`` are patterns.
    """
    words = shlex.split(command)
    for change in CHANGES:
        if not re.search(change.pattern, command):
            continue
        if change.before:
            change.before(folder)
        there = dict(change.words)
        words = [there.get(word, word) for word in words] + shlex.split(change.added)
        if change.settings:
            words += [] if OVERRIDES in words else [OVERRIDES]
            place = words.index(OVERRIDES) + 1
            words[place:place] = change.settings.split()
    return [word for word in words if word]
