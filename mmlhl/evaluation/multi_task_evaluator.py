"""One evaluator for all tasks."""

from __future__ import annotations

import inspect
import logging
import os.path as osp
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmengine.dist import all_reduce, get_dist_info
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.logging import print_log
from mmengine.structures import BaseDataElement
from mmseg.evaluation import DepthMetric, IoUMetric
from mmseg.registry import EVALUATOR, METRICS

from ..config_values import as_list
from ..registered import registered_class
from .kinds import measured_field, samples_of, stock_field
from .metrics.stock_depth_metric import StockDepthMetric
from .metrics.stock_iou_metric import StockIoUMetric
from .metrics.streaming_metric import StreamingMetric
from .metrics.written_files import ComparedFiles

#: Our replacements of mmseg's metrics, which their names build and their classes would not.
REPLACED: dict[type, type] = {DepthMetric: StockDepthMetric, IoUMetric: StockIoUMetric}


@EVALUATOR.register_module()
class MultiTaskEvaluator(Evaluator):
    """Evaluate each task with its own metric or metrics.

    Values are named ``<task>/<metric>``. A task is silently left out if no sample has its
    prediction, as the checkpoint has not learned it yet; with a warning if only the ground truth is
    missing.

    In distributed testing the sampler repeats a few images so that all processes get the same
    number. Metrics that keep sums cannot remove repeated images afterwards, so this class holds
    back the last sample of each process until the size of the dataset is known, and drops it if it
    is a repetition.

    Args:
        metrics: By task name, the config of its metric or a list of configs; None for a task that
            is not to be measured.
        output_dir: Folder to write predictions to, one subfolder per task; set by ``--out`` of
            ``tools/test.py``. None writes nothing.
        keep_results: Passed on to metrics that have this option; those of this package always
            keep the files that they write. Also set by ``--out``.

    Raises:
        ValueError: If ``metrics`` is not a dict from task names to configs, or one of them is not
            accepted.

    Examples:
        >>> test_evaluator = dict(
        ...     type='MultiTaskEvaluator',
        ...     metrics=dict(
        ...         seg=dict(type='SegmentationMetric'),
        ...         depth=dict(type='DepthErrorMetric'),
        ...         normal=dict(type='NormalErrorMetric'),
        ...         edge=dict(type='ChannelErrorMetric', field='edge_map')))
    """

    def __init__(
        self, metrics: dict, output_dir: str | None = None, keep_results: bool = False
    ) -> None:
        if not isinstance(metrics, dict) or "type" in metrics:
            raise ValueError(
                "MultiTaskEvaluator: metrics must be a dict from task names to metric configs, "
                f"such as dict(seg=dict(type='SegmentationMetric')), but is {metrics!r}"
            )
        self.output_dir = None if output_dir is None else osp.expanduser(output_dir)
        self.keep_results = keep_results
        self.tasks: list[str] = []  # of each metric
        self.left_out = {task for task, configs in metrics.items() if configs is None}
        #: field of each task that the model predicts, which a test or validation sets
        self.predicted_fields: Mapping[str, str] | None = None
        built: list[BaseMetric] = []
        for task, configs in metrics.items():
            if configs is None:  # a task that is not to be measured
                continue
            if isinstance(configs, list | tuple) and not configs:
                raise ValueError(
                    f"MultiTaskEvaluator: metrics[{task!r}] is an empty list; write {task}=None if "
                    "the task is not to be measured"
                )
            writes = output_dir is not None
            for config in as_list(configs):
                built.append(self._build(task, config, writes))
                self.tasks.append(task)
                # The first of a task's metrics that can write its predictions does.
                writes &= getattr(built[-1], "output_dir", None) is None
        super().__init__(built)
        self._seen = 0
        self._written: dict[str, bool] = {}  # whether a metric of a predicted task writes it
        self._held: dict | None = None

    @property
    def higher_is_better(self) -> dict[str, bool]:
        """Direction of ``<task>/<metric>``, for the metrics that define it."""
        return self._by_metric("higher_is_better")

    @property
    def units(self) -> dict[str, str]:
        """Unit of ``<task>/<metric>``, for the metrics that define it."""
        return self._by_metric("units")

    def _by_metric(self, attribute: str) -> dict[str, Any]:
        """An attribute that describes each value of the metrics, by ``<task>/<metric>``."""
        return {
            f"{task}/{name}": value
            for task, metric in zip(self.tasks, self.metrics, strict=True)
            for name, value in getattr(metric, attribute, {}).items()
        }

    def process(
        self, data_samples: Sequence[BaseDataElement | dict], data_batch: Any | None = None
    ) -> None:
        """Pass a batch to the metrics of all tasks.

        Args:
            data_samples: Samples with predictions and, if available, ground truth.
            data_batch: The batch of the data loader; passed on to the metrics. In distributed
                testing the last sample of a batch is passed on with the next batch.
        """
        samples = [s.to_dict() if isinstance(s, BaseDataElement) else s for s in data_samples]
        self._seen += len(samples)
        if get_dist_info()[1] > 1 and samples:
            if self._held is not None:
                samples.insert(0, self._held)
            self._held = samples.pop()
        self._feed(samples, data_batch)

    def evaluate(self, size: int) -> dict[str, float]:
        """Compute the metrics of all tasks, and reset the evaluator.

        Returns:
            Values by ``<task>/<metric>``, the same in every process.

        Raises:
            ValueError: If two metrics of a task give a value of the same name, one is not a number,
                or two processes have written the predictions of two images to one file.
        """
        rank, world_size = get_dist_info()
        # The k-th sample (from 0) of a process is image rank + k * world_size, unless repeated.
        if self._held is not None and rank + (self._seen - 1) * world_size < size:
            self._feed([self._held], None)
        self._seen, self._held = 0, None

        values: dict[str, float] = {}
        empty: dict[str, BaseMetric] = {}
        for task, metric in zip(self.tasks, self.metrics, strict=True):
            seen = torch.tensor(len(metric.results))
            all_reduce(seen)
            if not seen:
                if isinstance(metric, ComparedFiles):  # it writes without ground truth as well
                    metric.check_written()
                if not getattr(metric, "format_only", False):
                    empty[task] = metric
                continue
            for name, value in metric.evaluate(size).items():
                if name in values:
                    raise ValueError(f"Two metrics give the value {name}; remove one of them")
                # Plain numbers: a numpy best_score in a checkpoint could not be loaded as data.
                values[name] = _number(name, value)
        written, self._written = self._written, {}
        for task, metric in empty.items():
            if task in written and not any(name.startswith(f"{task}/") for name in values):
                print_log(
                    f"{task!r} is not measured: its {type(metric).__name__} has no results; does "
                    "the pipeline load the ground truth?",
                    "current",
                    logging.WARNING,
                )
        if self.output_dir is not None:
            self._say_written(written)
        return values

    def _say_written(self, written: Mapping[str, bool]) -> None:
        """Say of which tasks predictions were written."""
        done = [task for task, writes in written.items() if writes]
        lacking = [task for task, writes in written.items() if not writes]
        if done:
            names = ", ".join(done)
            print_log(f"Predictions of {names} were written to {self.output_dir}", "current")
        if lacking or not done:
            reason = "no sample has a prediction of a task with a metric"
            if lacking:
                reason = "their metrics have no option output_dir, and write no files"
            print_log(
                f"No predictions{' of ' * bool(lacking)}{', '.join(lacking)} were written to "
                f"{self.output_dir}: {reason}",
                "current",
                logging.WARNING,
            )

    def _build(self, task: str, config: dict | BaseMetric, writes: bool) -> BaseMetric:
        if isinstance(config, dict):
            if "type" not in config:
                raise ValueError(
                    f"MultiTaskEvaluator: metrics[{task!r}] must be the config of a metric, such "
                    f"as dict(type='SegmentationMetric'), but is {dict(config)!r}"
                )
            if config.get("prefix") not in (None, task):
                raise ValueError(
                    f"MultiTaskEvaluator: metrics[{task!r}] has prefix={config['prefix']!r}, but "
                    f"values are named {task}/<metric>; leave it out"
                )
            config = dict(config, prefix=task)
            if inspect.isclass(config["type"]):
                config["type"] = REPLACED.get(config["type"], config["type"])
            if writes and self.output_dir is not None:
                config.setdefault("output_dir", osp.join(self.output_dir, task))
                config.setdefault("keep_results", self.keep_results)
            kind = registered_class(METRICS, config)
            if getattr(kind, "__init__", None) is DepthMetric.__init__:
                config.setdefault("depth_scale_factor", 1000.0)  # mmseg's 1 writes whole metres
            accepted = _parameters(kind)
            config = {
                key: value
                for key, value in config.items()
                if key not in ("output_dir", "keep_results") or key in accepted
            }
            try:
                metric = METRICS.build(config)
            except TypeError as error:
                raise TypeError(f"MultiTaskEvaluator: metrics[{task!r}]: {error}") from error
        elif isinstance(config, BaseMetric):
            metric = config
        else:
            raise ValueError(
                f"MultiTaskEvaluator: metrics[{task!r}] must be the config of a metric, or a list "
                f"of configs, but has {config!r}"
            )
        metric.prefix = task
        return metric

    def _feed(self, samples: list[dict], data_batch: Any | None) -> None:
        for task, metric in zip(self.tasks, self.metrics, strict=True):
            streams = isinstance(metric, StreamingMetric)
            stock = not streams and stock_field(type(metric)) is not None
            field = measured_field({}, getattr(metric, "field", None), type(metric))
            if streams or stock:
                predicted = [s for s in samples if f"pred_{field}" in s]
            else:
                predicted = samples_of(task, samples, self.predicted_fields)
            if not predicted:
                continue
            writes = getattr(metric, "output_dir", None) is not None
            self._written[task] = self._written.get(task, False) or writes
            if not stock:
                metric.process(data_batch, predicted)
                continue
            # mmseg's need both, and write without ground truth only if they measure nothing
            labelled = [s for s in predicted if f"gt_{field}" in s]
            if labelled:
                metric.process(data_batch, labelled)
            if writes and len(labelled) < len(predicted):
                unlabelled = [s for s in predicted if f"gt_{field}" not in s]
                _only_write(metric, unlabelled, data_batch)


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ValueError(f"The metric {name} must be a number, but is {value!r}") from None


def _only_write(metric: Any, samples: list[dict], data_batch: Any | None) -> None:
    """Let one of mmseg's metrics write the predictions of samples and measure nothing."""
    measures, count = metric.format_only, len(metric.results)
    metric.format_only = True
    try:
        metric.process(data_batch, samples)
    finally:
        metric.format_only = measures
        del metric.results[count:]  # CityscapesMetric notes what it has written


def _parameters(kind: Any) -> set[str]:
    """Names of all arguments of a class and its bases."""
    bases = kind.__mro__ if inspect.isclass(kind) else ()
    own = [vars(base)["__init__"] for base in bases if "__init__" in vars(base)]
    return {name for function in own for name in inspect.signature(function).parameters}
