"""The benchmark of distillation between architectures: its runs, their budgets, its report."""

import json
from pathlib import Path

import pytest
from mmengine.config import Config

CONFIGS = Path(__file__).parents[2] / "configs" / "benchmarks"
CNN, TRANSFORMER = "deeplabv3plus-r18-small", "segformer-b0-small"
METHODS = ["No distillation", "Pixel KD", "CWD", "HeteroAKD"]


@pytest.fixture
def tool(benchmark_tool):
    return benchmark_tool("heteroakd")


@pytest.fixture(params=["rooms", "camvid"])
def cfg(request):
    return Config.fromfile(CONFIGS / f"heteroakd_{request.param}.py")


@pytest.fixture
def rooms():
    return Config.fromfile(CONFIGS / "heteroakd_rooms.py")


def finish(run, root, miou, seconds=60.0):
    """Leave the result of a run as training would."""
    folder = run.folder(root)
    folder.mkdir(parents=True, exist_ok=True)
    result = {"seg/mIoU": miou, "seg/aAcc": 80.0, "seconds": seconds, "epochs": 8}
    (folder / "result.json").write_text(json.dumps(result))


# -- runs ------------------------------------------------------------------------------------------
def test_both_directions_all_methods_and_seeds(tool, cfg, tmp_path):
    runs = tool.all_runs(cfg, [0, 1, 2], METHODS)
    assert len(set(runs)) == len(runs) == 2 * 4 * 3
    assert len({run.folder(tmp_path) for run in runs}) == len(runs)
    assert [run.seed for run in runs] == [0] * 8 + [1] * 8 + [2] * 8
    assert all(run.file.is_file() for run in runs)
    taught = [run for run in runs if run.teacher]
    assert {run.config.split("/")[0] for run in taught} == {"kd", "cwd", "heteroakd"}
    teachers = {run.teacher_run for run in taught}
    assert len(teachers) == 2  # one an architecture, shared by three methods and three seeds
    assert all(t.file.is_file() and t.teaches and t.teacher_run is None for t in teachers)
    for run in taught:
        cnn = "deeplab" in run.config.split("_from_")[0]
        assert ("segformer" in run.teacher) == cnn
        assert run.teacher_run.seed == 0


def test_equal_budgets_and_longer_teachers(tool, cfg, tmp_path):
    runs = tool.all_runs(cfg, [1], METHODS)
    configs = [tool.run_config(cfg, run, tmp_path) for run in runs]
    first = configs[0]
    epochs = cfg.benchmark.epochs
    for run, out in zip(runs, configs, strict=True):
        differ = {key for key in out if out[key] != first.get(key)} | (set(first) - set(out))
        assert differ <= {"model"} and "benchmark" not in out
        assert out.train_cfg.max_epochs == out.train_cfg.val_begin == epochs["student"]
        assert out.param_scheduler[-1].end == epochs["student"]
        assert out.randomness == dict(seed=1)
        plain = out.model.get("student", out.model)
        assert plain.data_preprocessor == cfg.model.data_preprocessor
        if run.teacher:
            folder = run.teacher_run.folder(tmp_path)
            last = folder / f"epoch_{epochs['teacher']}.pth"
            assert out.model.teacher == dict(config=str(folder / "config.py"), checkpoint=str(last))
    teacher = tool.run_config(cfg, runs[1].teacher_run, tmp_path)
    assert teacher.train_cfg.max_epochs == epochs["teacher"] > epochs["student"]
    assert teacher.param_scheduler[-1].end == epochs["teacher"]
    assert teacher.param_scheduler[0].end == first.param_scheduler[0].end == 2  # the warm-up
    assert teacher.default_hooks.checkpoint.interval == epochs["teacher"]
    assert cfg.train_cfg.max_epochs == 30  # the benchmark's own config is as it was


def test_smoke_is_short(tool, cfg, tmp_path):
    tool.shrink(cfg)
    run = tool.all_runs(cfg, [0], ["HeteroAKD"])[0]
    out = tool.run_config(cfg, run, tmp_path)
    assert out.train_dataloader.dataset.indices == 2 * out.train_dataloader.batch_size
    assert out.val_dataloader.dataset.indices == 4
    assert out.train_cfg.max_epochs == 3 and out.model.teacher.checkpoint.endswith("epoch_3.pth")


# -- logs ------------------------------------------------------------------------------------------
def write_log(folder, stamp, *entries):
    path = folder / stamp / "vis_data"
    path.mkdir(parents=True)
    (path / "scalars.json").write_text("".join(json.dumps(entry) + "\n" for entry in entries))


def test_figures_are_those_of_the_final_evaluation(tool, tmp_path):
    loss = {"loss": 1.0, "step": 8}
    write_log(tmp_path, "20250101_000000", {"seg/mIoU": 1.0, "seg/aAcc": 1.0, "step": 8})
    write_log(
        tmp_path,
        "20250102_000000",
        {"seg/mIoU": 40.0, "seg/aAcc": 70.0, "step": 4},
        {"seg/mIoU": 50.0, "seg/aAcc": 80.0, "time": 0.1, "step": 8},
        loss,
    )
    assert tool.final_figures(tmp_path, 8) == {"seg/mIoU": 50.0, "seg/aAcc": 80.0}
    with pytest.raises(RuntimeError, match="no evaluation after epoch 9"):
        tool.final_figures(tmp_path, 9)


