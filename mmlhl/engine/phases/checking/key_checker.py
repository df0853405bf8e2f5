"""Comparing the keys of a config with ``type`` with the options of its class."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from mmengine.registry import PARAM_SCHEDULERS, Registry

from ....registered import of_mmseg, registered, registered_class, type_name
from ....spelling import hint, near_miss, unknown
from ..shapes import PLAIN
from .option_types import check_types
from .signatures import options_of, required_of

#: keys that a registry's builder removes from a config before the class gets it
ALSO = {
    "hook": {"priority"},
    "parameter scheduler": {"convert_to_iter_based"},
    "optim_wrapper": {"paramwise_cfg", "constructor", "optimizer"},
    "metric": {"output_dir", "keep_results", "prefix"},
}
#: schedulers of torch that have another name in mmengine
TORCH_SCHEDULERS = {
    "CosineAnnealingWarmRestarts": "CosineRestartLR",
    "PolynomialLR": "PolyLR",
    "ReduceLROnPlateau": "ReduceOnPlateauLR",
}


class KeyChecker:
    """Checks the keys of configs."""

    def __init__(self, where: str) -> None:
        self.where = where

    def refuse(self, key: str, why: str) -> NoReturn:
        """Raise the error of a key.

        Raises:
            ValueError: Always.
        """
        raise ValueError(f"{self.where}{key}: {why}")

    def names(self, node: Mapping, known: Iterable[str], place: str) -> None:
        """Check that all keys are known.

        Raises:
            ValueError: Naming the first other key, and the nearest right one.
        """
        known = sorted(known)
        for key in node:
            if key not in known:
                self.refuse(f"{place}.{key}", unknown(str(key), known))

    def near(self, node: Mapping, known: Iterable[str], place: str) -> None:
        """Check that no key is a misspelling of a known one; the user's own keys are allowed.

        Raises:
            ValueError: Naming the first misspelt key.
        """
        for key in node:
            if key not in known and (meant := near_miss(str(key), known)):
                self.refuse(f"{place}.{key}", f"unknown key; did you mean {meant!r}?")

    def typed(self, node: Any, registry: Registry, place: str) -> type | None:
        """Check the options of a config with ``type`` against those of its class.

        Returns:
            The class; None if the node has no type, or a function builds it.

        Raises:
            ValueError: Naming the key.
        """
        if not isinstance(node, Mapping) or "type" not in node:
            return None
        cls = registered_class(of_mmseg(registry), node)
        if cls is None:
            self.kind(node["type"], registry, place)
            return None
        known, is_open = options_of(cls)
        known = known | {"type", "_scope_"} | ALSO.get(registry.name, set())
        (self.near if is_open else self.names)(node, known, place)
        check_types(cls, node, f"{self.where}{place}")
        return cls

    def needed(
        self, node: Any, registry: Registry, place: str, beside: Iterable[str] = ()
    ) -> type | None:
        """Like :meth:`typed`, but the part must be a config with ``type``.

        Args:
            node: The part.
            registry: That of its class.
            place: Its key, whose last part is its name.
            beside: Names of the parts beside it, one of which may have been meant.
        """
        if isinstance(node, Mapping) and node.get("type") is not None:
            return self.typed(node, registry, place)
        name = place.rpartition(".")[2]
        near = hint(name, [str(each) for each in beside if each != name])
        return self.refuse(place, f"it must be dict(type=...), got {node!r}{near}")

    def lacks(self, cls: type | None, node: Mapping, place: str) -> None:
        """Check that all required options of a class are set."""
        for name in required_of(cls) if cls is not None else ():
            if name not in node:
                self.refuse(f"{place}.{name}", f"it is not set, and {cls.__name__} needs it")

    def kind(self, kind: Any, registry: Registry, place: str, key: str = "type") -> None:
        """Check that a ``type`` given by name is registered.

        Raises:
            ValueError: Naming the nearest right type.
        """
        if not isinstance(kind, str) and not callable(kind):
            self.refuse(f"{place}.{key}", f"it must name a class, got {kind!r}")
        if not isinstance(kind, str) or registered(of_mmseg(registry), kind):
            return
        names = [*of_mmseg(registry).module_dict, *registry.module_dict]
        meant = near_miss(kind, names)
        advice = f"; did you mean {meant!r}?" if meant else hint(kind, names)
        self.refuse(
            f"{place}.{key}",
            f"{kind!r} is not registered{advice or '; is its module in custom_imports?'}",
        )

    def each(self, node: Any, registry: Registry, place: str) -> None:
        """Check a config, or each config in a list.

        Raises:
            ValueError: Naming the key.
        """
        if isinstance(node, (list, tuple)):
            for index, child in enumerate(node):
                if registry is PARAM_SCHEDULERS and isinstance(child, Mapping):
                    self.needed(child, registry, f"{place}[{index}]")
                self.each(child, registry, f"{place}[{index}]")
        elif isinstance(node, Mapping) and "type" not in node and registry is PARAM_SCHEDULERS:
            for name, child in node.items():
                self.each(child, registry, f"{place}.{name}")
        else:
            if isinstance(node, PLAIN):
                self.refuse(place, f"it must be dict(type=...), got {node!r}")
            if registry is PARAM_SCHEDULERS:
                self._schedule(node, place)
            self.typed(node, registry, place)

    def _schedule(self, node: Any, place: str) -> None:
        """Refuse a scheduler of torch: it lacks what mmengine's hook asks of one."""
        cls = registered_class(of_mmseg(PARAM_SCHEDULERS), node)
        bases = cls.__mro__ if cls is not None else ()
        base = next((each for each in bases if each.__module__.startswith("torch.")), None)
        if base is None:
            return
        kind = type_name(node) if base is not cls or not isinstance(node["type"], str) else None
        name = TORCH_SCHEDULERS.get(base.__name__, base.__name__)
        if not registered(PARAM_SCHEDULERS, name):
            known = sorted(each for each in PARAM_SCHEDULERS.module_dict if each.endswith("LR"))
            name = f"one of {', '.join(known)}"
        what, advice = "is a scheduler of torch", "take that of mmengine"
        if base is not cls:
            what = f"derives from {base.__name__} of torch, which mmengine's hook cannot step"
            advice = "derive it from that of mmengine.optim.scheduler"
        self.refuse(f"{place}.type", f"{kind or node['type']!r} {what}; {advice}: {name}")
