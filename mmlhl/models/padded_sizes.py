"""Checks of the sizes that a data preprocessor pads images to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..config_values import is_size, is_whole
from ..spelling import hint


def check_padding(size: Any, divisor: Any, where: str = "") -> None:
    """Refuse sizes that images cannot be padded to.

    Raises:
        ValueError: Naming the key and its value.
    """
    if size is not None and divisor is not None:
        raise ValueError(
            f"data_preprocessor has {where}size={size} and {where}size_divisor={divisor}; give "
            "only one"
        )
    if size is not None and not is_size(size):
        raise ValueError(
            f"data_preprocessor has {where}size={size!r}; it must be (height, width), each > 0, in "
            "pixels"
        )
    if divisor is not None and not (is_whole(divisor) and divisor > 0):
        raise ValueError(
            f"data_preprocessor has {where}size_divisor={divisor!r}; it must be a whole number of "
            "pixels > 0"
        )


def check_test_cfg(test_cfg: Any) -> None:
    """Refuse options of tests that are not read, and sizes as :func:`check_padding`.

    Raises:
        ValueError: Naming the key.
    """
    if test_cfg is None:
        return
    if not isinstance(test_cfg, Mapping):
        raise ValueError(f"data_preprocessor has test_cfg={test_cfg!r}; it must be a dict")
    known = ("size", "size_divisor")
    for key in test_cfg:
        if key not in known:
            raise ValueError(
                f"data_preprocessor.test_cfg.{key}: unknown key{hint(key, known)}; it takes "
                f"{' or '.join(known)}"
            )
    check_padding(test_cfg.get("size"), test_cfg.get("size_divisor"), "test_cfg.")
