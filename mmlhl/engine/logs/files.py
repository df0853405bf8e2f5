"""The log files of a sequence, and how a resumed sequence continues them."""

from __future__ import annotations

import json
import os
import os.path as osp
import time
from typing import Any

from ...files import write_text
from ...json_lines import json_lines

LOG = "sequence.log"
EVENTS = "vis_data"
#: where the logs of an older sequence in the same ``work_dir`` go
EARLIER = "earlier_logs"
ENVIRONMENT = "System environment:"


def move_old_logs(work_dir: str) -> str | None:
    """Move the logs of an earlier sequence into a subfolder when a new one starts."""
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
    """Whether the log already contains the system environment."""
    try:
        with open(osp.join(work_dir, LOG), encoding="utf-8", errors="replace") as file:
            return any(line.startswith(ENVIRONMENT) for line in file)
    except OSError:
        return False


def _is_after(found: Any, step: int) -> bool:
    return isinstance(found, (int, float)) and found > step


def remove_steps_after(path: str, step: int) -> None:
    """Remove from a file of scalars what was logged after the step to resume from.

    Args:
        path: The file, with one JSON object per line and a ``step`` in each.
        step: The last step to keep.
    """
    if not osp.isfile(path):
        return
    kept = [line for line in json_lines(path) if not _is_after(line.get("step"), step)]
    write_text(path, "".join(json.dumps(line) + "\n" for line in kept), sync=False)
