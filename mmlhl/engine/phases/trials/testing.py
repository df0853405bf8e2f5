"""A small test of one image, its metrics, and its views of test-time augmentation."""

from __future__ import annotations

import copy
import logging
import os.path as osp
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.logging import print_log
from mmseg.models import SegTTAModel
from mmseg.registry import EVALUATOR, MODELS, TRANSFORMS

from ....config_values import as_list, nodes
from ....datasets.pipelines import build_step, loads_annotations
from ....evaluation import MultiTaskEvaluator
from ....evaluation.kinds import tell_fields
from ....evaluation.metrics.written_files import ComparedFiles
from ....models.heads import BaseDenseHead
from ....registered import names_class, registered_class, type_name
from ..checking.agreement import check_evaluator
from ..checking.signatures import default_of
from ..datasets import multi_task_datasets
from ..grammar import LOADERS
from ..kept_files import check_kept
from ..monitored import check_followed
from ..phase_model import PhaseModel
from ..quiet_init import quiet
from ..supply import Supplies, Supply
from .loaders import validates_alike
from .metrics import try_metrics
from .sample import random_step
from .step import PIXELS, trial_prediction

LOADER = LOADERS[2]
#: packages whose metrics can be computed on a single image
_KNOWN = ("mmlhl", "mmseg")


def try_test(model: PhaseModel, supply: Supply, cfg: Config, kind: str) -> Sequence[str]:
    """Predict an image and compute its metrics.

    For metrics of other packages two images are predicted if possible, as one may not be enough.

    Raises:
        ValueError: If a metric's number of classes differs from its head's, a metric fails, or the
            config follows a value that no metric gives.
    """
    evaluator = _evaluator(cfg.get(f"{kind}_evaluator"))
    if evaluator is None:
        return []
    evaluator.dataset_meta = getattr(supply.dataset, "metainfo", None)
    tell_fields(evaluator, model)
    heads = getattr(model, "heads", {})  # mmseg's segmentors have none
    check_evaluator(dict(heads.items()), evaluator, f"{kind}_evaluator")
    _check_folders(cfg[f"{kind}_evaluator"], evaluator, supply.dataset)
    if (step := random_step(supply.dataset)) is not None:
        print_log(
            f"{kind}_dataloader: {step} changes images at random, so each test measures others; "
            "is the pipeline one for training?",
            "current",
            logging.WARNING,
        )
    known = _is_known(evaluator)
    found = []
    for batch in _images(supply, 1 if known else 2):
        if isinstance(batch["inputs"][0], (list, tuple)):
            return []
        found.append(trial_prediction(model, batch))
    _check_sizes(model, supply, cfg[f"{kind}_dataloader"])
    done = [each for each in found if each is not None]
    names = try_metrics(evaluator, done, recorded=bool(heads))
    if names and (kind == "val" or validates_alike(cfg)):
        check_followed(cfg, names, evaluator, known)
    return names


def try_pipeline(cfg: Config) -> None:
    """Build the transforms of ``test_pipeline`` for inferencers, unless the tests use the same."""
    pipeline = cfg.get("test_pipeline")
    dataset = cfg[LOADER]["dataset"]
    if not isinstance(pipeline, (list, tuple)) or pipeline == dataset.get("pipeline"):
        return
    build = build_step if any(True for _ in multi_task_datasets(dataset)) else TRANSFORMS.build
    for step in copy.deepcopy(pipeline):
        if not loads_annotations(step):  # inferencers leave these out
            build(step)


@torch.no_grad()
def try_views(model: PhaseModel, cfg: Config, supplies: Supplies) -> None:
    """Predict an image like ``tools/test.py --tta``, if the config has ``tta_pipeline``.

    Raises:
        ValueError: If the pipeline does not return several views.
    """
    pipeline, wrapper = cfg.get("tta_pipeline"), cfg.get("tta_model")
    if not pipeline or not isinstance(wrapper, Mapping) or "pipeline" not in cfg[LOADER]["dataset"]:
        return
    loader = copy.deepcopy(cfg[LOADER])
    loader["dataset"]["pipeline"] = copy.deepcopy(pipeline)
    supply, evaluator = supplies.of(loader, "tta_pipeline"), _evaluator(cfg.get("test_evaluator"))
    check_wrapper(wrapper, cfg.model.get("heads") or {})
    model.eval()
    options = {key: value for key, value in wrapper.items() if key != "module"}
    merging = MODELS.build(dict(options, module=model))
    found = []
    for batch in _images(supply, 1 if evaluator is None or _is_known(evaluator) else 2):
        views = batch["inputs"]
        if not views or not isinstance(views[0], (list, tuple)):
            raise ValueError(
                "it gives one image instead of several views: put TestTimeAug at its end"
            )
        if sum(each[0].shape[-2:].numel() for each in views) > PIXELS:
            return
        found.append((merging.test_step(batch), batch))
    if evaluator is not None:
        evaluator.dataset_meta = getattr(supply.dataset, "metainfo", None)
        tell_fields(evaluator, model)
        with quiet(logging.ERROR):  # an inherited tta_pipeline may read no labels, and not be used
            try_metrics(evaluator, found)


