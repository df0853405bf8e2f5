"""Configs and finished runs for the tests of the benchmark of distillation."""

import json
from pathlib import Path

CONFIGS = Path(__file__).parents[3] / "configs" / "benchmarks"
CNN, TRANSFORMER = "deeplabv3plus-r18-small", "segformer-b0-small"
METHODS = ["No distillation", "Pixel KD", "CWD", "HeteroAKD"]


def finish(run, root, miou, seconds=60.0):
    """Leave the result of a run as training would."""
    folder = run.folder(root)
    folder.mkdir(parents=True, exist_ok=True)
    result = {"seg/mIoU": miou, "seg/aAcc": 80.0, "seconds": seconds, "epochs": 8}
    (folder / "result.json").write_text(json.dumps(result))
