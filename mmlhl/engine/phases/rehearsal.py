"""The dry run of all phases before phase one: build, read a sample, try a step and a test."""

from __future__ import annotations

import logging
import os.path as osp
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from mmengine.config import Config
from mmengine.logging import MMLogger, print_log
from mmengine.registry import DefaultScope

from ...checkpoints.training import names_in
from ...datasets.reading import remembering
from ...draws import undisturbed
from ...explaining import explained_error
from ...ranks import raised_by_all
from .checking.ignored_labels import mark_of
from .checking.log_options import warn_of_sources
from .checking.moment_checks import check_moments
from .checking.scopes import SCOPE
from .checking.values import check_trains
from .deriving import phase_config
from .grammar import LOADERS, Phase
from .handover import PlannedPhase, check_handover
from .lengths import training_steps
from .monitored import followed
from .optimisation import check_custom_keys
from .phase_model import PhaseModel
from .stored_labels import KEY, label_options, trial_labels
from .supply import Supplies, Supply
from .trials.build import (
    RuleUnknownError,
    build_model,
    build_optimiser,
    build_visualizer,
    check_files,
    named,
    try_hooks,
)
from .trials.loaders import check_loaders, unlike
from .trials.method import MethodTrial, without_own_method
from .trials.optimiser import try_optimisers
from .trials.running import try_running, try_submodules
from .trials.schedule import try_schedules
from .trials.step import trial_step
from .trials.testing import try_pipeline, try_test, try_views
from .trials.weights import check_loaded, try_weights


def rehearse(
    cfg: Config,
    phases: Sequence[Phase],
    first: int = 0,
    adopt: Callable[[Any, Phase, Any], object] | None = None,
    begun: bool = False,
) -> dict[int, int | None]:
    """Try all remaining phases, so that none fails after others have been trained.

    For each phase the model and the datasets of its loaders are built and one sample of each is
    read, and labels of some or all, see :mod:`~mmlhl.datasets.label_reading`; heads, datasets and
    metrics have to agree on fields, kinds and classes; an epoch must have a batch; one training
    step of two images, cropped to 64 pixels per side, and one prediction are made, and one more
    with the views of ``tta_pipeline``. Random states are restored.
    ``dry_run = False`` in the config skips all this.

    Args:
        cfg: The sequence's config.
        phases: Its phases.
        first: Index of the first phase that is not done.
        adopt: Loads a finished model's weights into the model of an adopted phase; called with the
            model, the phase, and the names of the test set's classes and units.
        begun: Whether the first of them goes on from a checkpoint, and so reads no ``load_from``.

    Returns:
        Batches per epoch in one process by index of the phase, None if unknown; only for phases
        that were tried and are trained.

    Raises:
        ValueError: Naming the phase, the key and what would be right, in all processes.
        FileNotFoundError: If a file or folder is missing.
    """
    if not cfg.get("dry_run", True) or first >= len(phases):
        return {}
    started = time.monotonic()
    # as the runner of each phase will set it
    scope = DefaultScope.overwrite_default_scope(cfg.get("default_scope") or SCOPE)
    with raised_by_all(), undisturbed(), scope, remembering(), _said_once():
        try:
            batches = _rehearse(cfg, phases, first, adopt, begun)
        except (ValueError, OSError):
            raise
        except Exception as error:
            raise ValueError(f"dry run: {explained_error(error)}") from error
    count, seconds = len(phases) - first, time.monotonic() - started
    print_log(f"dry run of {count} phase(s): nothing wrong, {seconds:.1f} s", "current")
    return batches


@contextmanager
def _said_once() -> Iterator[None]:
    """Leave out warnings that differ from an earlier one in the number of the phase only."""
    logger, said = MMLogger.get_current_instance(), set[str]()

    def is_new(record: logging.LogRecord) -> bool:
        text = record.getMessage()
        kept = re.sub(r"^phases\[\d+\]", "", text)
        known = kept in said
        said.add(kept)
        return kept == text or not known or record.levelno < logging.WARNING

    logger.addFilter(is_new)
    try:
        yield
    finally:
        logger.removeFilter(is_new)