def test_result_of_a_training(tool, rooms, tmp_path, monkeypatch):
    runs = tool.all_runs(rooms, [0], ["No distillation"])

    def trained(cfg, folder, jobs, resume):
        assert not resume
        folder.mkdir(parents=True)
        epochs = cfg.train_cfg.max_epochs if "deeplab" in folder.name else 1
        write_log(folder, "20250101_000000", {"seg/mIoU": 50.0, "seg/aAcc": 80.0, "step": epochs})
        return 0

    monkeypatch.setattr(tool.running, "train_config", trained)
    assert tool.train(runs[0], rooms, tmp_path, 1) == 0
    result = runs[0].result(tmp_path)
    assert result.pop("seconds") >= 0
    assert result == {"seg/mIoU": 50.0, "seg/aAcc": 80.0, "epochs": 8}
    # a run that ended too early has no result, and its log says why
    assert tool.train(runs[1], rooms, tmp_path, 1) == 1
    assert runs[1].result(tmp_path) is None
    assert "no evaluation after epoch 8" in (runs[1].folder(tmp_path) / "train.log").read_text()
    monkeypatch.setattr(tool.running, "train_config", lambda *_, **__: 3)
    assert tool.train(runs[1], rooms, tmp_path, 1) == 3


# -- report ----------------------------------------------------------------------------------------
def test_report_by_hand(tool, rooms, tmp_path, capsys):
    """Gains are against the same seed; what lacks is named."""
    miou = dict(
        segmentation=(40.0, 50.0), kd=(41.0, 53.0), cwd=(39.0, 48.0), heteroakd=(44.0, None)
    )
    rooms.benchmark.pop("teacher_seed")  # a teacher for each seed
    for run in tool.all_runs(rooms, [0, 1], METHODS):
        value = miou[run.config.split("/")[0]][run.seed]
        if run.config.split("/")[1].startswith(CNN) and value is not None:
            finish(run, tmp_path, value)
        if run.teacher:
            finish(run.teacher_run, tmp_path, 60.0, 120.0)
    text = tool.report(rooms, "the command", [0, 1], METHODS, tmp_path)
    first = text.split("**rooms: segformer")[0]
    cells = {
        line.split(" | ")[0].strip("| "): [c.strip("|* ") for c in line.split(" | ")[1:]]
        for line in first.splitlines()
        if line.startswith("| ")
    }
    assert cells["No distillation"] == ["45.00 ± 7.07", "-", "80.00 ± 0.00", "1.0", "2"]
    assert cells["Pixel KD"][:2] == ["47.00 ± 8.49", "+2.00 ± 1.41"]
    assert cells["CWD"][:2] == ["43.50 ± 6.36", "-1.50 ± 0.71"]
    assert cells["HeteroAKD"] == ["44.00", "+4.00", "80.00", "1.0", "1"]
    assert cells["Teacher"] == ["60.00 ± 0.00", "-", "80.00 ± 0.00", "2.0", "2"]
    assert "`the command`" in text and "seeds [0, 1]" in text and "15 minutes" in text
    assert "batch 12; AdamW (lr 0.001" in text and "student 8, teacher 20" in text
    assert "HeteroAKD: HeteroAKDLoss(), KDLoss(loss_weight=0.1)" in text
    absent = text.split("Not run: ")[1]
    assert absent.startswith(f"HeteroAKD, {CNN} from segformer-b0 (seeds 1); ")
    for method in METHODS:
        assert f"{method}, {TRANSFORMER} from deeplabv3plus-r18 (seeds 0, 1)" in absent
    shown = capsys.readouterr().out
    assert "HeteroAKD" in shown and "+2.00 ± 1.41" in shown


def test_command_line(tool, tmp_path, monkeypatch):
    trained = []

    def train(run, cfg, root, jobs):
        assert run.teacher_run is None or run.teacher_run.result(root)
        trained.append(run)
        if run.teaches and "segformer" in run.config:
            return 1
        finish(run, root, 50.0)
        return 0

    monkeypatch.setattr(tool, "train", train)
    config, out = str(CONFIGS / "heteroakd_rooms.py"), tmp_path / "report.md"
    command = [config, "--work-dir", str(tmp_path), "--seeds", "0", "--out", str(out)]
    tool.main([*command, "--report-only"])
    assert not trained and all(f"{method}, {CNN}" in out.read_text() for method in METHODS)
    tool.main(command)
    # the CNN has no teacher: it is only trained by itself, and the report says so
    assert len(trained) == 2 + 6 + 1
    absent = out.read_text().split("Not run: ")[1]
    assert f"CWD, {CNN}" in absent and TRANSFORMER not in absent and "No distill" not in absent
    tool.main(command)
    assert len(trained) == 9 + 1  # the teacher that failed is tried again, nothing else is
    with pytest.raises(SystemExit, match="Foo"):
        tool.main([config, "--methods", "Foo"])
