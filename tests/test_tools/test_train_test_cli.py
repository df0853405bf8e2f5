"""The command lines of tools/train.py and tools/test.py, by one process and by two."""

import json
import os
import re
import runpy
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
import warm
from mmengine.config import Config
from mmengine.optim import AmpOptimWrapper, OptimWrapper

from mmlhl.engine.locking import locked
from mmlhl.engine.test_options import use_views

TOOLS = Path(__file__).resolve().parents[2] / "tools"
sys.path.insert(0, str(Path(__file__).parent))

import toy_project  # noqa: E402


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "toy.py"
    path.write_text(toy_project.CONFIG)
    return path


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / "weight_3.pth"
    torch.save({"state_dict": {"weight": torch.tensor([3.0])}, "meta": {}}, path)
    return path


@pytest.fixture
def run(monkeypatch):
    """Run a tool in this process, with the given command line."""

    def run_tool(name, *args):
        monkeypatch.setattr(sys, "argv", [name, *map(str, args)])
        monkeypatch.setenv("LOCAL_RANK", "0")
        runpy.run_path(str(TOOLS / name), run_name="__main__")

    return run_tool


def weight_in(path):
    return torch.load(path)["state_dict"]["weight"].item()


def metrics_in(work_dir):
    """The metrics that mmengine wrote as JSON, with any time stamp in the name."""
    (path,) = work_dir.glob("*/*.json")
    # mmengine lets every rank write this file: the longer text of one may end behind the other's
    values, _ = json.JSONDecoder().raw_decode(path.read_text())
    return {name: values[name] for name in ("sum", "count", "kept")}


def test_train_writes_to_the_work_dir(config, tmp_path, run, capfd):
    run("train.py", config, "--work-dir", tmp_path / "out")
    assert weight_in(tmp_path / "out" / "iter_1.pth") == 1.5
    assert "ToyRunner" not in capfd.readouterr().out


def test_train_work_dir_defaults_to_the_configs_folder_and_name(config, tmp_path, run, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run("train.py", config)
    assert (tmp_path / "work_dirs" / tmp_path.name / "toy" / "iter_1.pth").exists()


def test_train_uses_the_runner_of_the_config_and_its_options(config, tmp_path, run, capfd):
    options = ["runner_type=ToyRunner", "model.scale=4.0"]
    run("train.py", config, "--work-dir", tmp_path / "out", "--cfg-options", *options)
    assert "ToyRunner trains" in capfd.readouterr().out
    assert weight_in(tmp_path / "out" / "iter_1.pth") == 6.0


@pytest.mark.parametrize("flags", [["--resume", "--cfg-options"], ["--cfg-options", "resume=True"]])
def test_train_resumes(config, tmp_path, run, flags):
    out = tmp_path / "out"
    run("train.py", config, "--work-dir", out)
    run("train.py", config, "--work-dir", out, *flags, "train_cfg.max_iters=2")
    # mmengine's loop continues with the second batch: 1.5 + 3.5
    assert weight_in(out / "iter_2.pth") == 5.0


def test_an_attempt_of_torchrun_resumes_what_the_one_before_saved(
    config, checkpoint, tmp_path, run, monkeypatch
):
    out, given = tmp_path / "out", ["--cfg-options", f"load_from={checkpoint}"]
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "1")
    run("train.py", config, "--work-dir", out, *given)  # nothing had been saved
    assert weight_in(out / "iter_1.pth") == 4.5
    run("train.py", config, "--work-dir", out, *given, "train_cfg.max_iters=2")
    assert weight_in(out / "iter_2.pth") == 8.0


def test_first_weights_are_compared_without_a_dry_run_too(config, checkpoint, tmp_path, run):
    torch.save(dict(state_dict=dict(other=torch.ones(1))), checkpoint)
    options = ["--cfg-options", f"load_from={checkpoint}", "dry_run=False"]
    with pytest.raises(SystemExit, match="no weight of it fits"):
        run("train.py", config, "--work-dir", tmp_path / "out", *options)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("options", [["model.scale=1e39"], ["model.scale=-1e39"], []])
def test_train_without_phases_refuses_as_a_sequence_does(config, tmp_path, run, options):
    out = tmp_path / "out"  # in use, or with losses that are not finite
    in_use = nullcontext() if options else locked(out)
    with in_use, pytest.raises(SystemExit, match="not finite" if options else f"{out} is in use"):
        run("train.py", config, "--work-dir", out, *(["--cfg-options", *options] * bool(options)))
    assert not (out / "iter_1.pth").exists()


