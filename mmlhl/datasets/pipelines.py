"""Building pipelines in which every transform moves all annotations, or is refused by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from mmcv.transforms import LoadImageFromFile
from mmseg.registry import TRANSFORMS

from ..config_values import as_list
from ..explaining import explained_error
from ..registered import registered, type_name
from .transforms import LoadImage, LoadMultiTaskAnnotations, PackMultiTaskInputs
from .transforms.catalogue import ACTS, BECOMES, KEEPS, REFUSED, STOCK, WRAPS, refusal
from .transforms.loading import refuse_label_options
from .transforms.option_ranges import check_ranges, with_tuples
from .transforms.trials.packed import try_packed
from .transforms.watched import Watched
from .transforms.witness import bending_message

# Arguments of a stock transform that its replacement takes over (None: all); others are dropped.
_SHARED = dict(
    LoadImage=None,
    LoadMultiTaskAnnotations=("backend_args",),
    PackMultiTaskInputs=("meta_keys",),
)

MAPPING = ("KeyMapper", "TransformBroadcaster")


def build_steps(steps: Any, reduces: bool = False) -> list[Callable]:
    """Build the transforms of a dataset's pipeline.

    Args:
        steps: Configs of transforms, or transforms.
        reduces: Whether the dataset itself has ``reduce_zero_label``, which ``LoadAnnotations`` of
            an mmseg config may then repeat.

    Raises:
        ValueError: If it is not a list, or one of them cannot be used.
    """
    if isinstance(steps, (str, Mapping)) or not isinstance(steps, Sequence):
        raise ValueError(f"pipeline is {steps!r}; it must be a list of transforms")
    built = [build_step(_once_reduced(step) if reduces else step) for step in steps]
    packs = [i for i, step in enumerate(built) if isinstance(step, PackMultiTaskInputs)]
    for step in _watched(built[packs[0] :] if packs else []):
        advice = "put it before PackMultiTaskInputs, where labels follow the image"
        try_packed(step.step, step.name, advice)
    return built


def _once_reduced(step: Any) -> Any:
    """A step whose loaders, also those inside of others, leave ``reduce_zero_label`` out."""
    if isinstance(step, (list, tuple)):
        return [_once_reduced(each) for each in step]
    if not isinstance(step, Mapping):
        return step
    loads = "type" in step and type_name(step) == "LoadAnnotations"
    return {
        key: _once_reduced(value) if key == "transforms" else value
        for key, value in step.items()
        if not (loads and key == "reduce_zero_label" and value)
    }


def single_steps(steps: Any) -> Iterator[Any]:
    """The single transforms of a built pipeline, those of wrappers in their place."""
    inner = steps if isinstance(steps, (list, tuple)) else getattr(steps, "transforms", None)
    if inner is None or hasattr(steps, "aug"):  # Albu's transforms are those of albumentations
        yield steps
    else:
        for each in as_list(inner):
            yield from single_steps(each)


def _watched(steps: Any) -> Iterator[Watched]:
    """Unknown transforms, also within others."""
    return (step for step in single_steps(steps) if isinstance(step, Watched))


def build_step(step: Mapping | Callable) -> Callable:
    """Build one transform of a dataset's pipeline.

    Stock transforms move every annotation or are refused (:mod:`.transforms.catalogue`), given with
    or without a scope or as a class, and inside other transforms as well. Other transforms are
    tried and checked while they run (:mod:`.transforms.watched`).

    Raises:
        ValueError: If samples with several annotations cannot use it, or it refuses its options.
    """
    if not isinstance(step, Mapping) and not callable(step):
        raise ValueError(f"a transform of the pipeline is {step!r}; write dict(type=...)")
    if not isinstance(step, Mapping):
        return _given(step)
    if step.get("type") is None:
        raise ValueError(f"a transform of the pipeline needs 'type', got {dict(step)!r}")
    try:
        return _from_config(dict(step))
    except (AssertionError, AttributeError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, ValueError) and _is_named(error, step):
            raise
        options = {key: value for key, value in step.items() if key != "type"}
        name = type_name(step)
        raise ValueError(f"{name} with {options}: {explained_error(error)}") from error


def loads_annotations(step: Mapping) -> bool:
    """Whether a transform's config reads labels, so that inferencers leave it out."""
    name = type_name(step)
    return name.startswith("Load") and "Annotation" in name


def refuse_bending(steps: Any, kinds: Collection[str]) -> None:
    """Refuse transforms that bend the image if a dataset has normals.

    Raises:
        ValueError: If there are normals, and a transform bends the image.
    """
    if "normal" not in kinds:
        return
    for step in single_steps(steps):
        if getattr(step, "bends", False):
            raise ValueError(bending_message(getattr(step, "name", type(step).__name__)))


