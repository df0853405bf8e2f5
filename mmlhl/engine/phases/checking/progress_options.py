"""The options of the live display in a config."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ....config_values import number
from ....spelling import unknown

#: environment variable that switches the display off (0) or on (1) and overrides the config
VARIABLE = "MMLHL_LIVE"
OPTIONS: dict[str, Any] = dict(live=True, interval=1.0)


def progress_options(cfg: Mapping, environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """Check and return the config's ``progress``.

    Returns:
        ``live``, whether to draw if standard output is a terminal, and ``interval``, seconds
        between two drawings.

    Raises:
        ValueError: Naming an unknown key or an invalid value.
    """
    given = cfg.get("progress")
    given = {} if given is None else given
    if not isinstance(given, Mapping):
        raise ValueError(f"progress must be a dict such as {OPTIONS}, got {given!r}")
    for key in given:
        if key not in OPTIONS:
            raise ValueError(f"progress.{key}: {unknown(str(key), OPTIONS)}")
    options = {**OPTIONS, **given}
    if not isinstance(options["live"], bool):
        raise ValueError(f"progress.live is {options['live']!r}; it must be True or False")
    options["interval"] = number(options["interval"], "progress.interval")
    if not 0 < options["interval"] < 3600:
        raise ValueError(f"progress.interval is {given['interval']!r}; it is in seconds, above 0")
    wish = environ.get(VARIABLE, "")
    if wish not in ("", "0", "1"):
        raise ValueError(f"the environment variable {VARIABLE} is {wish!r}; it must be 0 or 1")
    return {**options, "live": wish == "1" if wish else options["live"]}
