"""Readies the processes that run tests; one that only hands them out to others imports nothing.

The latter reads this file and those of the folders below, which import what they need in functions.
"""

from __future__ import annotations

import gc
import logging
import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

# Thousands of small files: in memory they take a tenth of the time that they take on some disks.
MEMORY = "/dev/shm"
if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK):
    if shutil.disk_usage(MEMORY).free > 2 * 1024**3:
        os.environ["TMPDIR"] = tempfile.tempdir = MEMORY


def pytest_configure(config):
    """Import everything, and ready a process that has done so for those of a test."""
    if config.getoption("dist", "no") != "no" and "PYTEST_XDIST_WORKER" not in os.environ:
        return
    # mmengine makes a log record of every registry lookup, which no handler writes
    logging.disable(logging.DEBUG)
    os.fsync = lambda handle: None  # files of tests need not survive a power cut
    config.pluginmanager.import_plugin("shared_fixtures")
    import warm

    warm.prepare()


def pytest_collection_finish():
    """Garbage collection, which mmengine often asks for, passes over what is imported by now."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def pytest_runtest_teardown(item, nextitem):
    """It also passes over what the tests of a file have imported and keep."""
    if nextitem is None or nextitem.path != item.path:
        gc.collect()
        gc.freeze()
