"""Checks of a sequence's config before anything but its methods is built."""

from __future__ import annotations

import copy
import inspect
from typing import Any

from mmengine.config import Config
from mmseg.registry import MODELS

from ...explaining import explained_error
from ...models.methods import BaseMethod
from ...registered import registered_class
from ...spelling import hint
from .checking.drawn_fields import check_drawn
from .checking.idle_variables import left_by_mmseg, variables_read
from .checking.ignored_labels import check_ignored
from .checking.keys import check_keys
from .checking.left_out import shared_part
from .checking.metric_fit import check_metrics
from .checking.moment_checks import check_moments
from .checking.normalisation import check_normalisation
from .checking.progress_options import progress_options
from .checking.schedule_values import check_units
from .checking.scopes import check_scope
from .checking.set_tasks import check_annotations
from .checking.top_keys import check_top_keys
from .checking.values import check_save_best, check_values
from .encoders import same_encoder
from .grammar import LOADERS, Phase, learning_model, merged_config, read_phases
from .moments import follow_moments
from .patience import follow_patience, warn_of_patience
from .runtime import check_added
from .schedules import follow_length
from .shapes import check_shapes
from .stored_labels import KEY, check_method_takes, label_options

#: the method of a config that names none
NAIVE = dict(type="Naive")


def parse_phases(cfg: Config) -> list[Phase]:
    """The phases of a config, checked against its model and datasets.

    Only the methods are built, since they check their options, and the encoders of two phases if
    their configs differ, to compare their shapes.

    Args:
        cfg: The sequence's config; its model may be wrapped for testing with augmentation.

    Raises:
        ValueError: Naming the key and the value, for everything that
            :func:`~mmlhl.engine.phases.grammar.read_phases` refuses, a task without a head, an
            unknown method, a dataset that cannot supply a task, and so on.
    """
    try:
        return _parsed(cfg)
    except (AssertionError, AttributeError, IndexError, KeyError, TypeError) as error:
        raise ValueError(f"the config cannot be understood: {explained_error(error)}") from error


def _parsed(cfg: Config) -> list[Phase]:
    check_shapes(cfg)
    phases = read_phases(cfg)
    plain = copy.deepcopy(cfg)
    if not isinstance(plain.get("model"), dict):
        raise ValueError(f"model must be dict(type=...), got {plain.get('model')!r}")
    plain.model = learning_model(plain)
    progress_options(plain)
    file = getattr(cfg, "filename", None)
    check_top_keys(plain, read=variables_read(file), left=left_by_mmseg(file))
    check_save_best(plain, list(phases[-1].seen))
    if plain.get("disjoint_phases") and (sentence := shared_part(plain, phases)):
        raise ValueError(f"{sentence}, though disjoint_phases=True: take one of the two out")
    for phase in phases:
        merged = merged_config(plain, phase)
        where = f"phases[{phase.index}]: " if phase.cfg or phase.architecture else ""
        if "progress" in phase.cfg:
            raise ValueError(f"{where}cfg.progress: there is one display for the whole sequence")
        check_shapes(merged, where)
        check_scope(merged, where)
        check_top_keys(merged, where, phase.cfg)
        check_keys(merged, where)
        check_values(merged, where, phase.checkpoint is None)
        check_added(merged, where)
        if phase.cfg:
            check_save_best(merged, list(phases[-1].seen), where)
        method = _check_phase(merged, phase)
        check_metrics(merged, phase.seen, where)
        check_drawn(merged, where)
        check_ignored(merged, phase.seen, where)
        check_normalisation(merged, where)
        if phase.checkpoint is None:
            follow_length(merged, plain, phase.cfg)
            check_units(merged, where)
            follow_moments(merged, plain, phase.cfg)
            check_moments(merged, where)
            follow_patience(merged, plain, phase.cfg)
            warn_of_patience(merged, where)
        if phase.index and method.needs_same_encoder:
            before = merged_config(plain, phases[phase.index - 1])
            if not same_encoder(before.model, merged.model):
                raise ValueError(
                    f"phases[{phase.index}] brings another encoder, but the method "
                    f"{type(method).__name__} keeps old tasks weight by weight: keep "
                    "model.backbone and model.neck, or take a method that distils (HAD, LwF)"
                )
    return phases


def _check_phase(cfg: Config, phase: Phase) -> BaseMethod:
    """Check the parts that a phase needs; returns its method."""
    key = f"phases[{phase.index}]"
    heads = cfg.model.get("heads") or {}
    for task in phase.seen:
        if task not in heads:
            raise ValueError(
                f"{key}.tasks: no head is configured for task {task!r}; model.heads has "
                f"{list(heads)}{hint(task, heads)}"
            )
    method = build_method(cfg.model.get("method", NAIVE))
    options = label_options(cfg.get(KEY), f"{key}: " if phase.cfg else "")
    if options.stored and len(phase.seen) > len(phase.tasks):
        check_method_takes(method)
    for loader in LOADERS:
        check_annotations(cfg, phase, loader)
    return method


def build_method(config: Any) -> BaseMethod:
    """Build a method, which checks its options.

    Raises:
        ValueError: Naming the type that is not a method, or the option that is refused.
    """
    cls = registered_class(MODELS, config)
    if not (isinstance(config, dict) and cls is not None and issubclass(cls, BaseMethod)):
        name = config.get("type") if isinstance(config, dict) else config
        known = sorted(
            name
            for name, value in MODELS.module_dict.items()
            if inspect.isclass(value) and issubclass(value, BaseMethod)
        )
        raise ValueError(
            f"model.method: {name!r} is not a method; known are {known}, as dict(type=...)"
            f"{hint(str(name), known)}"
        )
    try:
        return MODELS.build(copy.deepcopy(dict(config)))
    except Exception as error:  # a user's constructor may raise anything
        raise ValueError(f"model.method={dict(config)!r}: {explained_error(error)}") from error


def method_name(cfg: Config, phase: Phase) -> str:
    """Name of the method in a phase, as in the record."""
    cls = registered_class(MODELS, merged_config(cfg, phase).model.get("method", NAIVE))
    assert cls is not None  # by build_method
    return cls.__name__
