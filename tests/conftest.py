"""Readies the processes that run tests; one that only hands them out to others imports nothing.

The latter reads this file and those of the folders below, which import what they need in functions.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))


def pytest_configure(config):
    """Import everything, and ready a process that has done so for those of a test."""
    if config.getoption("dist", "no") != "no" and "PYTEST_XDIST_WORKER" not in os.environ:
        return
    config.pluginmanager.import_plugin("shared_fixtures")
    import warm

    warm.prepare()


def pytest_collection_finish():
    """Garbage collection passes over what is imported by now, and comes when it is asked for.

    mmengine asks often; what comes between took a twentieth of the tests' time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
