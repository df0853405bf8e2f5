"""Checks of temperatures and factors of losses."""

from __future__ import annotations

import math
from typing import Any

from ...config_values import is_number


def temperature(value: Any, owner: str) -> float:
    """Check that a temperature is a finite number above 0, and return it.

    Args:
        value: The value in the config.
        owner: The loss, for the message.

    Raises:
        ValueError: If it is not.
    """
    if not is_number(value) or not 0 < value < math.inf:
        raise ValueError(f"{owner}: tau={value!r}, must be positive")
    return value


def factor(value: Any, where: str) -> float:
    """Check that the factor of a loss is a finite number from 0 on, and return it.

    A negative one would drive the student away from the teacher.

    Args:
        value: The value in the config.
        where: The loss and the option, for the message.

    Raises:
        ValueError: If it is not.
    """
    if not is_number(value) or not 0 <= value < math.inf:
        raise ValueError(f"{where}={value!r}, must be a number >= 0")
    return value
