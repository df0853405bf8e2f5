"""What the command line of a test changes in its config."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from mmengine.config import Config
from mmseg.registry import EVALUATOR, METRICS

from ..datasets.wrappers import innermost_configs
from ..registered import registered_class, type_name
from .phases.checking.signatures import options_of

NEEDED = ("test_dataloader", "test_evaluator", "test_cfg")
WINDOW = "default_hooks.visualization"


def need_test(cfg: Config, source: str) -> None:
    """Check that a config says what is tested.

    Raises:
        ValueError: Naming the keys that are missing.
    """
    missing = [key for key in NEEDED if cfg.get(key) is None]
    if missing:
        raise ValueError(
            f"{source}: a test needs {', '.join(NEEDED)}; {', '.join(missing)} not set"
        )
    if not isinstance(cfg.test_dataloader.get("dataset"), Mapping):
        raise ValueError(f"{source}: test_dataloader needs dataset=dict(type=...)")


def draw_predictions(cfg: Config, folder: str | None, wait: float | None) -> None:
    """Switch the visualization hook on.

    Args:
        cfg: The config; changed in place.
        folder: Folder for the pictures; None for the config's.
        wait: Seconds that a window shows each picture; None for no window.

    Raises:
        ValueError: If the config has no such hook, or no visualizer.
    """
    hook: Any = (cfg.get("default_hooks") or {}).get("visualization")
    needed = {WINDOW: hook, "visualizer": cfg.get("visualizer")}
    lacking = [name for name, given in needed.items() if not given]
    if lacking:
        raise ValueError(
            f"--show and --show-dir need {' and '.join(lacking)}, e.g. "
            f"{WINDOW}=dict(type='MultiTaskVisualizationHook'), "
            "visualizer=dict(type='MultiTaskVisualizer')"
        )
    hook["draw"] = True
    if wait is not None:
        hook.update(show=True, wait_time=wait)
    if folder:
        cfg.visualizer["save_dir"] = folder


def write_predictions(cfg: Config, folder: str) -> None:
    """Let the evaluator write predictions.

    Raises:
        ValueError: If the evaluator, or the only metric, has no option for it.
    """
    evaluator: Any = cfg.test_evaluator
    kind = None
    if isinstance(evaluator, Mapping):
        kind = registered_class(EVALUATOR, evaluator) or registered_class(METRICS, evaluator)
    names = options_of(kind)[0] if kind is not None else ()
    if "output_dir" not in names:
        what = type_name(evaluator) if isinstance(evaluator, Mapping) else "a list of metrics"
        raise ValueError(
            f"--out: test_evaluator is {what}, which writes no predictions; a "
            "MultiTaskEvaluator does, and `mmlhl infer`"
        )
    evaluator["output_dir"] = folder
    if "keep_results" in names:
        evaluator["keep_results"] = True


def use_views(cfg: Config) -> list[dict]:
    """Wrap the model and swap the pipelines for test-time augmentation.

    Args:
        cfg: The config; changed in place. Datasets inside wrappers get the pipeline as well.

    Returns:
        Copies of the datasets' configs with the pipelines of the plain test.

    Raises:
        ValueError: If the config lacks ``tta_model`` or ``tta_pipeline``.
    """
    missing = [key for key in ("tta_model", "tta_pipeline") if key not in cfg]
    if missing:
        raise ValueError(f"--tta needs {' and '.join(missing)} in the config")
    found = []
    for dataset in innermost_configs(cfg.test_dataloader.dataset):
        found.append(copy.deepcopy(dataset))
        dataset["pipeline"] = cfg.tta_pipeline
    cfg.tta_model.module = cfg.model
    cfg.model = cfg.tta_model
    return found
