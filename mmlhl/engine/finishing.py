"""The end of a phase, trained or adopted: it is saved, evaluated and recorded."""

from __future__ import annotations

import os.path as osp
from collections.abc import Callable, Sequence
from pathlib import Path

from mmengine.dist import barrier, is_main_process
from mmengine.logging import print_log
from mmengine.runner import Runner

from ..checkpoints import poisoned
from ..files import atomic_path
from .learner import averaged_models, unwrap
from .recording import add_to_record


def finish_phase(
    runner: Runner,
    name: str,
    tasks: Sequence[str],
    record: str,
    seconds: float,
    save: Callable[[Path], None],
) -> None:
    """Save the model as ``<name>.pth``, evaluate all its tasks, and add the phase to the record.

    Args:
        runner: Runner of the phase, with its final model.
        name: The phase's name.
        tasks: The phase's new tasks.
        record: The record's file.
        seconds: Duration of training.
        save: Writes the checkpoint to the given file; called in the first process.

    Raises:
        FloatingPointError: If a weight is NaN or infinite; nothing is written then.
    """
    states = [unwrap(runner).state_dict(), *(m.state_dict() for m in averaged_models(runner))]
    bad = [name for state in states for name in poisoned(state)]
    if bad:
        raise FloatingPointError(
            f"phase {name!r} ends with weights that are not finite, such as {bad[:3]}: it is "
            "neither saved nor recorded. Lower the learning rate, or look for the first loss that "
            "was not finite in the log"
        )
    path = osp.join(runner.work_dir, f"{name}.pth")
    if is_main_process():
        with atomic_path(path) as temporary:
            save(temporary)
    metrics: dict[str, float] = {}
    if runner._test_loop is None:
        print_log("no test_dataloader: the record gets no metrics", "current")
    else:
        metrics = runner.test_loop.run()
    add_to_record(record, runner, unwrap(runner), name, list(tasks), path, seconds, metrics)
    barrier()  # the next phase reads what rank 0 wrote
