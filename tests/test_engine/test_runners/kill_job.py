"""Kills and stops two small sequences, resumes them and says what differs; prints JSON.

Run as a process of its own: it forks, which one that has trained already cannot do.
"""

import json
import os
import shutil
import signal
import sys
import time
from functools import partial
from pathlib import Path

from mmengine.runner import EpochBasedTrainLoop

import mmlhl  # noqa: F401
from mmlhl.analysis.benchmarks.kill_sequences import kill_config, write_images
from mmlhl.analysis.benchmarks.kills import differences, finish, start, train

SEQUENCES = {
    "one": dict(method="DER", workers=1, accumulate=2, interval=2),
    "two": dict(method="ICaRL", processes=2, averaged=True, interval=1),
}
#: in each sequence, in turn: where there has to be a checkpoint, a signal, ranks that get it
ACCIDENTS = {
    "one": [("phase_1_seg", signal.SIGKILL, [0]), ("phase_2_depth", signal.SIGTERM, [0])],
    "two": [("phase_1_seg", signal.SIGKILL, [0, 1]), ("phase_2_depth", signal.SIGUSR1, [1])],
}


def wait_until(holds):
    limit = time.monotonic() + 200
    while not holds() and time.monotonic() < limit:
        time.sleep(0.002)


def train_up_to(pointer, struck, cfg, resume):
    """Train, and wait for a signal if there is a checkpoint after a step."""
    run_iter = EpochBasedTrainLoop.run_iter

    def wait_after(loop, *args):
        run_iter(loop, *args)
        wait_until(lambda: struck.exists() or not pointer.exists())

    EpochBasedTrainLoop.run_iter = wait_after
    train(cfg, resume)


def begin(root, folder, name, resume=False, work=train, **changes):
    options = {**SEQUENCES[name], "epochs": 2, **changes}
    cfg = kill_config(root, folder, **options)
    log = folder.with_suffix(".log")
    return start(partial(work, cfg, resume), options.get("processes", 1), log)


def strike(root, folder, name, index, accident):
    """Kill it at any moment after a checkpoint; stop it before the next step."""
    where, number, ranks = accident
    pointer, struck = folder / where / "last_checkpoint", folder.with_suffix(f".{index}")
    work = train if number == signal.SIGKILL else partial(train_up_to, pointer, struck)
    started = begin(root, folder, name, resume=index > 0, work=work)
    wait_until(pointer.is_file)
    for rank in ranks:
        os.kill(started[rank], number)
    struck.touch()
    return finish(started)


def main(base):
    root = base / "images"
    write_images(root)
    plain = {name: begin(root, base / name, name) for name in SEQUENCES}
    found = {name: dict(plain=finish(started)) for name, started in plain.items()}
    for name, accidents in ACCIDENTS.items():
        folder = base / f"{name}_disturbed"
        codes = []
        for index, accident in enumerate(accidents):
            codes.append(strike(root, folder, name, index, accident))
        stopped = [path.name for path in folder.glob("phase_*/stopped*.pth")]
        if name == "two":
            shutil.copytree(folder, base / "alone")
        end = finish(begin(root, folder, name, resume=True))
        differ = differences(base / name, folder) if not any(end) else ["not finished"]
        left = [path.name for path in folder.glob("phase_*/stopped*.pth")]
        found[name].update(codes=codes, stopped=stopped, end=end, differ=differ, left=left)
    alone = finish(begin(root, base / "alone", "two", resume=True, processes=1))
    found["alone"] = dict(end=alone, log=(base / "alone.log").read_text()[-3000:])
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
