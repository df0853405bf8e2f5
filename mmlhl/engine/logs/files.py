"""The files that a sequence logs into, and how a resumed one goes on in them."""

from __future__ import annotations

import json
import os
import os.path as osp
import time

from ...files import write_text

LOG = "sequence.log"
EVENTS = "vis_data"
#: where the logs of an older sequence in the same ``work_dir`` go
EARLIER = "earlier_logs"
ENVIRONMENT = "System environment:"


def put_aside(work_dir: str) -> str | None:
    """Move the logs of an earlier sequence out of the way of one that starts anew.

    Args:
        work_dir: The sequence's folder.

    Returns:
        The folder that holds it now; None if there was nothing.
    """
    found = [name for name in (LOG, EVENTS) if osp.exists(osp.join(work_dir, name))]
    if not found:
        return None
    newest = max(osp.getmtime(osp.join(work_dir, name)) for name in found)
    stamp = time.strftime("%Y%m%d_%H%M%S", time.localtime(newest))
    folder, number = osp.join(work_dir, EARLIER, stamp), 1
    while osp.exists(folder):
        number += 1
        folder = osp.join(work_dir, EARLIER, f"{stamp}_{number}")
    os.makedirs(folder)
    for name in found:
        os.replace(osp.join(work_dir, name), osp.join(folder, name))
    return folder


def has_environment(work_dir: str) -> bool:
    """Whether the log already says what the sequence runs on."""
    try:
        with open(osp.join(work_dir, LOG), encoding="utf-8", errors="replace") as file:
            return any(line.startswith(ENVIRONMENT) for line in file)
    except OSError:
        return False


def read_lines(path: str) -> list[dict]:
    """The objects of a file with one JSON object per line; a line that was cut off is left out."""
    lines = []
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            for text in file:
                try:
                    line = json.loads(text)
                except json.JSONDecodeError:
                    continue
                if isinstance(line, dict):
                    lines.append(line)
    except OSError:
        return []
    return lines


def forget_after(path: str, step: int) -> None:
    """Leave out of a file of scalars what was logged after a step that is going to be done again.

    Args:
        path: The file, with one JSON object per line and a ``step`` in each.
        step: The last step that holds.
    """
    if not osp.isfile(path):
        return
    kept = [line for line in read_lines(path) if line.get("step", 0) <= step]
    write_text(path, "".join(json.dumps(line) + "\n" for line in kept), sync=False)
