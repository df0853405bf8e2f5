"""Distributed training without a GPU, which mmengine's set-up does not support.

`mmengine.dist.init_dist` calls `torch.cuda.set_device` before it opens the process group, and the
runner hands `DistributedDataParallel` a CUDA device index; both fail on a machine without CUDA.
"""

import os
import subprocess
from datetime import timedelta
from typing import Any

from mmengine.config import Config
from mmengine.device import get_device
from mmengine.logging import print_log
from torch import distributed as torch_dist
from torch.distributed import PrefixStore

from ..config_values import nodes
from ..registered import type_name


def prepare_distributed(cfg: Config) -> None:
    """Make a distributed run work without CUDA: gloo, CPU wrapper, no SyncBN.

    Does nothing if `cfg.launcher` is `'none'` or the machine has an accelerator. Otherwise it opens
    the process group with gloo (unless one is already open; mmengine's runner uses it as it is) and
    changes `cfg` in place: `env_cfg.dist_cfg.backend`, `model_wrapper_cfg.device_ids`, and every
    `SyncBN` in the models becomes `BN`, since torch's refuses CPU tensors. The user's wrapper and
    `find_unused_parameters` are kept. Calling it again changes nothing.

    Raises:
        ValueError: If `cfg.launcher` is not `'none'`, `'pytorch'`, `'slurm'` or `'mpi'`.
        ValueError: If an environment variable that the process group needs is missing.
    """
    launcher = cfg.get("launcher", "none")
    if launcher == "none" or get_device() != "cpu":
        return

    # Assign whole dictionaries: a config stores copies, so changing them in place has no effect.
    env_cfg = cfg.get("env_cfg") or {}
    dist_cfg = {**(env_cfg.get("dist_cfg") or {}), "backend": "gloo"}
    cfg["env_cfg"] = {**env_cfg, "dist_cfg": dist_cfg}
    if not torch_dist.is_initialized():
        _set_rendezvous(launcher)
        seconds = dist_cfg.get("timeout")
        # torch before 2.2 refuses None
        timeout: dict[str, Any] = {}
        if seconds is not None:
            timeout["timeout"] = timedelta(seconds=seconds)
        torch_dist.init_process_group(backend="gloo", **_store_of_attempt(), **timeout)

    # Without the user's wrapper, mmengine's default values.
    wrapper = cfg.get("model_wrapper_cfg") or {
        "type": "MMDistributedDataParallel",
        "broadcast_buffers": False,
        "find_unused_parameters": cfg.get("find_unused_parameters", False),
    }
    cfg["model_wrapper_cfg"] = {**wrapper, "device_ids": None}

    replaced = sum(_replace_sync_bn(cfg.get(key)) for key in ("model", "phases"))
    if cfg.get("sync_bn") is not None:
        cfg["sync_bn"] = None
        replaced += 1
    if replaced:
        print_log(
            "SyncBN needs a GPU: BN takes its place, so each process normalises by its own batch",
            logger="current",
        )


def _store_of_attempt() -> dict[str, Any]:
    """Arguments of a process group that torchrun has started again; empty otherwise.

    Its processes share the launcher's store, which still has the addresses of those that have
    ended: they are looked for under other names.
    """
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    if attempt in ("", "0") or os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True":
        return {}
    store, rank, world_size = next(torch_dist.rendezvous("env://"))
    return dict(store=PrefixStore(f"attempt_{attempt}", store), rank=rank, world_size=world_size)


def close_distributed() -> None:
    """Close the process group in all processes, if there is one.

    Otherwise gloo's threads may abort a finished process at the interpreter's exit, and torchrun
    reports a failure.
    """
    if torch_dist.is_available() and torch_dist.is_initialized():
        torch_dist.barrier()
        torch_dist.destroy_process_group()


def _set_rendezvous(launcher: str) -> None:
    """Set the variables that `env://` reads from those of the launcher."""
    if launcher == "slurm":
        _copy_environment(
            SLURM_PROCID="RANK", SLURM_NTASKS="WORLD_SIZE", SLURM_LOCALID="LOCAL_RANK"
        )
        if "MASTER_ADDR" not in os.environ:
            nodes = os.environ.get("SLURM_NODELIST", "")
            os.environ["MASTER_ADDR"] = _first_slurm_host(nodes)
    elif launcher == "mpi":
        _copy_environment(
            OMPI_COMM_WORLD_RANK="RANK",
            OMPI_COMM_WORLD_SIZE="WORLD_SIZE",
            OMPI_COMM_WORLD_LOCAL_RANK="LOCAL_RANK",
        )
    elif launcher != "pytorch":
        raise ValueError(
            f"launcher='{launcher}' is unknown: expected 'none', 'pytorch', 'slurm' or 'mpi'"
        )
    os.environ.setdefault("MASTER_PORT", "29500")
    missing = [key for key in ("RANK", "WORLD_SIZE", "MASTER_ADDR") if key not in os.environ]
    if missing:
        raise ValueError(
            f"launcher='{launcher}' needs the environment variables {', '.join(missing)}: "
            "start through tools/dist_train.sh, torchrun or srun"
        )


def _copy_environment(**names: str) -> None:
    for source, target in names.items():
        if source in os.environ:
            os.environ[target] = os.environ[source]


def _first_slurm_host(nodes: str) -> str:
    command = ["scontrol", "show", "hostname", nodes]
    try:
        hosts = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    except (OSError, subprocess.CalledProcessError) as error:
        raise ValueError(f"set MASTER_ADDR: `{' '.join(command)}` did not answer") from error
    if not hosts:
        raise ValueError(f"set MASTER_ADDR: `{' '.join(command)}` named no host")
    return hosts[0]


def _replace_sync_bn(part: object) -> int:
    """Replace `type='SyncBN'` by `'BN'` everywhere in a part of a config; return how many."""
    found = [n for n in nodes(part) if type_name(n) in ("SyncBN", "SyncBatchNorm")]
    for node in found:
        node["type"] = "BN"
    return len(found)