def _is_known(evaluator: Evaluator) -> bool:
    """Whether all metrics can be computed on a single image."""
    return all(type(each).__module__.split(".")[0] in _KNOWN for each in evaluator.metrics)


def _check_sizes(model: PhaseModel, supply: Supply, loader: Mapping) -> None:
    """Let images of different sizes, which the first batch of a test may have, fail now."""
    count = min(loader.get("batch_size", 1), 4, supply.images, len(supply.dataset))
    if count > 1:
        batch = supply.collate([supply.dataset[i] for i in range(count)])
        if len({image.shape for image in batch["inputs"]}) > 1:
            model.data_preprocessor(batch, False)


def _images(supply: Supply, count: int) -> Iterator[Any]:
    """The first images of a loader, each as a batch."""
    for index in range(min(count, supply.images, len(supply.dataset))):
        yield supply.collate([supply.dataset[index]])


def check_wrapper(wrapper: Mapping, heads: Mapping) -> None:
    """Refuse mmseg's model for test-time augmentation if it would not merge all tasks.

    Raises:
        ValueError: Naming the tasks of which only the first view would be used, or that it would
            merge in another way than their heads.
    """
    if not names_class(MODELS, wrapper, SegTTAModel):
        return
    left = [task for task, head in heads.items() if not _in_seg_logits(head)]
    if left:
        raise ValueError(
            f"tta_model: SegTTAModel merges segmentation only; of {', '.join(left)} it would take "
            "the first view: write tta_model=dict(type='MultiTaskTTAModel')"
        )
    averaged = [task for task, head in heads.items() if not _merges_itself(head)]
    if averaged:
        raise ValueError(
            "tta_model: SegTTAModel averages probabilities, the softmax of seg_logits; of "
            f"{', '.join(averaged)} the head's merge averages what it stores: write "
            "tta_model=dict(type='MultiTaskTTAModel')"
        )


def _merges_itself(head: Mapping) -> bool:
    """Whether a head has a merge of its own: the contract's averages logits or probabilities."""
    cls = registered_class(MODELS, head)
    return getattr(cls, "merge", BaseDenseHead.merge) is not BaseDenseHead.merge


def _in_seg_logits(head: Mapping) -> bool:
    """Whether a head stores its prediction as ``seg_logits``, which mmseg's model merges."""
    cls = registered_class(MODELS, head)
    if cls is None or getattr(cls, "kind", None) != "classes":
        return False
    return (head.get("field") or default_of(cls, "field")) == "sem_seg"


def _check_folders(config: Any, evaluator: Evaluator, dataset: Any) -> None:
    """Refuse folders for predictions where files of the dataset would be replaced."""
    if not isinstance(evaluator, MultiTaskEvaluator):
        return
    given = [(t, c) for t, cs in config["metrics"].items() if cs is not None for c in as_list(cs)]
    for (task, options), metric in zip(given, evaluator.metrics, strict=True):
        common = config.get("output_dir") and osp.join(config["output_dir"], task)
        folder = options.get("output_dir", common) if isinstance(options, Mapping) else None
        if isinstance(metric, ComparedFiles):
            metric.output_dir = folder
    try:
        check_kept(evaluator, dataset)
    finally:
        for metric in evaluator.metrics:
            if isinstance(metric, ComparedFiles):
                metric.output_dir = None  # the trial writes nothing


def _evaluator(config: Any) -> Evaluator | None:
    """Build the evaluator of a config, without options that write files."""
    if not isinstance(config, (Mapping, list, tuple)):
        return None
    config = copy.deepcopy(config)
    for node in nodes(config):
        if node.get("format_only"):
            raise ValueError(
                f"format_only=True of {type_name(node)} writes predictions and measures nothing, "
                "so its task would not be recorded; leave it out of a training's config"
            )
        node.pop("output_dir", None)
    if registered_class(EVALUATOR, config) is not None:
        return EVALUATOR.build(config)
    return Evaluator(config)
