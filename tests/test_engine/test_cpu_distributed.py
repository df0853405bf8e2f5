"""Setup of a distributed run without CUDA; test_tools has one with two real processes."""

import os
import stat
import time
from contextlib import suppress

import pytest
import torch
from mmengine.config import Config
from torch import distributed as torch_dist

from mmlhl.engine import cpu_distributed
from mmlhl.engine.cpu_distributed import prepare_distributed

NAMES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")


@pytest.fixture(autouse=True)
def cpu_machine(monkeypatch):
    """A machine without accelerator or launcher; closes the process group afterwards."""
    monkeypatch.setattr(cpu_distributed, "get_device", lambda: "cpu")
    before = {name: os.environ.pop(name, None) for name in NAMES}
    yield
    if torch_dist.is_initialized():
        torch_dist.destroy_process_group()
    for name, value in before.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value


@pytest.fixture
def one_process(tmp_path):
    """A process group of one, open already, as in a later phase of a sequence."""
    torch_dist.init_process_group(
        "gloo", init_method=f"file://{tmp_path / 'meet'}", rank=0, world_size=1
    )


def config(**entries):
    model = {"type": "Any", "backbone": {"norm_cfg": {"type": "SyncBN", "eps": 0.1}}}
    return Config({"launcher": "pytorch", "model": model, **entries})


def test_no_launcher_changes_nothing():
    cfg = config(launcher="none")
    before = cfg.pretty_text
    prepare_distributed(cfg)
    assert cfg.pretty_text == before
    assert not torch_dist.is_initialized()


def test_accelerator_changes_nothing(monkeypatch):
    monkeypatch.setattr(cpu_distributed, "get_device", lambda: "cuda")
    cfg = config(env_cfg={"dist_cfg": {"backend": "nccl"}})
    before = cfg.pretty_text
    prepare_distributed(cfg)
    assert cfg.pretty_text == before
    assert not torch_dist.is_initialized()


def test_config_is_made_for_the_cpu(one_process):
    cfg = config(
        env_cfg={"cudnn_benchmark": True, "dist_cfg": {"backend": "nccl", "timeout": 60}},
        find_unused_parameters=True,
        phases=[{"cfg": {"model": {"neck": [{"norm_cfg": {"type": "mmseg.SyncBN"}}]}}}],
        sync_bn="torch",
    )
    prepare_distributed(cfg)
    assert cfg.env_cfg == {"cudnn_benchmark": True, "dist_cfg": {"backend": "gloo", "timeout": 60}}
    assert cfg.model_wrapper_cfg == {
        "type": "MMDistributedDataParallel",
        "broadcast_buffers": False,
        "find_unused_parameters": True,
        "device_ids": None,
    }
    assert cfg.model.backbone.norm_cfg == {"type": "BN", "eps": 0.1}
    assert cfg.phases[0].cfg.model.neck[0].norm_cfg.type == "BN"
    assert cfg.sync_bn is None


def test_wrapper_of_the_user_is_kept(one_process):
    cfg = config(model_wrapper_cfg={"type": "Own", "static_graph": True})
    prepare_distributed(cfg)
    assert cfg.model_wrapper_cfg == {"type": "Own", "static_graph": True, "device_ids": None}


def test_preparing_twice_changes_nothing(one_process):
    cfg = config()
    prepare_distributed(cfg)
    group, text = torch_dist.group.WORLD, cfg.pretty_text
    prepare_distributed(cfg)
    assert torch_dist.group.WORLD is group
    assert cfg.pretty_text == text


def test_opens_a_gloo_group_from_the_environment(monkeypatch):
    calls = []
    monkeypatch.setattr(torch_dist, "init_process_group", lambda **given: calls.append(given))
    os.environ.update(RANK="0", WORLD_SIZE="1", MASTER_ADDR="127.0.0.1")
    prepare_distributed(config(env_cfg={"dist_cfg": {"timeout": 60}}))
    (given,) = calls
    assert given["backend"] == "gloo"
    assert given["timeout"].total_seconds() == 60
    prepare_distributed(config())
    assert "timeout" not in calls[1]  # torch before 2.2 refuses None
    assert os.environ["MASTER_PORT"] == "29500"


def test_slurm_variables_are_translated(monkeypatch, tmp_path):
    monkeypatch.setattr(torch_dist, "init_process_group", lambda **given: None)
    for name, value in {"PROCID": "3", "NTASKS": "4", "LOCALID": "1", "NODELIST": "n[1-2]"}.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    scontrol = tmp_path / "scontrol"
    scontrol.write_text('#!/bin/sh\n[ "$*" = "show hostname n[1-2]" ] && printf "n1\\nn2\\n"\n')
    scontrol.chmod(scontrol.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    prepare_distributed(config(launcher="slurm"))
    found = {name: os.environ[name] for name in NAMES}
    assert found == {
        "RANK": "3",
        "WORLD_SIZE": "4",
        "LOCAL_RANK": "1",
        "MASTER_ADDR": "n1",
        "MASTER_PORT": "29500",
    }


def test_slurm_without_scontrol_says_what_to_set(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError, match="set MASTER_ADDR"):
        prepare_distributed(config(launcher="slurm"))


def test_pytorch_launcher_without_variables_names_them():
    with pytest.raises(ValueError, match="RANK, WORLD_SIZE, MASTER_ADDR"):
        prepare_distributed(config())


def test_unknown_launcher():
    with pytest.raises(ValueError, match="launcher='pbs'"):
        prepare_distributed(config(launcher="pbs"))


def test_sync_bn_class_counts_too(one_process):
    cfg = Config({"launcher": "pytorch", "model": {"norm": {"type": torch.nn.SyncBatchNorm}}})
    prepare_distributed(cfg)
    assert cfg.model.norm.type == "BN"


def _attempt(number, port):
    """Start two processes as torchrun does, which end without closing their group; exit codes."""
    started = []
    for rank in range(2):
        child = os.fork()
        if child:
            started.append(child)
            continue
        with suppress(BaseException):
            os.environ.update(RANK=str(rank), WORLD_SIZE="2", MASTER_ADDR="127.0.0.1")
            os.environ.update(MASTER_PORT=str(port), TORCHELASTIC_USE_AGENT_STORE="True")
            os.environ["TORCHELASTIC_RESTART_COUNT"] = str(number)
            time.sleep(0.1 * (1 - rank))  # rank 1 looks before rank 0 has told its address
            prepare_distributed(config(env_cfg={"dist_cfg": {"timeout": 10}}))
            total = torch.ones(1)
            torch_dist.all_reduce(total)
            os._exit(int(total.item()))
        os._exit(77)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in started]


def test_processes_that_torchrun_started_again_do_not_look_for_those_that_ended():
    """The launcher's store, which all attempts share, still has their addresses."""
    store = torch_dist.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    assert [_attempt(number, store.port) for number in range(3)] == [[2, 2]] * 3
