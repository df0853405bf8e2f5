"""The dry run of a training without phases: one step and one validation of its own runner."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from logging import WARNING
from typing import Any

from mmengine.device import get_device
from mmengine.logging import print_log
from mmengine.model import BaseModel, is_model_wrapper, revert_sync_batchnorm
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from mmseg.models import BaseSegmentor
from mmseg.models.decode_heads import STDCHead
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.losses import CrossEntropyLoss
from mmseg.registry import METRICS, MODELS
from torch import Tensor, nn

from ...config_values import as_list
from ...datasets.reading import remembering
from ...draws import undisturbed
from ...ranks import raised_by_all
from .checking.agreement import check_count, check_labels, check_names, class_count, class_names
from .checking.ignored_labels import with_default
from .checking.log_options import warn_of_sources
from .checking.moment_checks import check_moments
from .checking.scopes import SCOPE
from .lengths import training_steps
from .optimisation import check_custom_keys
from .supply import Supplies, Supply, supply_of
from .trials.build import build_optimiser, check_files, model_options, named
from .trials.loaders import check_order
from .trials.optimiser import try_optimisers
from .trials.running import try_submodules
from .trials.sample import first_sample
from .trials.schedule import try_schedules
from .trials.step import trial_step
from .trials.testing import try_test
from .trials.weights import check_first_weights

FIELD = "sem_seg"


@dataclass
class _Classes:
    """The output space of a decode head of mmseg."""

    num_classes: int | None
    field: str = FIELD
    kind: str = "classes"


def rehearse_plain(runner: Any) -> None:
    """Try what a phase tries before it is trained, with a copy of the runner's model.

    Nothing is built or loaded twice: the loaders are those that are trained with. Random states are
    restored, so that the training is the same as without the trial. ``dry_run = False`` in the
    config skips all but the comparison of the first weights.

    Raises:
        ValueError: Naming the key and what would be right.
        FileNotFoundError: If a file or folder is missing.
    """
    if type(runner) is not Runner:
        return
    cfg = runner.cfg
    scope = DefaultScope.overwrite_default_scope(cfg.get("default_scope") or SCOPE)
    with raised_by_all():
        if tries := cfg.get("dry_run", True):  # the loader first, which draws a seed
            loader = named("train_dataloader", getattr, runner, "train_dataloader")
        with undisturbed(), scope, remembering():
            model = _model(runner)
            if tries:
                check_files(cfg, "training")
            check_first_weights(cfg, model)
            if tries and isinstance(model, BaseSegmentor):
                _rehearse(runner, model, loader)


def _model(runner: Runner) -> Any:
    """A copy of the runner's model; a new one if it holds something that cannot be copied."""
    own = runner.model.module if is_model_wrapper(runner.model) else runner.model
    try:
        return revert_sync_batchnorm(copy.deepcopy(own))
    except Exception:  # anything, in a class of one's own
        return revert_sync_batchnorm(MODELS.build(model_options(runner.cfg))).to(get_device())


def _rehearse(runner: Runner, model: Any, loader: Any) -> None:
    cfg, key = runner.cfg, "train_dataloader"
    supplies = Supplies((), cfg.get("check_labels"))
    supply = supply_of(loader, cfg[key], key)
    _check_sample(model, cfg, supply.dataset, key)
    heads = [head.ignore_index for _, head in _heads(model, cfg.model)]
    supplies.keep(supply.dataset, key, _by_all(heads))
    steps = training_steps(cfg, supply.batches)
    check_moments(cfg, "", steps)
    wrapper = named("optim_wrapper", build_optimiser, cfg, model)
    named("optim_wrapper", try_optimisers, wrapper)
    check_custom_keys(cfg.optim_wrapper, [name for name, _ in model.named_parameters()])
    try_schedules(cfg, wrapper, supply.batches, steps, "training")
    try_submodules(cfg, model, "")
    logged: set[str] = set()
    if type(model).train_step is BaseModel.train_step:
        batch = named(key, supply.batch, min(2, supply.smallest))
        logged.update(named("one training step", trial_step, model, batch))
    if cfg.get("val_cfg") is not None:
        logged.update(_try_validation(runner, model, supply, supplies))
    supplies.read_labels()
    warn_of_sources(cfg.get("log_processor"), logged)


