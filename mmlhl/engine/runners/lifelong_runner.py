"""The sequence: one standard mmengine runner per phase."""

from __future__ import annotations

import copy
import gc
import logging
import os.path as osp
from contextlib import nullcontext

from mmengine.config import Config
from mmengine.dist import init_dist, is_distributed, is_main_process
from mmengine.logging import print_log
from mmengine.runner import CheckpointLoader, Runner
from mmseg.registry import RUNNERS
from torch.distributed import destroy_process_group

from ...checkpoints import stored_config, stored_tasks, weights_of
from ...config_files import refuse_repeated
from ...config_values import make_plain
from ...evaluation import LifelongRecord
from ...files import explained
from ...ranks import from_first_rank
from ..adopting import adopt_phase, adopt_weights
from ..cpu_distributed import prepare_distributed
from ..edited_config import check_edits, keep_fingerprints
from ..heartbeats import naming_stalled_ranks
from ..locking import locked
from ..logs import PhaseLog, SequenceLog
from ..phases import parse_phases, phase_config
from ..phases.checking.idle_variables import check_idle_variables
from ..phases.checking.left_out import left_out
from ..phases.checking.top_keys import acting_keys
from ..phases.checking.values import check_trains
from ..phases.checks import method_name
from ..phases.deriving import RECORD, testing_config
from ..phases.encoders import check_start
from ..phases.grammar import LASTING, check_adopted, learning_model, merged_config
from ..phases.rehearsal import rehearse
from ..phases.trials.testing import check_wrapper
from ..progress import (
    checkpoint_of,
    expected_steps,
    read_progress,
    say_other_name,
    settle_seed,
    start_anew,
    steps_taken,
)
from ..stopping import Stopped, listen
from .phase_trainer import PhaseTrainer


