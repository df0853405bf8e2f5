from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "tools" / "benchmarks"


@pytest.fixture
def benchmark_tool(monkeypatch):
    """A function: one of ``tools/benchmarks`` as a module, by name."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))  # they import each other, as scripts do

    def load(name):
        spec = importlib.util.spec_from_file_location(
            f"benchmark_{name}", BENCHMARKS / f"{name}.py"
        )
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)  # where dataclasses look
        spec.loader.exec_module(module)
        return module

    return load