def _rehearse(
    cfg: Config, phases: Sequence[Phase], first: int, adopt: Any, begun: bool
) -> dict[int, int | None]:
    configs = [phase_config(cfg, phases, phase.index) for phase in phases]
    for phase, out in zip(phases[1:], configs[1:], strict=True):
        # the sequence's own load_from is the first phase's; a later one takes its own, with its
        # own encoder, or the model before it
        out.load_from = phase.cfg.get("load_from")
    if begun:
        configs[first].load_from = None
    loaders = [out[key] for out in configs for key in LOADERS if out.get(key) is not None]
    marks = [mark_of(head) for head in cfg.model.heads.values()]
    supplies = Supplies(loaders, cfg.get("check_labels"), [m for m in marks if m is not None])
    before: Any = None
    batches: dict[int, int | None] = {}
    classes: dict[str, Sequence[str]] = {}
    unruled: list[RuleUnknownError] = []
    logged: set[str] = set()
    names: set[str] = set()
    done = phases[first - 1]
    remembered = osp.join(cfg.get("work_dir") or "", done.folder, f"{done.name}.pth")
    trial = MethodTrial(remembered if first else None)
    for phase, out in zip(phases, configs, strict=True):
        if phase.index < first - 1:
            continue
        where, trains = f"phases[{phase.index}]", phase.checkpoint is None
        if phase.index >= first and trains:
            check_trains(out, f"{where}: ")
        model = named(f"{where}: model", build_model, out)
        if phase.index >= first:
            check_files(out, where)
            given = check_loaders(out, phase, model, supplies, where, classes)
            if not trains and adopt is not None:
                tested_on = getattr(given.get(LOADERS[2]), "dataset", None)
                found = names_in(getattr(tested_on, "metainfo", None) or {})
                named(f"{where}: checkpoint", adopt, model, phase, found, out)
            unruled += _try_parts(out, phase, model, where, begins=phase.index == first)
            if trains:
                start = phase.index == first
                new = phase.seen if start else phase.tasks
                encoder = start or bool(phase.architecture)
                named(where, try_weights, out, model, new, where, encoder)
                check_loaded(out, model, where)
                batches[phase.index] = given[LOADERS[0]].batches
                adopted = phase.index > 0 and phases[phase.index - 1].checkpoint is not None
                supply = given[LOADERS[0]]
                wrapper, steps = _try_training(out, model, before, supply, where, adopted, logged)
                named(where, trial.try_phase, model, before, supply, wrapper, steps or 1)
            last = phase is phases[-1]
            if trains:  # keys of the sequence may be of any phase's encoder and heads
                own = [name for name, _ in model.named_parameters()]
                names.update(own)
                check_custom_keys(phase.cfg.get("optim_wrapper"), own, f"{where}: ")
                if last:
                    check_custom_keys(cfg.optim_wrapper, names)
            # the last phase's test covers that of the others, unless they have their own overrides
            # or weights, or follow their first metric, whatever it is
            first_metric = any(each.name == "auto" for each in followed(out))
            if last or not trains or phase.cfg or phase.architecture or first_metric:
                logged.update(_try_tests(out, model, given, supplies, where))
        before = model
    if not first:  # else it may be of a phase that is done
        warn_of_sources(cfg.get("log_processor"), logged)
    if unruled:  # and the value is one of a validation, as far as that is known
        raise unruled[0]
    supplies.read_labels()
    return batches


def _try_parts(
    cfg: Config, phase: Phase, model: PhaseModel, where: str, begins: bool
) -> list[RuleUnknownError]:
    """Build the hooks and the visualizer of a phase, and try what its runner needs.

    The visualizer is that of all phases, unless a phase brings one, so the first phase tries it.

    Returns:
        Errors of hooks that follow a value of unknown direction.
    """
    unruled = []
    try_running(cfg, where)
    if phase.checkpoint is None:
        unruled = try_hooks(cfg, f"{where}: ", model)
    if "visualizer" in phase.cfg or (begins and cfg.get("visualizer")):
        named(f"{where}: visualizer", build_visualizer, cfg)
    return unruled


def _try_training(
    cfg: Config,
    model: PhaseModel,
    before: Any,
    supply: Supply,
    where: str,
    adopted: bool,
    logged: set[str],
) -> tuple[Any, int | None]:
    """Build the optimiser of a phase, check the handover, and take one training step.

    Names of the losses are added to ``logged``.

    Returns:
        The optimiser, and the number of steps of the phase, None if unknown.
    """
    steps = training_steps(cfg, supply.batches)
    try_submodules(cfg, model, f"{where}: ")
    check_moments(cfg, f"{where}: ", steps)
    wrapper = named(f"{where}: optim_wrapper", build_optimiser, cfg, model)
    named(f"{where}: optim_wrapper", try_optimisers, wrapper)
    try_schedules(cfg, wrapper, supply.batches, steps, where)
    planned = steps and PlannedPhase(range(supply.length or steps), wrapper, steps)
    named(where, check_handover, model, before, planned or None, adopted)
    teacher = before if model.old_tasks and model.method.needs_teacher else None
    with without_own_method(model):
        logged.update(named(f"{where}: one training step", _step, model, teacher, supply, cfg))
    return wrapper, steps


def _step(model: PhaseModel, teacher: Any, supply: Supply, cfg: Config) -> Iterable[str]:
    """Take one training step, with the teacher or with its stored labels; names of its losses."""
    count = min(2, supply.smallest)
    if teacher is not None and label_options(cfg.get(KEY)).stored:
        with trial_labels(model, teacher, supply, cfg) as room:
            losses = trial_step(model, supply.batch(count))
        print_log(f"{model.new_tasks}: {room}", "current")
        return losses
    model.set_teacher(teacher)
    losses = trial_step(model, supply.batch(count))
    model.set_teacher(None)
    return losses


def _try_tests(
    cfg: Config, model: PhaseModel, given: Mapping[str, Supply], supplies: Supplies, where: str
) -> list[str]:
    """Test a phase's model on one image of each loader, and by the pipelines for tests."""
    names: list[str] = []
    for key in unlike(cfg, given):
        place = f"{where}: one test of {key}"
        names += named(place, try_test, model, given[key], cfg, key.split("_")[0])
    if LOADERS[2] in given:
        named(f"{where}: test_pipeline", try_pipeline, cfg)
        named(f"{where}: tta_pipeline", try_views, model, cfg, supplies)
    return names
