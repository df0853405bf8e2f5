"""Misspelt keys of a config, at every level below the top."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import fields
from types import NoneType
from typing import Any

from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.registry import (
    DATA_SAMPLERS,
    DATASETS,
    EVALUATOR,
    HOOKS,
    LOG_PROCESSORS,
    LOOPS,
    METRICS,
    MODEL_WRAPPERS,
    MODELS,
    OPTIM_WRAPPER_CONSTRUCTORS,
    OPTIM_WRAPPERS,
    OPTIMIZERS,
    PARAM_SCHEDULERS,
    TASK_UTILS,
    TRANSFORMS,
    VISBACKENDS,
    VISUALIZERS,
)
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop
from mmengine.visualization.vis_backend import BaseVisBackend
from torch.utils.data import DataLoader

from ....config_values import as_list, is_number, is_whole, nodes
from ....datasets import MultiTaskDataset
from ....datasets.annotation import Annotation
from ....registered import of_mmseg, registered_class, type_name
from ..deriving import DEFAULT_HOOKS
from ..shapes import PLAIN
from .key_checker import KeyChecker
from .layer_types import check_layer_types
from .option_types import check_types
from .signatures import options_of
from .stock_parts import check_stock_parts

LOADER = {"num_batch_per_epoch", *inspect.signature(DataLoader.__init__).parameters} - {"self"}
#: parts of a loader, and what those that are already built have
BUILT = dict(
    sampler="__iter__",
    batch_sampler="__iter__",
    collate_fn="__call__",
    worker_init_fn="__call__",
    dataset="__getitem__",
)
TRAIN_LOOPS = (EpochBasedTrainLoop, IterBasedTrainLoop)
#: keys of a model's ``test_cfg``
INFERENCE = ("mode", "crop_size", "stride")
#: keys that mmseg's segmentors and heads read there, and those that they read of ``train_cfg``
OF_MMSEG = {
    "test_cfg": (*INFERENCE, "subdivision_steps", "subdivision_num_points", "scale_factor"),
    "train_cfg": "num_points oversample_ratio importance_sample_ratio sampler assigner".split(),
}
#: packages whose parts of a model read no other
STOCK = {"mmlhl", "mmseg", "mmcv", "mmengine", "torch"}
HOOK_NAMES = DEFAULT_HOOKS | {"visualization"}
#: transforms that hold others of the same kind
HOLDS_TRANSFORMS = {"TestTimeAug", "RandomChoice", "RandomApply", "TransformBroadcaster"}
HOLDS_TRANSFORMS |= {"Compose", "KeyMapper"}


def check_keys(cfg: Mapping, where: str = "") -> None:
    """Refuse misspelt and unknown keys.

    If a class takes a fixed set of options, any other key is refused; where users may add their own
    keys, only those that are very probably a misspelling.

    Raises:
        ValueError: Naming the key and the nearest right one.
    """
    check = _Checker(where)
    if isinstance(cfg.get("model"), Mapping):
        check_stock_parts(cfg["model"], where)
    check.model(cfg.get("model"), "model")
    check_layer_types(check, cfg.get("model"), "model")
    for kind in ("train", "val", "test"):
        check.loader(cfg.get(f"{kind}_dataloader"), f"{kind}_dataloader")
        check.loop(cfg.get(f"{kind}_cfg"), kind)
        check.evaluator(cfg.get(f"{kind}_evaluator"), f"{kind}_evaluator")
    check.optim_wrapper(cfg.get("optim_wrapper"), "optim_wrapper")
    check.each(cfg.get("param_scheduler"), PARAM_SCHEDULERS, "param_scheduler")
    for index, hook in enumerate(cfg.get("custom_hooks") or []):
        if not isinstance(hook, Hook):
            check.needed(hook, HOOKS, f"custom_hooks[{index}]")
    hooks = cfg.get("default_hooks") or {}
    check.near(hooks, HOOK_NAMES, "default_hooks")
    for name, hook in hooks.items():
        if hook is not None and not isinstance(hook, Hook):  # None switches it off
            check.needed(hook, HOOKS, f"default_hooks.{name}")
    if isinstance(cfg.get("visualizer"), Mapping):
        check.needed(cfg["visualizer"], VISUALIZERS, "visualizer")
    check.backends((cfg.get("visualizer") or {}).get("vis_backends"), "visualizer.vis_backends")
    processor = cfg.get("log_processor")
    if isinstance(processor, Mapping):
        check.typed({"type": "LogProcessor", **processor}, LOG_PROCESSORS, "log_processor")
    check.typed(cfg.get("model_wrapper_cfg"), MODEL_WRAPPERS, "model_wrapper_cfg")
    if isinstance(cfg.get("tta_model"), Mapping):
        check.needed(cfg["tta_model"], MODELS, "tta_model")
    check.pipeline(cfg.get("tta_pipeline"), "tta_pipeline")


class _Checker(KeyChecker):
    """Checks the parts of a phase's config."""

    def model(self, node: Any, place: str) -> None:
        """Check a model, its encoder, heads with their decoders and losses, and its method."""
        cls = self.typed(node, MODELS, place)
        if not isinstance(node, Mapping):
            return
        self.lacks(cls, node, place)
        if "backbone" in node:
            self.needed(node["backbone"], MODELS, f"{place}.backbone")
        for part in ("backbone", "neck", "data_preprocessor", "decode_head", "auxiliary_head"):
            self.each(node.get(part), MODELS, f"{place}.{part}")
            for head in nodes(node.get(part)):
                self.each(head.get("loss_decode"), MODELS, f"{place}.{part}.loss_decode")
        if isinstance(node.get("student"), Mapping):
            self.model(node["student"], f"{place}.student")
        method = node.get("method")
        if registered_class(of_mmseg(MODELS), method) is not None:
            self.typed(method, MODELS, f"{place}.method")
        for part in ("loss", "methods") if isinstance(method, Mapping) else ():
            self.each(method.get(part), MODELS, f"{place}.method.{part}")
        heads = node.get("heads")
        if heads is not None and not isinstance(heads, Mapping):
            self.refuse(f"{place}.heads", f"it must be a dict by task, got {heads!r}")
        for task, head in (heads or {}).items():
            self.head(head, f"{place}.heads.{task}", heads or {})
        ours = cls is not None and cls.__module__.split(".")[0] == "mmlhl"
        if node.get("train_cfg") and ours:
            self.refuse(f"{place}.train_cfg", "it would have no effect; leave it out")
        known = {"test_cfg": INFERENCE} if ours else OF_MMSEG
        parts = [registered_class(of_mmseg(MODELS), each) for each in nodes(node)]
        stock = ours or all(
            part is None or part.__module__.split(".")[0] in STOCK for part in parts
        )
        for key, keys in known.items():
            if isinstance(node.get(key), Mapping):
                (self.names if stock else self.near)(node[key], keys, f"{place}.{key}")
        windows = node.get("test_cfg")
        if stock and windows and "mode" not in windows and {*windows} & {*INFERENCE}:
            why = "it is missing; write 'slide', or 'whole' without windows"
            self.refuse(f"{place}.test_cfg.mode", why)

    def head(self, node: Any, place: str, beside: Mapping) -> None:
        """Check a head, its decoder and its losses; a misspelt task lies beside the right one."""
        self.lacks(self.needed(node, MODELS, place, beside), node, place)
        if "decoder" in node:
            self.needed(node["decoder"], MODELS, f"{place}.decoder")
            sampler = node["decoder"].get("sampler")
            if sampler is not None:
                self.needed(sampler, TASK_UTILS, f"{place}.decoder.sampler")
        losses = node.get("loss")
        for index, loss in enumerate(losses if isinstance(losses, (list, tuple)) else []):
            self.needed(loss, MODELS, f"{place}.loss[{index}]")
        if losses is not None and not isinstance(losses, (list, tuple)):
            self.needed(losses, MODELS, f"{place}.loss")

    def backends(self, node: Any, place: str) -> None:
        """Check a visualizer's backends."""
        if node is None:
            return
        if not isinstance(node, (list, tuple)):
            self.refuse(place, f"it must be a list of dict(type=...), got {node!r}")
        for index, backend in enumerate(node):
            if not isinstance(backend, BaseVisBackend):
                self.needed(backend, VISBACKENDS, f"{place}[{index}]")

    def loop(self, node: Any, kind: str) -> None:
        """Check a loop; mmengine has one each for validation and tests without ``type``."""
        place = f"{kind}_cfg"
        if kind == "train":
            self.typed(node, LOOPS, place)
            self.train_loop(node, place)
        elif isinstance(node, Mapping):
            self.typed({"type": f"{kind.capitalize()}Loop", **node}, LOOPS, place)
            if not isinstance(node.get("fp16", False), bool):  # torch takes no 1
                self.refuse(f"{place}.fp16", f"it must be True or False, got {node['fp16']!r}")

    def train_loop(self, node: Any, place: str) -> None:
        """Check a training loop that is named by ``by_epoch`` instead of ``type``."""
        if not isinstance(node, Mapping) or "type" in node:
            return
        known = set().union(*(options_of(loop)[0] for loop in TRAIN_LOOPS)) | {"by_epoch"}
        self.names(node, known, place)
        if "by_epoch" not in node:  # mmengine would count iterations
            names = " or ".join(loop.__name__ for loop in TRAIN_LOOPS)
            self.refuse(f"{place}.type", f"it is missing; write {names}")

    def loader(self, node: Any, place: str) -> None:
        """Check a loader, its sampler and its dataset."""
        if not isinstance(node, Mapping):
            return
        self.names(node, LOADER, place)
        rest = {key: value for key, value in node.items() if key not in BUILT}
        check_types(DataLoader, rest, f"{self.where}{place}")
        for key in BUILT:
            needed = key == "sampler" and node.get("batch_sampler") is None
            part = node.get(key)
            if (part is None and not needed) or key not in node:
                continue
            built = hasattr(part, BUILT[key])
            made = part.get("type") is not None if isinstance(part, Mapping) else built
            if isinstance(part, PLAIN) or not made:
                self.refuse(f"{place}.{key}", f"it must be dict(type=...), got {part!r}")
        if "shuffle" in node:
            self.refuse(f"{place}.shuffle", "the sampler shuffles: give it to the sampler")
        self.typed(node.get("sampler"), DATA_SAMPLERS, f"{place}.sampler")
        self.typed(node.get("batch_sampler"), DATA_SAMPLERS, f"{place}.batch_sampler")
        self.dataset(node.get("dataset"), f"{place}.dataset")

    def dataset(self, node: Any, place: str) -> None:
        """Check a dataset, those that it wraps, its annotations and its pipeline."""
        cls = self.typed(node, DATASETS, place)
        if not isinstance(node, Mapping):
            return
        self.dataset(node.get("dataset"), f"{place}.dataset")
        if "datasets" in node and not (isinstance(node["datasets"], list) and node["datasets"]):
            self.refuse(f"{place}.datasets", f"it must be a list of some, got {node['datasets']!r}")
        if type_name(node) == "RepeatDataset" and is_whole(node.get("times")) and node["times"] < 1:
            self.refuse(f"{place}.times", f"it must be at least 1, got {node['times']}")
        share = node.get("oversample_thr")
        if type_name(node) == "ClassBalancedDataset" and is_number(share) and share <= 0:
            self.refuse(f"{place}.oversample_thr", f"it must be above 0, got {share}")
        for index, child in enumerate(node.get("datasets") or []):
            self.dataset(child, f"{place}.datasets[{index}]")
        self.pipeline(node.get("pipeline"), f"{place}.pipeline")
        if cls is None or not issubclass(cls, MultiTaskDataset):
            return
        known = {field.name for field in fields(Annotation)} - {"name"}
        annotations = node.get("annotations") or {}
        if not isinstance(annotations, Mapping):
            why = f"it must be a dict by task, such as dict(seg=dict(...)), got {annotations!r}"
            self.refuse(f"{place}.annotations", why)
        for task, annotation in annotations.items():
            if isinstance(annotation, Mapping):
                self.names(annotation, known, f"{place}.annotations.{task}")
                source = annotation.get("source")
                source = dict(type=source) if isinstance(source, str) else source
                self.typed(source, TRANSFORMS, f"{place}.annotations.{task}.source")
        if isinstance(node.get("img"), Mapping):
            self.names(node["img"], {"dir", "suffix"}, f"{place}.img")

    def pipeline(self, node: Any, place: str) -> None:
        """Check transforms, also those inside another transform."""
        if isinstance(node, Sequence) and not isinstance(node, str):
            for index, child in enumerate(node):
                self.pipeline(child, f"{place}[{index}]")
        elif isinstance(node, Mapping):
            cls = self.needed(node, TRANSFORMS, place)
            if cls is not None and cls.__name__ in HOLDS_TRANSFORMS:
                self.pipeline(node.get("transforms"), f"{place}.transforms")
        elif not callable(node) and not (node is None and place.endswith("pipeline")):
            self.refuse(place, f"a transform is dict(type=...) or a function, got {node!r}")

    def evaluator(self, node: Any, place: str) -> None:
        """Check an evaluator with its metrics, or metrics alone."""
        if isinstance(node, (list, tuple)):
            for index, child in enumerate(node):
                self.evaluator(child, f"{place}[{index}]")
            return
        if not isinstance(node, Mapping):
            return
        if registered_class(of_mmseg(EVALUATOR), node) is None:
            self.typed(node, METRICS, place)
            return
        self.typed(node, EVALUATOR, place)
        metrics = node.get("metrics")
        by_task = isinstance(metrics, Mapping) and "type" not in metrics
        if not by_task:  # of mmengine's own evaluator
            self.each(metrics, METRICS, f"{place}.metrics")
        for task, metric in metrics.items() if by_task else ():
            for each in as_list(metric):
                if not isinstance(each, (BaseMetric, NoneType)):
                    self.needed(each, METRICS, f"{place}.metrics.{task}", metrics or ())

    def optim_wrapper(self, node: Any, place: str) -> None:
        """Check an optimiser and its wrapper, unless a constructor of the user's builds them."""
        if not isinstance(node, Mapping):
            return
        registry, constructor = of_mmseg(OPTIM_WRAPPER_CONSTRUCTORS), node.get("constructor")
        if constructor is not None:
            self.kind(constructor, OPTIM_WRAPPER_CONSTRUCTORS, place, "constructor")
            cls = registered_class(registry, constructor)
            if cls is None or cls.__module__.split(".")[0] not in ("mmengine", "mmseg"):
                return
        self.typed({"type": "OptimWrapper", **node}, OPTIM_WRAPPERS, place)
        self.needed(node.get("optimizer"), OPTIMIZERS, f"{place}.optimizer")