def try_labels(steps: Any, kinds: Mapping[str, str]) -> None:
    """Try unknown transforms with a dataset's labels.

    Raises:
        ValueError: If one of them moves a label without the image.
    """
    for step in _watched(steps):
        step.try_labels(kinds)


def _is_named(error: ValueError, step: Mapping) -> bool:
    """Whether an error says which transform it is about; one inside of others says so itself."""
    return "transforms" in step or type_name(step) in str(error)


def _from_config(step: dict) -> Callable:
    name = type_name(step)
    if step["type"] == f"mmseg.{name}" and registered(TRANSFORMS, step["type"]) is None:
        step["type"] = name  # a transform of mmcv, which mmengine does not find in mmseg's scope
    if name.startswith("MultiTask"):
        check_ranges(name, step)
    if name == LoadMultiTaskAnnotations.__name__:
        refuse_label_options(step)
    if not _is_stock(name, step["type"]):
        return _guarded(TRANSFORMS.build(step))
    check_ranges(name, step)
    step = with_tuples(name, step)
    verdict, remark = STOCK[name]
    if verdict == REFUSED:
        raise ValueError(refusal(name))
    if verdict == BECOMES:
        return TRANSFORMS.build(_replaced(step, name, remark))
    if verdict == WRAPS:
        built = TRANSFORMS.build(_wrapped(step, name))
        # within a mapping a transform gets other maps than those it was tried on
        return Watched(built) if name in MAPPING else built
    if verdict == ACTS:
        step["type"] = f"mmseg.{name}"
    built = TRANSFORMS.build(step)
    by = getattr(built, "resize", None)
    own = by is not None and type(by).__module__.split(".")[0] not in ("mmcv", "mmseg", "mmlhl")
    return Watched(built) if own else built  # a resize_type of a user's own


def _is_stock(name: str, kind: Any) -> bool:
    """Whether a type is the stock transform of that name, or our replacement of it."""
    if name not in STOCK:
        return False
    cls = kind if inspect.isclass(kind) else registered(TRANSFORMS, kind)
    return inspect.isclass(cls) and cls.__module__.split(".")[0] in ("mmcv", "mmseg", "mmlhl")


def _given(step: Callable) -> Callable:
    """Replace, check or refuse a transform that is already built."""
    if type(step) is LoadImageFromFile:
        loader = LoadImage()
        loader.__dict__.update(step.__dict__)
        return loader
    name = type(step).__name__
    if _is_stock(name, type(step)):
        if STOCK[name][0] == REFUSED:
            raise ValueError(refusal(name))
        if STOCK[name][0] == KEEPS:
            return step
    return _guarded(step)


def _guarded(step: Callable) -> Callable:
    if _is_ours(step) or getattr(step, "moves_pixels", None) is False:
        return step
    return Watched(step)


def _is_ours(step: object) -> bool:
    return type(step).__module__.split(".")[0] == "mmlhl"


def _replaced(step: dict, name: str, ours: str) -> dict:
    shared = _SHARED[ours]
    if shared is None:
        return {**step, "type": ours}
    if step.get("reduce_zero_label"):
        raise ValueError(
            f"{name}(reduce_zero_label=True): set reduce_zero_label=True of the dataset instead"
        )
    return {"type": ours, **{key: step[key] for key in shared if key in step}}


def _wrapped(step: dict, name: str) -> dict:
    """The config of a wrapper with its transforms built."""
    if "transforms" not in step:
        return step
    if name in MAPPING:
        for inner in _flat(step["transforms"]):
            kind = type_name(inner) if isinstance(inner, Mapping) else type(inner).__name__
            if STOCK.get(kind, (KEEPS, ""))[0] not in (KEEPS, BECOMES):
                raise ValueError(
                    f"{name} around {kind}: a transform that moves pixels would move what it is "
                    "mapped to and leave the other maps; use it without a mapping"
                )
    if name == "TransformBroadcaster":
        _check_lists(step.get("mapping"))
    return {**step, "transforms": _built(step["transforms"])}


def _check_lists(mapping: Any) -> None:
    """Refuse a mapping of single items: ``TransformBroadcaster`` needs a list for each."""
    if not mapping:
        raise ValueError(
            "TransformBroadcaster without a mapping takes every item of a sample for a list, and a "
            "sample has one image: write its transforms without it"
        )
    for key, outer in mapping.items():
        if isinstance(outer, str) and (outer == "img" or outer.startswith("gt_")):
            raise ValueError(
                f"TransformBroadcaster takes a list for {key!r}, but its mapping names "
                f"{outer!r}, and a sample has one: write {key}=[{outer!r}], or its transforms "
                "without it"
            )


def _built(steps: Any) -> Any:
    if isinstance(steps, (list, tuple)):
        return [_built(step) for step in steps]
    return build_step(steps)


def _flat(steps: Any) -> list:
    if isinstance(steps, (list, tuple)):
        return [inner for step in steps for inner in _flat(step)]
    return [steps]
