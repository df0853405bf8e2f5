"""Keys of one config with ``type``, or of a list of such, against what its class takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from mmengine.registry import PARAM_SCHEDULERS, Registry

from ...registered import of_mmseg, registered, registered_class
from ...spelling import hint, near_miss, unknown
from .option_types import check_types
from .signatures import options_of, required_of

#: what a registry's builder takes out of a config before the class sees it
ALSO = {
    "hook": {"priority"},
    "parameter scheduler": {"convert_to_iter_based"},
    "optim_wrapper": {"paramwise_cfg", "constructor", "optimizer"},
    "metric": {"output_dir", "keep_results", "prefix"},
}


class KeyChecker:
    """Checks the keys of configs; remembers how messages begin.

    Args:
        where: How messages begin, such as ``"phases[1]: "``.
    """

    def __init__(self, where: str) -> None:
        self.where = where

    def refuse(self, key: str, why: str) -> NoReturn:
        """Raise the error of a key.

        Args:
            key: Dotted, without what messages begin with.
            why: The end of the message.

        Raises:
            ValueError: Always.
        """
        raise ValueError(f"{self.where}{key}: {why}")

    def names(self, node: Mapping, known: Iterable[str], place: str) -> None:
        """All keys have to be known.

        Args:
            node: A part of a config.
            place: Its dotted key, for messages.
            known: The keys that are read.

        Raises:
            ValueError: Naming the first other key, and the nearest right one.
        """
        known = sorted(known)
        for key in node:
            if key not in known:
                self.refuse(f"{place}.{key}", unknown(str(key), known))

    def near(self, node: Mapping, known: Iterable[str], place: str) -> None:
        """Keys of one's own are allowed, but no misspelt ones.

        Args:
            node: A part of a config.
            place: Its dotted key, for messages.
            known: The keys that are read.

        Raises:
            ValueError: Naming the first misspelt key.
        """
        for key in node:
            if key not in known and (meant := near_miss(str(key), known)):
                self.refuse(f"{place}.{key}", f"unknown key; did you mean {meant!r}?")

    def typed(self, node: Any, registry: Registry, place: str) -> type | None:
        """A config with ``type``: its options against those of the class.

        Args:
            node: A part of a config.
            place: Its dotted key, for messages.
            registry: Where its ``type`` is registered.

        Returns:
            The class; None if the node has no type, or a function builds it.

        Raises:
            ValueError: Naming the key.
        """
        if not isinstance(node, Mapping) or node.get("type") is None:
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

    def needed(self, node: Any, registry: Registry, place: str) -> type | None:
        """As :meth:`typed`, of a part that cannot be left out or be anything else."""
        if isinstance(node, Mapping) and node.get("type") is not None:
            return self.typed(node, registry, place)
        return self.refuse(place, f"it must be dict(type=...), got {node!r}")

    def lacks(self, cls: type | None, node: Mapping, place: str) -> None:
        """What a class cannot do without has to be there."""
        for name in required_of(cls) if cls is not None else ():
            if name not in node:
                self.refuse(f"{place}.{name}", f"it is not set, and {cls.__name__} needs it")

    def kind(self, kind: Any, registry: Registry, place: str) -> None:
        """A ``type`` has to be registered; what is not a class may be a function.

        Args:
            kind: The type.
            registry: Where it is registered, or in mmseg's child of it.
            place: Dotted key of what it is the type of.

        Raises:
            ValueError: Naming the nearest right type.
        """
        if not isinstance(kind, str) or registered(of_mmseg(registry), kind):
            return
        names = [*of_mmseg(registry).module_dict, *registry.module_dict]
        meant = near_miss(kind, names)
        advice = f"; did you mean {meant!r}?" if meant else hint(kind, names)
        self.refuse(
            f"{place}.type",
            f"{kind!r} is not registered{advice or '; is its module in custom_imports?'}",
        )

    def each(self, node: Any, registry: Registry, place: str) -> None:
        """A list of configs, or one.

        Args:
            node: A part of a config.
            place: Its dotted key, for messages.
            registry: Where their types are registered.

        Raises:
            ValueError: Naming the key.
        """
        if isinstance(node, (list, tuple)):
            for index, child in enumerate(node):
                self.each(child, registry, f"{place}[{index}]")
        elif isinstance(node, Mapping) and "type" not in node and registry is PARAM_SCHEDULERS:
            for name, child in node.items():
                self.each(child, registry, f"{place}.{name}")
        else:
            self.typed(node, registry, place)
