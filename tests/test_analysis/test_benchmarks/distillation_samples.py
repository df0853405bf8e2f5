"""Configs and finished runs for the tests of the benchmark of distillation."""

from pathlib import Path

from finished_runs import finish_distillation as finish  # noqa: F401

CONFIGS = Path(__file__).parents[3] / "configs" / "benchmarks"
CNN, TRANSFORMER = "deeplabv3plus-r18-small", "segformer-b0-small"
METHODS = ["No distillation", "Pixel KD", "CWD", "HeteroAKD"]
