"""Trials of what a runner needs from outside: packages of backends, a compiler."""

from __future__ import annotations

import copy
import importlib.util
import sys
from collections.abc import Mapping
from functools import partial
from operator import attrgetter
from typing import Any

import torch
from mmengine.dist import get_world_size
from mmengine.model import MMDistributedDataParallel, MMSeparateDistributedDataParallel
from mmengine.model.efficient_conv_bn_eval import turn_on_efficient_conv_bn_eval_for_single_model
from mmengine.registry import MODEL_WRAPPERS
from mmseg.registry import VISBACKENDS
from torch import nn
from torch.fx import symbolic_trace
from torch.nn.parallel import DistributedDataParallel

from ....config_values import as_list
from ....registered import registered_class, type_name
from ..checking.key_checker import KeyChecker
from ..checking.option_types import check_types
from ..checking.runner_options import SUBMODULES
from ..checking.signatures import options_of
from .build import named

#: packages that mmengine's backends import once they log, of which one is enough
PACKAGES = {
    "WandbVisBackend": ("wandb",),
    "MLflowVisBackend": ("mlflow",),
    "TensorboardVisBackend": ("tensorboard", "tensorboardX"),
    "ClearMLVisBackend": ("clearml",),
    "NeptuneVisBackend": ("neptune",),
    "DVCLiveVisBackend": ("dvclive",),
    "AimVisBackend": ("aim",),
}


def try_running(cfg: Mapping, where: str) -> None:
    """Check that backends' packages are installed, and that torch takes options of compiling.

    Raises:
        ValueError: Naming the backend and its package, or the option.
    """
    backends = (cfg.get("visualizer") or {}).get("vis_backends")
    for index, backend in enumerate(backends if isinstance(backends, (list, tuple)) else ()):
        cls = registered_class(VISBACKENDS, backend)
        packages = PACKAGES.get(cls.__name__, ()) if cls is not None else ()
        if packages and not any(map(_is_installed, packages)):
            raise ValueError(
                f"{where}: visualizer.vis_backends[{index}]: {type_name(backend)} needs the "
                f"package {packages[0]}, which is not installed: pip install {packages[0]}, or "
                "leave it out"
            )
    _check_wrapper(cfg.get("model_wrapper_cfg"), f"{where}: model_wrapper_cfg")
    if options := cfg.get("compile"):
        given = {} if options is True else dict(options)
        # torch checks its options; nothing is compiled before the first call
        named(f"{where}: compile", partial(torch.compile, **given), lambda: None)


def try_submodules(cfg: Mapping, model: Any, where: str) -> None:
    """Try the options of mmengine's runner that change how parts of the model compute.

    Args:
        cfg: A config.
        model: Its model, which is left as it is.
        where: Beginning of messages.

    Raises:
        ValueError: Naming the option, and the part that the model lacks or that cannot be changed.
    """
    for key in SUBMODULES:
        for name in as_list(cfg[key]) if cfg.get(key) is not None else ():
            part = named(f"{where}{key}", attrgetter(name), model)
            if key == "efficient_conv_bn_eval":  # which torch has to trace
                change = turn_on_efficient_conv_bn_eval_for_single_model
                named(f"{where}{key}: {name!r}", change, copy.deepcopy(part))
                if get_world_size() == 1:  # several keep SyncBN, which a trial replaces as one does
                    named(f"{where}{key}: {name!r}", _check_modes, copy.deepcopy(part))


def _check_modes(part: nn.Module) -> None:
    """Refuse a part that computes otherwise in tests, as a trace of training would be tested."""
    codes = set()
    for mode in (True, False):
        part.train(mode)
        codes.add(symbolic_trace(part).code)
    if len(codes) > 1:
        raise ValueError(
            "mmengine traces it in training, and SyncBN of one process, or a DropPath, would go on "
            "as in training when it is tested: write norm_cfg=dict(type='BN'), or leave this out"
        )


def _check_wrapper(config: Any, place: str) -> None:
    """Check options that mmengine's wrappers of several processes pass on to torch's."""
    if not isinstance(config, Mapping):
        return
    cls = registered_class(MODEL_WRAPPERS, {"type": "MMDistributedDataParallel", **config})
    if cls not in (MMDistributedDataParallel, MMSeparateDistributedDataParallel):
        return
    check = KeyChecker("")
    names = {*options_of(cls)[0], *options_of(DistributedDataParallel)[0], "type", "_scope_"}
    options = {key: value for key, value in config.items() if key not in ("type", "_scope_")}
    check.names(options, names, place)
    check_types(DistributedDataParallel, options, place)


def _is_installed(package: str) -> bool:
    return package in sys.modules or importlib.util.find_spec(package) is not None