def test_train_amp_switches_the_wrapper(config, tmp_path, run):
    train = runpy.run_path(str(TOOLS / "train.py"))
    train["enable_amp"](Config(dict()))  # a missing wrapper is named later
    cfg = Config.fromfile(config)
    train["enable_amp"](cfg)
    assert cfg.optim_wrapper.type == "AmpOptimWrapper"
    assert cfg.optim_wrapper.loss_scale == "dynamic"
    train["enable_amp"](cfg)  # a second time: no complaint
    for spelling in (AmpOptimWrapper, "mmengine.AmpOptimWrapper"):
        cfg.optim_wrapper.type = spelling
        train["enable_amp"](cfg)
        assert cfg.optim_wrapper.type is spelling
    for spelling in (OptimWrapper, "mmengine.OptimWrapper"):
        cfg.optim_wrapper.type = spelling
        train["enable_amp"](cfg)
        assert cfg.optim_wrapper.type == "AmpOptimWrapper"
    cfg.optim_wrapper.type = "OtherWrapper"
    with pytest.raises(ValueError, match="OtherWrapper"):
        train["enable_amp"](cfg)


def test_test_writes_metrics(config, checkpoint, tmp_path, run, capfd):
    out = tmp_path / "metrics"
    run("test.py", config, checkpoint, "--work-dir", out, "--cfg-options", "resume=True")
    assert metrics_in(out) == {"sum": 30.0, "count": 4, "kept": 0}
    run("test.py", config, checkpoint, "--work-dir", out, "--cfg-options", "runner_type=ToyRunner")
    assert "ToyRunner tests" in capfd.readouterr().out


def test_test_out_and_tta(config, checkpoint, tmp_path, run):
    out = tmp_path / "metrics"
    run("test.py", config, checkpoint, "--work-dir", out, "--out", tmp_path / "maps", "--tta")
    metrics = metrics_in(out)
    assert metrics["kept"] == 1
    assert metrics["sum"] == 60.0  # the wrapper's: twice the model's


@pytest.mark.parametrize(
    ("flags", "message"),
    [(["--show-dir", "x"], "default_hooks.visualization"), (["--tta"], "tta_model")],
)
def test_test_names_missing_settings(config, checkpoint, tmp_path, run, flags, message):
    text = config.read_text().replace("tta_model", "other_model")
    config.write_text(text)
    with pytest.raises(SystemExit, match=f"^test.py: .*{message}"):  # one line, no traceback
        run("test.py", config, checkpoint, "--work-dir", tmp_path / "out", *flags)


EVALUATOR = "test_evaluator = dict(type='ToyEvaluator', metrics=dict(type='ToySum'))\n"


@pytest.mark.parametrize(
    ("before", "after", "flags", "message"),
    [
        ("test_dataloader = loader\n", "", [], "a test needs .*; test_dataloader not set"),
        (EVALUATOR, "test_cfg = None\n", [], "; test_evaluator, test_cfg not set"),
        ("test_dataloader = loader\n", "test_dataloader = dict()\n", [], "needs dataset=dict"),
        (EVALUATOR, "test_evaluator = [dict(type='ToySum')]\n", ["--out"], "is a list of metrics"),
        (EVALUATOR, "test_evaluator = dict(type='ToySum')\n", ["--out"], "is ToySum, which writes"),
        ("default_hooks = dict(", "default_hooks = dict(visualization=dict(type='T'),",
         ["--show-dir"], "--show-dir need visualizer, e.g."),
    ],
)  # fmt: skip
def test_test_names_what_a_config_lacks_for_it(
    config, checkpoint, tmp_path, run, before, after, flags, message
):
    text = config.read_text()
    assert before in text
    config.write_text(text.replace(before, after))
    options = [part for flag in flags for part in (flag, tmp_path / "maps")]
    with pytest.raises(SystemExit, match=f"^test.py: .*{message}"):
        run("test.py", config, checkpoint, "--work-dir", tmp_path / "out", *options)
    assert not (tmp_path / "out").exists() and not (tmp_path / "maps").exists()


def test_views_of_datasets_inside_wrappers():
    plain, views = [dict(type="A")], [dict(type="B")]
    inner = [dict(type="Toy", pipeline=plain), dict(type="Toy", root="x", pipeline=plain)]
    whole = dict(
        type="ConcatDataset",
        datasets=[inner[0], dict(type="RepeatDataset", times=2, dataset=inner[1])],
    )
    cfg = Config(
        dict(
            model=dict(type="M"),
            tta_model=dict(type="T"),
            tta_pipeline=views,
            test_dataloader=dict(dataset=whole),
        )
    )
    assert [dataset["pipeline"] for dataset in use_views(cfg)] == [plain, plain]
    found = cfg.test_dataloader.dataset
    assert "pipeline" not in found and "pipeline" not in found.datasets[1]
    assert found.datasets[0].pipeline == found.datasets[1].dataset.pipeline == views
    assert cfg.model.type == "T" and cfg.model.module.type == "M"


