"""The sequence: one standard mmengine runner a phase."""

from __future__ import annotations

import copy
import gc
import glob
import os
import os.path as osp

from mmengine.config import Config
from mmengine.dist import (
    barrier,
    broadcast_object_list,
    init_dist,
    is_distributed,
    is_main_process,
)
from mmengine.logging import print_log
from mmengine.runner import (
    CheckpointLoader,
    Runner,
    find_latest_checkpoint,
    get_state_dict,
    save_checkpoint,
    weights_to_cpu,
)
from mmseg.registry import RUNNERS

from ...evaluation import LifelongRecord
from ...models.teachers import load_adopted
from ..cpu_distributed import prepare_distributed
from ..hooks.lifelong_phase_hook import unwrap
from ..phases import ARCHITECTURE, Phase, merged_config, parse_phases, phase_config
from ..recording import add_to_record

RECORD = "lifelong.json"


@RUNNERS.register_module()
class LifelongRunner:
    """Trains the phases of a config one after another; tests like a plain runner.

    ``runner_type = 'LifelongRunner'`` in a config makes mmseg's own ``tools/train.py`` and
    ``tools/test.py`` use it. Each phase is a fresh mmengine ``Runner`` with its own optimiser,
    schedule, loaders and wrappers, in ``<work_dir>/phase_<i>_<name>``. A phase is done when
    ``<work_dir>/lifelong.json`` has it; with ``resume`` such phases are skipped and an
    interrupted one goes on from its newest checkpoint. Without, the sequence starts anew.

    Args:
        cfg: the sequence's config.

    Raises:
        ValueError: whatever is wrong with the phases, see
            :func:`~mmlhl.engine.phases.parse_phases`; nothing is built before.
    """

    def __init__(self, cfg: Config) -> None:
        self.cfg = copy.deepcopy(cfg)
        plain = copy.deepcopy(self.cfg)
        if "module" in plain.model:  # --tta wraps the model
            plain.model = plain.model.module
        self.phases = parse_phases(plain)
        if self.cfg.get("work_dir") is None:
            raise ValueError("work_dir is not set; tools/train.py takes it from --work-dir")
        prepare_distributed(self.cfg)

    @classmethod
    def from_cfg(cls, cfg: Config) -> LifelongRunner:
        """Build from a config, as mmengine's registry does."""
        return cls(cfg)

    def train(self) -> LifelongRecord:
        """Run every phase that is not done yet.

        Returns:
            The record of the whole sequence.
        """
        self._init_distributed()
        done, previous = self._start()
        for phase in self.phases[done:]:
            folder = osp.join(self.cfg.work_dir, phase.folder)
            # only the phase that was interrupted has something to go on from
            resume = self._agree(bool(self.cfg.get("resume")) and _has_checkpoint(folder))
            cfg = phase_config(self.cfg, self.phases, phase.index, previous, resume)
            print_log(f"phase {phase.index + 1} of {len(self.phases)}: {phase.name}", "current")
            if phase.checkpoint is None:
                self._run(cfg)
            else:
                self._adopt(cfg, phase)
            previous = osp.join(folder, f"{phase.name}.pth")
        return LifelongRecord.load(osp.join(self.cfg.work_dir, RECORD))

    def test(self) -> dict:
        """Test ``load_from`` with a plain runner, on the tasks that the checkpoint knows."""
        cfg = copy.deepcopy(self.cfg)
        if any(key in ARCHITECTURE for phase in self.phases for key in phase.cfg.get("model", {})):
            # the model was rebuilt on the way: the checkpoint knows which one it is of
            stored = CheckpointLoader.load_checkpoint(cfg.load_from, "cpu")["meta"]["cfg"]
            stored = Config.fromstring(stored, ".py").model
            model = cfg.model.get("module", cfg.model)
            for key in ARCHITECTURE:
                model[key] = stored.get(key)
        return Runner.from_cfg(testing_config(cfg)).test()

    # -- one phase ---------------------------------------------------------------------------
    def _adopt(self, cfg: Config, phase: Phase) -> None:
        """Make a finished mmseg model the first phase: evaluate and record it, train nothing."""
        hooks = [hook for hook in cfg.custom_hooks if hook["type"] != "LifelongPhaseHook"]
        cfg.custom_hooks, cfg.load_from, cfg.resume = hooks, None, False
        runner = Runner.from_cfg(testing_config(cfg))
        model = unwrap(runner)
        loaded = CheckpointLoader.load_checkpoint(phase.checkpoint, "cpu")
        state = loaded.get("state_dict", loaded)
        load_adopted(model, state, phase.tasks[0], phase.checkpoint)
        path = osp.join(runner.work_dir, f"{phase.name}.pth")
        if is_main_process():
            meta = dict(
                cfg=cfg.pretty_text, dataset_meta=loaded.get("meta", {}).get("dataset_meta")
            )
            content = dict(meta=meta, state_dict=weights_to_cpu(get_state_dict(model)))
            save_checkpoint(content, f"{path}.tmp")
            os.replace(f"{path}.tmp", path)
        metrics = runner.test()
        record = osp.join(self.cfg.work_dir, RECORD)
        add_to_record(record, runner, model, phase.name, list(phase.tasks), path, 0.0, metrics)
        barrier()

    @staticmethod
    def _run(cfg: Config) -> None:
        runner = Runner.from_cfg(cfg)
        runner.train()
        # Persistent workers of a dropped loader are waited for 5 s each unless let go here.
        for loop in (runner._train_loop, runner._val_loop, runner._test_loop):
            if hasattr(loop, "dataloader_iterator"):
                loop.dataloader_iterator = None
            if hasattr(loop, "dataloader"):
                loop.dataloader._iterator = None
        del runner
        gc.collect()

    # -- start and resume ----------------------------------------------------------------------
    def _init_distributed(self) -> None:
        launcher = self.cfg.get("launcher", "none")
        if launcher != "none" and not is_distributed():
            dist_cfg = (self.cfg.get("env_cfg") or {}).get("dist_cfg") or dict(backend="nccl")
            init_dist(launcher, **dist_cfg)

    def _start(self) -> tuple[int, str | None]:
        """Number of phases that are done, and the last one's checkpoint; the same on all ranks."""
        return self._agree(self._read_start() if is_main_process() else None)

    def _read_start(self) -> tuple[int, str | None]:
        path = osp.join(self.cfg.work_dir, RECORD)
        if not self.cfg.get("resume"):
            self._forget(path)
        if not osp.isfile(path):
            return 0, None
        record = LifelongRecord.load(path)
        for phase, entry in zip(self.phases, record.phases, strict=False):
            self._check_entry(path, phase, entry)
        if record.method != self._method or len(record) > len(self.phases):
            raise ValueError(
                f"{path} is of {record.method} with {len(record)} phase(s), the config has "
                f"{self._method} with {len(self.phases)}; resume the sequence that was begun, or "
                "leave --resume out to start anew"
            )
        if not len(record):
            return 0, None
        print_log(f"resume: {len(record)} of {len(self.phases)} phases are done", "current")
        return len(record), osp.join(self.cfg.work_dir, record.phases[-1]["checkpoint"])

    @property
    def _method(self) -> str:
        """Name of the method, as the record has it."""
        first = merged_config(self.cfg, self.phases[0]).model
        method = first.get("method", dict(type="Naive"))["type"]
        return method.split(".")[-1] if isinstance(method, str) else method.__name__

    def _forget(self, record: str) -> None:
        """Remove what an older sequence in this folder would be resumed by.

        Configs of different methods often have the same file name, and so the same default
        ``work_dir``: another method's results are never overwritten.
        """
        try:
            other = LifelongRecord.load(record).method
        except (FileNotFoundError, ValueError):  # none, or none that is worth keeping
            other = self._method
        if other != self._method:
            raise ValueError(
                f"{record} holds results of {other}, the config trains {self._method}: choose "
                "another --work-dir, or delete that folder"
            )
        folders = osp.join(glob.escape(self.cfg.work_dir), "phase_*")
        for marker in [*glob.glob(osp.join(folders, "last_checkpoint")), record]:
            if osp.isfile(marker):
                os.remove(marker)

    def _check_entry(self, path: str, phase: Phase, entry: dict) -> None:
        if list(phase.tasks) != entry["tasks"]:
            raise ValueError(
                f"{path}: phase {phase.index + 1} learned {entry['tasks']}, the config says "
                f"{list(phase.tasks)}; resume the sequence that was begun, or leave --resume out "
                "to start anew"
            )
        checkpoint = osp.join(self.cfg.work_dir, entry["checkpoint"])
        if not osp.isfile(checkpoint):
            raise FileNotFoundError(f"{path}: the checkpoint {checkpoint} is gone")

    @staticmethod
    def _agree(value: object) -> object:
        """Rank 0's value on every rank."""
        values = [value]
        broadcast_object_list(values)
        return values[0]


def testing_config(cfg: Config) -> Config:
    """A copy of a config for a plain runner that only tests."""
    cfg = copy.deepcopy(cfg)
    for key in ("phases", "runner_type"):
        cfg.pop(key, None)
    for kind in ("train", "val"):
        for key in ("dataloader", "cfg", "evaluator"):
            cfg[f"{kind}_{key}"] = None
    for key in ("optim_wrapper", "param_scheduler", "auto_scale_lr"):
        cfg[key] = None
    return cfg


def _has_checkpoint(folder: str) -> bool:
    if not osp.isfile(osp.join(folder, "last_checkpoint")):
        return False
    # mmengine removes the oldest checkpoint before it writes the next: a run that is killed in
    # between leaves a name without a file
    checkpoint = find_latest_checkpoint(folder)
    return bool(checkpoint) and osp.isfile(checkpoint)
