"""The supply of a loader in a phase: its dataset, and the numbers of images and batches."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mmengine.dataset import InfiniteSampler
from mmengine.dataset import pseudo_collate as default_collate
from mmengine.dist import get_world_size
from mmengine.logging import print_log
from mmengine.registry import FUNCTIONS
from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATA_SAMPLERS, DATASETS

from ...datasets.dark_images import spread
from ...datasets.label_reading import read_labels
from ...datasets.missing_files import need_files
from ...datasets.parts import check_part
from ...datasets.wrappers import innermost, innermost_configs, is_multi_task
from ...explaining import explained_error
from ...registered import names_class, registered_class
from .checking.signatures import options_of

#: number of images of a dataset that trials may use
KEPT = 4
#: number of images of a dataset whose labels are read, unless a config says another
_LABELS = 32


class Images(Protocol):
    """The members of a dataset that trials use."""

    metainfo: Any

    def __len__(self) -> int:
        """Number of images."""

    def __getitem__(self, index: int) -> Any:
        """A sample, after its pipeline."""


@dataclass(frozen=True)
class Supply:
    """The dataset of a loader, and the sizes of its epochs and batches in a phase.

    Attributes:
        dataset: The dataset; may have more images and tasks than the phase uses.
        images: Number of images in the phase.
        batches: Batches per epoch in one process, None if endless or unknown.
        length: The loader's length, which an endless one has as well; None if unknown.
        smallest: Number of images in the smallest batch.
        collate: Function that makes a batch of samples.
    """

    dataset: Images
    images: int
    batches: int | None
    length: int | None
    smallest: int
    collate: Callable[[Sequence], Any]

    def batch(self, size: int) -> Any:
        """The first images as a batch; of several joined datasets, the first of each."""
        count = min(self.images, len(self.dataset))
        ends = list(getattr(self.dataset, "cumulative_sizes", ()))
        order = dict.fromkeys(i for i in [0, *ends, *range(count)] if i < count)
        return self.collate([self.dataset[i] for i in list(order)[:size]])


class Supplies:
    """Builds the datasets of all phases, each once for all phases that use parts or tasks of it.

    Args:
        loaders: Configs of all loaders of all phases.
        labels: Number of samples of each dataset whose labels are read; ``'all'`` for all.
        ignored: Ids that the heads leave out, besides that of each dataset.
    """

    def __init__(
        self,
        loaders: Iterable[Mapping],
        labels: int | str | None = None,
        ignored: Collection[int] = (),
    ) -> None:
        self._labels = _LABELS if labels is None else labels
        self._ignored = ignored
        self._unread: list[tuple[str, BaseSegDataset, Collection[int]]] = []
        self._tasks: dict[str, list[str]] = {}
        self._built: dict[str, tuple[Images, int]] = {}
        for loader in loaders:
            dataset = loader["dataset"]
            if is_multi_task(dataset):
                tasks = self._tasks.setdefault(_key(dataset, "pipeline"), [])
                tasks += [task for task in dataset.get("tasks") or [] if task not in tasks]

    def of(self, loader: Mapping, place: str) -> Supply:
        """The supply of a loader.

        Raises:
            ValueError: If there are no images, or no batch can be made of them.
        """
        config = loader["dataset"]
        dataset, whole = self._dataset(config, place)
        images = whole
        part = check_part(config.get("part")) if is_multi_task(config) else None
        if part is not None:
            images //= part[1]
            if not images:
                raise ValueError(
                    f"{place}: {whole} image(s) cannot be cut into {part[1]} parts, one per "
                    "phase; bring more images, or set disjoint_phases=False"
                )
        images = _sliced(loader, images, place)
        view = _View(dataset, images)
        batches, smallest = _batches(loader, view, place)
        length = _count(len(view), loader) if _is_endless(loader) else batches
        for key in ("collate_fn", "worker_init_fn"):
            _check_function(loader.get(key), f"{place}.{key}")
        collate = loader.get("collate_fn")
        if isinstance(collate, Mapping):
            options = {key: value for key, value in collate.items() if key != "type"}
            function = _function(collate)

            def made(samples: Sequence) -> Any:
                return function(samples, **options)

            collate = made
        return Supply(dataset, images, batches, length, smallest, collate or default_collate)

    def read_labels(self) -> None:
        """Read labels of the datasets that were built, with as many images as were asked for.

        Raises:
            ValueError: Naming the loader and the first file with which training would fail.
        """
        read: set[tuple[str, str, str]] = set()
        every = self._labels == "all"
        for place, dataset, ignored in self._unread:
            if every:  # which may take minutes
                print_log(f"{place}: all of {len(dataset)} images and labels are read", "current")
            try:
                read_labels(dataset, every, read, ignored)
            except ValueError as error:
                raise ValueError(f"{place}: {error}") from error
        self._unread.clear()

    def keep(self, dataset: Any, place: str, ignored: Collection[int] = ()) -> None:
        """Keep the images of a dataset whose labels will be read.

        Args:
            dataset: The dataset; those inside wrappers are meant.
            place: Where its loader stands in the config, for messages.
            ignored: Ids that the heads or metrics leave out, besides that of the dataset.

        Raises:
            FileNotFoundError: If a label is missing.
        """
        for inner in innermost(dataset):
            if isinstance(inner, BaseSegDataset):
                need_files(inner)
                some = copy.copy(inner)
                if isinstance(self._labels, int):
                    some.get_subset_(spread(len(inner), self._labels))
                self._unread.append((place, some, ignored))

    def _dataset(self, config: Mapping, place: str) -> tuple[Images, int]:
        """A dataset and its number of images; a multi-task dataset is then cut to a few images."""
        key = _key(config)
        if key not in self._built:
            whole: Any = copy.deepcopy(config)
            if is_multi_task(config):
                whole.pop("part", None)
                whole["tasks"] = self._tasks.get(_key(config, "pipeline")) or whole.get("tasks")
            for inner in innermost_configs(whole):
                cls = registered_class(DATASETS, inner)
                if cls is not None and "serialize_data" in options_of(cls)[0]:
                    inner["serialize_data"] = False  # slow, and not needed for a few images
            dataset = DATASETS.build(whole)
            if hasattr(dataset, "full_init"):
                dataset.full_init()
            self._built[key] = dataset, len(dataset)
            self.keep(dataset, place, self._ignored)
            if is_multi_task(config):
                dataset.get_subset_(min(KEPT, len(dataset)))
        return self._built[key]


def supply_of(loader: Any, config: Mapping, place: str) -> Supply:
    """The supply of a loader that is built.

    Raises:
        ValueError: If it gives no batch.
    """
    images = _sliced(config, len(loader.dataset), place)
    batches, smallest = _batches(config, _View(loader.dataset, images), place)
    return Supply(loader.dataset, images, batches, len(loader), smallest, loader.collate_fn)


class _View:
    """A dataset with another length, for samplers."""

    def __init__(self, dataset: Images, images: int) -> None:
        self._dataset, self._images = dataset, images

    def __len__(self) -> int:
        return self._images

    def __getattr__(self, name: str) -> Any:
        return getattr(self._dataset, name)


def _key(dataset: Any, *others: str) -> str:
    """What tells datasets apart; the same for all parts and tasks of one, and for other options."""
    if is_multi_task(dataset):
        dataset = {key: dataset[key] for key in dataset if key not in ("part", "tasks", *others)}
    return repr(sorted(dataset.items(), key=lambda item: item[0]))


def _sliced(loader: Mapping, images: int, place: str) -> int:
    """Number of images that mmengine leaves a loader with ``num_batch_per_epoch``."""
    count = loader.get("num_batch_per_epoch")
    if count is None:
        return images
    size = loader.get("batch_size", 1)
    wanted = count * size * get_world_size()
    if wanted > images:
        raise ValueError(
            f"{place}.num_batch_per_epoch is {count}, which takes {wanted} images with "
            f"batch_size={size} and {get_world_size()} process(es), but there are {images}"
        )
    return wanted


def _is_endless(loader: Mapping) -> bool:
    own = loader.get("batch_sampler") is None
    return own and names_class(DATA_SAMPLERS, loader.get("sampler"), InfiniteSampler)


def _count(images: int, loader: Mapping) -> int:
    """Number of batches of some images."""
    size = loader.get("batch_size", 1)
    return images // size if loader.get("drop_last") else -(-images // size)


def _batches(loader: Mapping, view: _View, place: str) -> tuple[int | None, int]:
    """Batches per epoch, and number of images in the smallest."""
    size, drop = loader.get("batch_size", 1), bool(loader.get("drop_last"))
    sampler = loader.get("sampler") or dict(type="DefaultSampler", shuffle=False)
    if not isinstance(sampler, Mapping):
        return None, size
    built = DATA_SAMPLERS.build(dict(sampler), default_args=dict(dataset=view, seed=0))
    if isinstance(loader.get("batch_sampler"), Mapping):
        _try_batch_sampler(loader["batch_sampler"], built, size, place)
    if loader.get("batch_sampler") is not None or _is_endless(loader):
        return None, size
    images = len(built)
    batches = _count(images, loader)
    if not batches:
        raise ValueError(
            f"{place} gives no batch: {len(view)} image(s) for {get_world_size()} process(es) with "
            f"batch_size={size} and drop_last={drop}; take a smaller batch_size, or set "
            "drop_last=False"
        )
    if images < size and place.endswith("train_dataloader"):
        print_log(
            f"{place}.batch_size is {size}, but there are {images} image(s) per process: each "
            "epoch is one smaller batch",
            "current",
            logging.WARNING,
        )
    return batches, size if drop else images % size or size


def _try_batch_sampler(config: Mapping, sampler: Any, size: int, place: str) -> None:
    """Build a sampler of batches as mmengine does."""
    try:
        DATA_SAMPLERS.build(dict(config), default_args=dict(sampler=sampler, batch_size=size))
    except Exception as error:  # a user's constructor may raise anything
        raise ValueError(
            f"{place}.batch_sampler={dict(config)!r} must take a sampler and a batch_size: "
            f"{explained_error(error)}"
        ) from error


def _function(config: Mapping) -> Any:
    """A registered function, or one that the config holds; None if it is not registered."""
    kind = config.get("type")
    return FUNCTIONS.get(kind) if isinstance(kind, str) else kind


def _check_function(config: Any, place: str) -> None:
    """Refuse a function of a loader that is not registered."""
    if isinstance(config, Mapping) and not callable(_function(config)):
        known = "; 'default_collate' and 'pseudo_collate' are" if "collate" in place else ""
        raise ValueError(f"{place}: {config.get('type')!r} is not registered{known}")