def test_train_averages_over_two_processes(config, tmp_path):
    """What ``tools/dist_train.sh`` starts; the script itself has a test beside the runners."""
    out = tmp_path / "out"
    options = ["--work-dir", out, "--cfg-options", "model.norm_cfg.type=BN"]
    warm.run_ranks(
        *(TOOLS / "train.py", config, "--launcher", "pytorch", *options), folder=tmp_path
    )
    assert weight_in(out / "iter_1.pth") == 2.5


def test_test_gathers_from_two_processes(config, checkpoint, tmp_path):
    """What ``tools/dist_test.sh`` starts."""
    out = tmp_path / "metrics"
    options = ["--launcher", "pytorch", "--work-dir", out]
    warm.run_ranks(TOOLS / "test.py", config, checkpoint, *options, folder=tmp_path)
    assert metrics_in(out) == {"sum": 30.0, "count": 4, "kept": 0}


@pytest.mark.parametrize(
    ("script", "files"), [("train", ["a config.py"]), ("test", ["a config.py", "b.pth"])]
)
def test_dist_scripts_pass_everything_to_torchrun(tmp_path, script, files):
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    python.chmod(0o755)
    names = ("NNODES", "NODE_RANK", "MASTER_ADDR")
    env = {key: value for key, value in os.environ.items() if key not in names}
    env.update(PYTHON=str(python), PORT="1234")
    command = ["bash", str(TOOLS / f"dist_{script}.sh"), *files, "2", "--cfg-options", "a=b c"]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.splitlines() == [
        *(str(TOOLS / "_torchrun.py"), "--nnodes=1", "--node_rank=0"),
        *("--master_addr=127.0.0.1", "--master_port=1234", "--nproc_per_node=2"),
        *(str(TOOLS / f"{script}.py"), "--launcher", "pytorch"),
        *(*files, "--cfg-options", "a=b c"),
    ]


@pytest.mark.parametrize(
    ("processes", "variables", "message"),
    [
        ("two", {}, "PROCESSES must be a whole number from 1 to 9999, got 'two'"),
        ("model.pth", {}, "PROCESSES must be .*, got 'model.pth'"),
        ("0", {}, "PROCESSES must be .*, got '0'"),
        ("2", {"PORT": "70000"}, "PORT must be a whole number from 0 to 65535, got '70000'"),
        ("2", {"NNODES": "two"}, "NNODES must be .*, got 'two'"),
        ("2", {"NNODES": "2", "NODE_RANK": "2"}, "NODE_RANK must be .* from 0 to 1, got '2'"),
        ("2", {"NNODES": "08", "NODE_RANK": "7"}, None),
        ("2", {"NNODES": "1:4", "NODE_RANK": "3"}, None),
        ("auto", {}, None),
    ],
)
def test_dist_scripts_refuse_numbers_that_are_none(processes, variables, message):
    command = ["bash", str(TOOLS / "dist_test.sh"), "a.py", "b.pth", processes]
    names = ("NNODES", "NODE_RANK", "PORT")
    env = {key: value for key, value in os.environ.items() if key not in names}
    env.update(PYTHON="true", **variables)
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == (2 if message else 0)
    assert re.search(f"^dist_test.sh: {message}" if message else "^$", done.stderr)


@pytest.mark.parametrize("script", sorted(path.name for path in TOOLS.glob("*_t*.sh")))
def test_scripts_show_their_usage(script):
    done = subprocess.run(["bash", str(TOOLS / script)], capture_output=True, text=True)
    assert done.returncode == 2
    assert f"tools/{script}" in done.stderr


def test_slurm_scripts_pass_everything_to_srun(tmp_path):
    srun = tmp_path / "srun"
    srun.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    srun.chmod(0o755)
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHON": "py", "GPUS": "2"}
    env.update(GPUS_PER_NODE="2", SRUN_ARGS="--time 5 --qos low")
    command = ["bash", str(TOOLS / "slurm_train.sh"), "part", "job", "cfg.py", "--amp"]
    words = subprocess.run(command, env=env, capture_output=True, text=True).stdout.split("\n")
    assert words[:2] == ["--partition=part", "--job-name=job"]
    assert {"--ntasks=2", "--gres=gpu:2", "--time", "5", "--qos", "low"} <= set(words)
    tail = words[words.index("py") :]
    assert tail[:2] == ["py", "-u"] and tail[2].endswith("tools/train.py")
    assert tail[3:7] == ["--launcher", "slurm", "cfg.py", "--amp"]
