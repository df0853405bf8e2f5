"""Checks of a config's log processor: windows, statistics, digits."""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Collection, Mapping
from typing import Any

from mmengine.logging import HistoryBuffer, print_log

from ....config_values import is_whole
from ....option_rules import Rule, check_option, check_options, whole
from ....spelling import hint, near_miss, unknown

#: scalars that every training logs; others are the losses, by task
SCALARS = ("loss", "lr", "time", "data_time", "grad_norm", "momentum", "memory")
#: what the log processor reads itself; the rest goes to the statistic
_READ = ("data_src", "method_name", "log_name")
_WINDOW: Rule = (
    lambda value: value in ("epoch", "global") or (is_whole(value) and value >= 1),
    "'epoch', 'global' or a whole number >= 1",
)


def check_log_options(node: Any, place: str) -> None:
    """Refuse options of a log processor with which lines would be empty or logging would fail.

    Raises:
        ValueError: Naming the option, its value and what would be right.
    """
    if not isinstance(node, Mapping):
        return
    check_options(node, dict(window_size=whole(1), num_digits=whole(0)), place)
    pattern = node.get("mean_pattern", "")
    try:
        re.compile(pattern)
    except (re.error, TypeError) as error:
        raise ValueError(
            f"{place}.mean_pattern must be a regular expression, got {pattern!r}: {error}"
        ) from None
    own = node.get("custom_cfg") or []
    if not isinstance(own, (list, tuple)):
        raise ValueError(f"{place}.custom_cfg must be a list of dict(data_src=...), got {own!r}")
    names: set = set()
    for index, each in enumerate(own):
        _check_statistic(each, names, node.get("by_epoch", True), f"{place}.custom_cfg[{index}]")


def warn_of_sources(node: Any, logged: Collection[str]) -> None:
    """Warn of statistics of what nothing logs; a hook of one's own may log anything."""
    known = {*SCALARS, *logged}
    own = node.get("custom_cfg") or () if isinstance(node, Mapping) else ()
    for index, each in enumerate(own):
        source = each["data_src"]
        if source not in known and not source.endswith(("lr", "momentum")):
            print_log(
                f"log_processor.custom_cfg[{index}].data_src is {source!r}, which neither training "
                f"nor validation logs, as far as was tried{hint(source, known)}",
                "current",
                logging.WARNING,
            )


def _check_statistic(node: Any, names: set, by_epoch: bool, place: str) -> None:
    if not isinstance(node, Mapping) or not isinstance(node.get("data_src"), str):
        raise ValueError(f"{place} must be a dict with 'data_src', such as 'loss', got {node!r}")
    source = node["data_src"]
    meant = None if source in SCALARS else near_miss(source, SCALARS)
    if meant:
        raise ValueError(f"{place}.data_src is {source!r}; did you mean {meant!r}?")
    known = sorted(HistoryBuffer()._statistics_methods)
    method = node.get("method_name")
    if method not in known:
        raise ValueError(
            f"{place}.method_name must be one of {known}, got {method!r}{hint(str(method), known)}"
        )
    statistic = HistoryBuffer()._statistics_methods[method]
    taken = list(inspect.signature(statistic).parameters)[1:]  # without the buffer itself
    for key in node:
        if key not in (*_READ, *taken):
            raise ValueError(
                f"{place}.{key}, of method_name {method!r}: {unknown(key, [*_READ, *taken])}"
            )
    window = node.get("window_size", 1)
    check_option(window, _WINDOW, f"{place}.window_size")
    if window == "epoch" and not by_epoch:
        raise ValueError(f"{place}.window_size is 'epoch', but the log counts iterations")
    name = node.get("log_name", source)
    if name in names:
        raise ValueError(f"{place} logs {name!r} a second time; give it another log_name")
    names.add(name)