def _try_validation(
    runner: Runner, model: Any, supply: Supply, supplies: Supplies
) -> Sequence[str]:
    """Compare the validation's set with that of training, and test an image; names of metrics."""
    cfg = runner.cfg
    key = "val_dataloader"
    tested = supply_of(named(key, getattr, runner, key), cfg[key], key)
    _check_sample(model, cfg, tested.dataset, key)
    metrics = as_list(cfg.get("val_evaluator"))
    ids = [m.get("ignore_index") if isinstance(m, Mapping) else None for m in metrics]
    supplies.keep(tested.dataset, key, _by_all(ids))
    heads = _heads(model, cfg.model)
    for metric in metrics if heads else ():
        for place, value, _ in with_default(metric, METRICS, "val_evaluator"):
            marks = {name: head.ignore_index for name, head in heads}
            if value not in marks.values():
                message = f"{place} is {value}, but heads leave out others: {marks}"
                print_log(f"{message}; metrics are of other pixels than losses", "current", WARNING)
    for _, head in heads[:1]:
        learned = {FIELD: class_names(supply.dataset, FIELD) or ()}
        check_names({FIELD: _Classes(head.num_classes)}, learned, tested.dataset, key)
    return named(f"one test of {key}", try_test, model, tested, cfg, "val")


def _by_all(ids: Sequence[int | None]) -> Sequence[int]:
    """The id that all heads or metrics leave out, if it is the same."""
    return [each for each in set(ids) if each is not None and len(set(ids)) == 1]


def _check_sample(model: Any, cfg: Mapping, dataset: Any, place: str) -> None:
    """Read the first sample of a dataset, and compare its labels with the heads."""
    sample = named(f"{place}: its first sample", first_sample, dataset)
    trains = place.startswith("train")
    if trains:
        check_order(dataset, True, place)
    labels = sample.get("data_samples") if isinstance(sample, Mapping) else None
    if labels is None:
        return
    image, label = sample.get("inputs"), labels.get(f"gt_{FIELD}")
    if trains and isinstance(image, Tensor) and label is not None and "data" in label:
        if image.shape[-2:] != label.data.shape[-2:]:
            raise ValueError(
                f"{place}: its first image has {tuple(image.shape[-2:])} pixels, but its labels "
                f"have {tuple(label.data.shape[-2:])}: read labels before what moves pixels"
            )
    if hasattr(model, "heads"):
        check_labels(dict(model.heads.items()), model.new_tasks, dataset, labels, place)
    elif f"gt_{FIELD}" in labels:  # otherwise it learns something else
        for name, head in _heads(model, cfg["model"]):
            _check_head(name, head, dataset, place)
            _check_padding(name, head, model.data_preprocessor)


def _heads(model: Any, options: Mapping) -> list[tuple[str, Any]]:
    """The heads of a segmentor of mmseg that have classes, with their keys; the decode head first.

    That of STDC for boundaries has two classes of its own. A model with heads by task has none.
    """
    inside = "model.student" if "student" in options else "model"
    found = []
    for key in () if hasattr(model, "heads") else ("decode_head", "auxiliary_head"):
        part = getattr(model, key, None)
        heads = list(part) if isinstance(part, nn.ModuleList) else as_list(part)
        found += [(f"{inside}.{key}", head) for head in heads if not isinstance(head, STDCHead)]
    return [(name, head) for name, head in found if isinstance(head, BaseDecodeHead)]


def _check_head(name: str, head: Any, dataset: Any, place: str) -> None:
    """Refuse a head of other classes than the labels, or with a loss that is always 0."""
    space = _Classes(head.num_classes)
    check_count(space, name, dataset, class_count(dataset, FIELD), place)
    losses = getattr(head, "loss_decode", ())
    for loss in losses if isinstance(losses, nn.ModuleList) else as_list(losses):
        softmax = isinstance(loss, CrossEntropyLoss) and not (loss.use_sigmoid or loss.use_mask)
        if softmax and head.out_channels == 1:
            raise ValueError(
                f"{name}.out_channels is 1, but CrossEntropyLoss takes the softmax over channels, "
                "which is 1 everywhere: write use_sigmoid=True into loss_decode, or out_channels="
                f"{max(2, head.num_classes)}"
            )


def _check_padding(name: str, head: Any, preprocessor: Any) -> None:
    """Refuse to pad labels with the id of a class that the head would learn there."""
    value = getattr(preprocessor, "seg_pad_val", None)
    if value != head.ignore_index and value in range(head.num_classes):
        raise ValueError(
            f"data_preprocessor.seg_pad_val is {value}, a class of {name}, which would be learned "
            f"from padding: write {head.ignore_index}, which the head leaves out"
        )
