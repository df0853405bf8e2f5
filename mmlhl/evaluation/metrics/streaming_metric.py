"""Base class of the metrics: reading a sample, running sums, writing maps."""

from __future__ import annotations

import os
import os.path as osp
import warnings
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ...files import explained
from .written_files import ComparedFiles, WrittenFiles


class StreamingMetric(ComparedFiles):
    """A metric that is a function of sums over pixels, so that memory does not grow.

    For any number of images, ``self.results`` contains one float64 vector: the sums so far.
    mmengine collects one vector from each process, so distributed evaluation adds up to the same
    values as a single process.

    Samples without ``gt_<field>`` or ``pred_<field>`` are skipped silently, since in a lifelong
    sequence a checkpoint may not have learned a task yet and a sample may lack its annotation. A
    subclass determines which pixels are measured (see :meth:`sums`).

    Args:
        field: Maps are read from ``gt_<field>`` and ``pred_<field>``.
        output_dir: Folder to which each prediction is written, as ``<name of the image>.png`` or
            ``.npy``; None writes nothing.
        output_levels: Number of parts of the image's path in the name of the written file; 2
            includes the image's folder, for datasets with several images of the same name, of
            which one would replace the other.
        format_only: Write predictions and compute nothing.
        collect_device: 'gpu' gathers the sums through the process group (which also works on CPU
            with gloo), 'cpu' through files in the working directory. The sums are small, and
            processes need not share a disk, hence the default.
        prefix: Prefix of the metrics' names; :class:`MultiTaskEvaluator` sets it to the task's
            name.

    Raises:
        ValueError: If ``format_only`` is set without ``output_dir``.
    """

    #: Kinds of output that it measures, of ``mmlhl.datasets.annotation.KINDS``; empty if unknown.
    kinds: tuple[str, ...] = ()
    #: Direction of each value that the metric may return.
    higher_is_better: dict[str, bool] = {}
    #: Unit of each value: ``"m"``, ``"deg"``, ``"%"``, or ``""`` for a plain number.
    units: dict[str, str] = {}
    #: Values in the unit of the maps, ``<field>_unit`` of the dataset's meta information.
    in_map_unit: tuple[str, ...] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Accept the former name of :meth:`summarize` for one release."""
        super().__init_subclass__(**kwargs)
        former = cls.__dict__.get("figures")
        if former is not None and "summarize" not in cls.__dict__:
            warnings.warn(
                f"{cls.__name__}.figures is now called summarize; the former name works for one "
                "more release",
                DeprecationWarning,
                stacklevel=2,
            )
            cls.summarize = former  # type: ignore[method-assign]

    def __init__(
        self,
        field: str,
        output_dir: str | None = None,
        output_levels: int = 1,
        format_only: bool = False,
        collect_device: str = "gpu",
        prefix: str | None = None,
    ) -> None:
        if format_only and output_dir is None:
            raise ValueError(f"{type(self).__name__}: format_only=True needs an output_dir")
        if output_dir is not None and not isinstance(output_dir, (str, os.PathLike)):
            raise ValueError(f"{type(self).__name__}: output_dir is not a folder: {output_dir!r}")
        if output_levels < 1:
            raise ValueError(
                f"{type(self).__name__}: output_levels is {output_levels}; it must be at least 1, "
                "the file's own name"
            )
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.field = field
        self.output_dir = None if output_dir is None else osp.expanduser(output_dir)
        self.output_levels = output_levels
        self.format_only = format_only
        self._written = WrittenFiles(
            type(self).__name__,
            f"set output_levels of the metric above {output_levels}, so that the names include "
            "more of the images' folders",
        )

    @property
    def dataset_meta(self) -> dict | None:
        """Meta information of the dataset; it may name the unit of the maps."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, meta: dict | None) -> None:
        self._dataset_meta = meta
        if unit := (meta or {}).get(f"{self.field}_unit"):
            self.units = {**self.units, **dict.fromkeys(self.in_map_unit, str(unit))}

    @abstractmethod
    def sums(self, pred: Tensor, gt: Tensor) -> Tensor:
        """Sum up one image.

        Args:
            pred: Prediction, shape (C, H, W).
            gt: Ground truth on the same device, shape (C, H, W); unlabelled pixels are 255 in
                class and binary maps and NaN in float maps.

        Returns:
            Sums, shape (S,), float64, on any device; S must not depend on the image.
        """

    @abstractmethod
    def summarize(self, sums: Tensor) -> dict[str, float]:
        """Turn the sums over all images into metrics.

        Args:
            sums: Shape (S,), float64, on the CPU.

        Returns:
            Metrics by name; NaN where no pixel was measured.
        """

    def write(self, pred: Tensor, path: Path) -> None:
        """Write one prediction to disk.

        Args:
            pred: Prediction, shape (C, H, W).
            path: File name without extension; its folder exists.
        """
        raise NotImplementedError(f"{type(self).__name__} cannot write predictions")

    def process(self, data_batch: dict | None, data_samples: Sequence[dict]) -> None:
        """Add a batch to the running sums, and write its predictions if ``output_dir`` is set.

        Raises:
            ValueError: If a prediction and its ground truth differ in shape.
        """
        for sample in data_samples:
            pred = sample.get(f"pred_{self.field}")
            if pred is None:
                continue
            pred = as_map(pred["data"])
            if self.output_dir is not None:
                self.write(pred, self._output_path(sample))
            gt = sample.get(f"gt_{self.field}")
            if gt is None or self.format_only:
                continue
            gt = as_map(gt["data"]).to(pred.device)
            if pred.shape != gt.shape:
                raise ValueError(
                    f"pred_{self.field} has shape {tuple(pred.shape)}, but gt_{self.field} has "
                    f"shape {tuple(gt.shape)} in {sample.get('img_path', 'a sample')}; "
                    "both must have the size of the original image"
                )
            self.add(self.sums(pred, gt))

    def add(self, sums: Tensor) -> None:
        """Add the sums of an image to the running sums."""
        sums = sums.detach().to("cpu", torch.float64)
        self.results[:] = [self.results[0] + sums] if self.results else [sums]

    def compute_metrics(self, results: list[Tensor]) -> dict[str, float]:
        """Compute the metrics from the sums of all processes.

        Args:
            results: One vector per process that has samples of the task.

        Returns:
            The metrics; empty if no process has any.
        """
        if not results:
            return {}
        return self.summarize(torch.stack(list(results)).sum(0))

    def path_of(self, image: str) -> Path:
        """The file of an image's prediction, without its ending; see ``output_levels``."""
        name = Path(osp.splitext(image)[0])
        parts = [part for part in name.parts[-self.output_levels :] if part != ".."]
        return Path(str(self.output_dir)).joinpath(*(p for p in parts if p != name.anchor))

    def _output_path(self, sample: dict) -> Path:
        if "img_path" not in sample:
            raise ValueError(
                f"To write predictions to {self.output_dir}, data samples must carry img_path; "
                "add it to the meta_keys of the packing transform"
            )
        path = self.path_of(sample["img_path"])
        self._written.add(path, sample["img_path"])
        with explained(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
        return path


def as_map(data: Tensor) -> Tensor:
    """Give a map of shape (H, W) or (C, H, W) the shape (C, H, W)."""
    return data[None] if data.ndim == 2 else data


def ratio(part: Tensor, whole: Tensor, scale: float = 1.0) -> float:
    """``scale * part / whole`` as a Python float, NaN where ``whole`` is 0.

    Args:
        part: A scalar.
        whole: A scalar, >= 0.
        scale: 100 for percent.
    """
    return float(scale * part / whole) if whole else float("nan")