@RUNNERS.register_module()
class LifelongRunner:
    """Trains the phases of a config one after another; tests like a plain runner.

    ``runner_type = 'LifelongRunner'`` in a config makes mmseg's own ``tools/train.py`` and
    ``tools/test.py`` use it. Each phase is a fresh mmengine ``Runner`` with its own optimiser,
    schedule, loaders and wrappers, in ``<work_dir>/phase_<i>_<name>``. A phase is done when it is
    in ``<work_dir>/lifelong.json``. With ``resume`` such phases are skipped, and an interrupted one
    resumes from its newest complete checkpoint with the same weights, random numbers and images as
    without the interruption: the outcome is bit-identical. Edits in the config of such phases are
    refused unless ``resume_changed`` is set. Without ``resume``, the sequence starts anew. SIGTERM
    and SIGUSR1 end it after the present step, with a checkpoint and exit code 75.

    Raises:
        ValueError: If something is wrong with the phases, see
            :func:`~mmlhl.engine.phases.parse_phases`. When training starts, a dry run of all phases
            comes first, see :func:`~mmlhl.engine.phases.rehearsal.rehearse`.
    """

    def __init__(self, cfg: Config) -> None:
        self.cfg = copy.deepcopy(cfg)
        for key in list(self.cfg):
            self.cfg[key] = make_plain(self.cfg[key])
        if (file := getattr(cfg, "filename", None)) is not None:  # mmseg's own tools have read it
            refuse_repeated(file)
            check_idle_variables(file, acting_keys(self.cfg), self.cfg)
        self.phases = parse_phases(self.cfg)
        if not self.cfg.get("work_dir"):  # the empty one would be the current folder
            raise ValueError("work_dir is not set; tools/train.py takes it from --work-dir")
        self.cfg.work_dir = osp.expanduser(self.cfg.work_dir)  # otherwise "~" would be a folder
        prepare_distributed(self.cfg)

    @classmethod
    def from_cfg(cls, cfg: Config) -> LifelongRunner:
        """Build from a config, as mmengine's registry does."""
        return cls(cfg)

    def train(self) -> LifelongRecord:
        """Run every phase that is not done yet.

        Raises:
            Stopped: After SIGTERM or SIGUSR1; the same command with ``resume`` continues.
            WorkDirInUse: If another command uses the ``work_dir``.
            OSError: If the disk is full or the ``work_dir`` cannot be written; names the file.
                Earlier checkpoints can be resumed.
        """
        check_adopted(self.cfg, self.phases)
        for phase in self.phases:
            if phase.checkpoint is None:
                where = f"phases[{phase.index}]: " if phase.cfg else ""
                check_trains(merged_config(self.cfg, phase), where)
        check_start(self.cfg, self.phases)
        self._init_distributed()
        with SequenceLog(self.cfg, self.phases) as log:
            for sentence in left_out(self.cfg, self.phases):
                print_log(sentence, "current", logging.WARNING)
            return self._train(log)

    def _train(self, log: SequenceLog) -> LifelongRecord:
        batches: dict[int, int | None] = {}
        if not self.cfg.get("resume"):  # before anything is written
            batches = rehearse(self.cfg, self.phases, adopt=adopt_weights)
        lock = locked(self.cfg.work_dir) if is_main_process() else nullcontext()
        with explained(self.cfg.work_dir), listen(), lock:
            try:
                self._train_phases(log, batches)
            except Stopped:
                if is_distributed():  # otherwise its threads may change the exit code
                    destroy_process_group()
                raise
        return LifelongRecord.load(self._record)

    def _train_phases(self, log: SequenceLog, batches: dict[int, int | None]) -> None:
        done, previous = from_first_rank(self._start() if is_main_process() else (0, None))
        self.cfg.randomness = from_first_rank(self.cfg.get("randomness"))
        newest = self._newest(done, previous)
        if self.cfg.get("resume"):
            begun = newest is not None
            batches = rehearse(self.cfg, self.phases, done, adopt_weights, begun)
        if is_main_process():
            keep_fingerprints(self.cfg, self.phases, done)
        taken = from_first_rank(steps_taken(self._record, done) if is_main_process() else [])
        log.open([*taken, *expected_steps(self.cfg, self.phases[done:], batches)], done)
        for phase in self.phases[done:]:
            folder = osp.join(self.cfg.work_dir, phase.folder)
            cfg = phase_config(self.cfg, self.phases, phase.index, previous, newest is not None)
            if newest is not None:  # mmengine would use the folder's path at the time of saving
                cfg.load_from = newest
            part = log.begin(phase)
            if phase.checkpoint is None:
                self._run(cfg, part)
            else:
                adopt_phase(cfg, phase, self._record, part)
            log.end(part)
            previous = osp.join(folder, f"{phase.name}.pth")
            # only the interrupted phase has checkpoints to resume from, unless the record was lost
            newest = self._newest(phase.index + 1, previous)

    def test(self) -> dict[str, float]:
        """Test ``load_from`` with a plain runner, on the tasks of the checkpoint."""
        cfg = copy.deepcopy(self.cfg)
        check_wrapper(cfg.model, learning_model(cfg).get("heads") or {})
        if any(phase.architecture for phase in self.phases):
            # phases have different models, so the checkpoint's config decides which one to build
            loaded = CheckpointLoader.load_checkpoint(cfg.load_from, "cpu")
            stored = stored_config(loaded, cfg.load_from)
            if stored is not None:
                model = learning_model(cfg)
                for key in LASTING:
                    model[key] = learning_model(stored).get(key)
        self._leave_out_unused(cfg)
        return Runner.from_cfg(testing_config(cfg)).test()

    def _leave_out_unused(self, cfg: Config) -> None:
        """Take heads out that no phase learns, as of a base, unless the checkpoint has them."""
        heads = learning_model(cfg).get("heads") or {}
        unused = [task for task in heads if task not in self.phases[-1].seen]
        if unused and cfg.get("load_from"):
            loaded = CheckpointLoader.load_checkpoint(cfg.load_from, "cpu", logger="silent")
            for task in set(unused) - stored_tasks(weights_of(loaded)):
                del heads[task]

    @property
    def _record(self) -> str:
        return osp.join(self.cfg.work_dir, RECORD)

    @staticmethod
    def _run(cfg: Config, log: PhaseLog) -> None:
        runner = PhaseTrainer.from_cfg(cfg, log)
        try:
            with naming_stalled_ranks():
                runner.train()
        finally:
            runner.release()
        del runner
        gc.collect()

    def _init_distributed(self) -> None:
        launcher = self.cfg.get("launcher", "none")
        if launcher != "none" and not is_distributed():
            dist_cfg = (self.cfg.get("env_cfg") or {}).get("dist_cfg") or dict(backend="nccl")
            init_dist(launcher, **dist_cfg)

    def _newest(self, index: int, previous: str | None) -> str | None:
        """The checkpoint from which a phase goes on, in all processes; None if it starts anew."""
        wanted = self.cfg.get("resume") and index < len(self.phases) and is_main_process()
        found = checkpoint_of(self.cfg, self.phases[index], previous) if wanted else None
        if wanted and found is None and self.phases[index].checkpoint is None:
            say_other_name(self.cfg, self.phases[index])
        return from_first_rank(found)

    def _start(self) -> tuple[int, str | None]:
        """Number of finished phases, and the last one's checkpoint."""
        method = method_name(self.cfg, self.phases[0])
        if not self.cfg.get("resume"):
            start_anew(self._record, method)
        done, previous = read_progress(self.cfg, self._record, method, self.phases)
        settle_seed(self.cfg, self._record, self.phases)
        if self.cfg.get("resume"):
            check_edits(self.cfg, self.phases, done)
        return done, previous
