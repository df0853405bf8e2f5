"""mmengine's backends over several phases and a resume, with fake services."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.visualization.vis_backend import BaseVisBackend
from mmseg.registry import VISBACKENDS

from mmlhl.engine.logs import known_backends
from mmlhl.engine.logs.known_backends import name_of, share


@pytest.fixture
def cfg(tmp_path):
    return Config(dict(work_dir=str(tmp_path), model=dict(type="M")))


class Noted(BaseVisBackend):
    """Records its arguments."""

    def __init__(self, save_dir=None):
        super().__init__(save_dir)
        self.calls = []

    experiment = None

    def _init_env(self):
        pass

    def __getattribute__(self, name):
        if name.startswith("add_") or name == "close":
            return lambda *args, **kwargs: self.calls.append((name, *args))
        return super().__getattribute__(name)


def test_phases_share_a_backend(cfg):
    VISBACKENDS.register_module(module=Noted, force=True)
    shared = share(dict(type="Noted", name="mine"), "somewhere", cfg, False)
    assert name_of(dict(type="Noted", name="mine")) == "mine"
    assert name_of(dict(type="mmseg.Noted")) == name_of(Noted()) == "Noted"
    assert shared.calls == [("add_config", cfg)]
    shared.phase, shared.offset = 2, 40
    image = np.zeros((1, 1, 3), np.uint8)
    shared.add_config(Config(dict(phase=2)))
    shared.add_scalars({"loss": 1.0, "iter": 3}, 3, "20260101.json")
    shared.add_scalars({"seg/mIoU": 1.0}, 3)
    shared.add_scalar("a", 2.0, 4)
    shared.add_image("b", image, 5)
    shared.close()
    shared.finish()
    assert shared.calls[1:] == [
        ("add_scalars", {"loss": 1.0, "iter": 3, "phase": 2}, 43),
        ("add_scalars", {"seg/mIoU": 1.0}, 43),
        ("add_scalar", "a", 2.0, 44),
        ("add_image", "b", image, 45),
        ("close",),
    ]


def wandb(monkeypatch):
    calls = []

    def note(name):
        return lambda *args, **kwargs: calls.append((name, args, kwargs))

    service = SimpleNamespace(
        **{name: note(name) for name in ("init", "define_metric", "log", "join")},
        config=SimpleNamespace(update=note("config")),
        run=SimpleNamespace(log_code=note("code")),
    )
    monkeypatch.setitem(sys.modules, "wandb", service)
    return calls


def test_wandb_resumes_its_run_and_gets_the_step(cfg, tmp_path, monkeypatch):
    calls = wandb(monkeypatch)
    first = share(dict(type="WandbVisBackend"), str(tmp_path), cfg, False)
    first.phase, first.offset = 1, 10
    first.add_scalars({"loss": 1.0}, 2)
    name, _, options = calls[0]
    assert name == "init" and options["resume"] == "allow" and options["dir"] == str(tmp_path)
    assert [call[0] for call in calls].count("config") == 1
    assert calls[-1] == ("log", ({"loss": 1.0, "step": 12},), dict(commit=True))
    assert ("define_metric", (), dict(name="*", step_metric="step")) in calls

    calls.clear()
    share(dict(type="WandbVisBackend"), str(tmp_path), cfg, True).add_scalar("a", 1.0, 3)
    assert calls[0][2]["id"] == options["id"]
    assert "config" not in [call[0] for call in calls]  # it would refuse other values

    calls.clear()
    own = dict(type="WandbVisBackend", init_kwargs=dict(id="mine", project="p"))
    share(own, str(tmp_path), cfg, False)
    assert calls[0][2]["id"] == "mine" and calls[0][2]["project"] == "p"


def test_mlflow_resumes_its_run(cfg, tmp_path, monkeypatch):
    calls, state = [], SimpleNamespace(run=None)

    def note(name):
        return lambda *args, **kwargs: calls.append((name, *args, *kwargs.values()))

    def start_run(run_id="new"):
        state.run = SimpleNamespace(info=SimpleNamespace(run_id=run_id))
        return state.run

    names = ("set_tracking_uri", "set_experiment", "log_params", "log_text", "log_metrics")
    service = SimpleNamespace(
        **{name: note(name) for name in (*names, "log_artifact", "end_run")},
        get_experiment_by_name=lambda name: 1,
        active_run=lambda: state.run,
        start_run=start_run,
    )
    monkeypatch.setitem(sys.modules, "mlflow", service)
    folder = tmp_path / "vis_data"
    config = dict(type="MLflowVisBackend")
    share(config, str(folder), cfg, False)
    assert state.run.info.run_id == "new" and "log_params" in [call[0] for call in calls]
    # a folder of its own: MLflow takes WandB's beside it for a broken experiment
    assert calls[0] == ("set_tracking_uri", (folder / "mlruns").as_uri())
    assert json.loads((folder / "runs.json").read_text()) == dict(mlflow="new")

    state.run = None
    calls.clear()
    (folder / "runs.json").write_text('{"mlflow": "old"}')
    (tmp_path / "sequence.log").touch()
    again = share(config, str(folder), cfg, True)
    assert state.run.info.run_id == "old" and "log_params" not in [call[0] for call in calls]
    again.offset = 7
    again.add_scalars({"loss": 1.0}, 2)
    again.finish()
    assert calls[-3:] == [
        ("log_metrics", {"loss": 1.0}, 9),
        ("log_artifact", str(tmp_path / "sequence.log"), None),  # and no additional ones
        ("end_run",),
    ]

    calls.clear()
    share(dict(config, tracking_uri="http://there:5000"), str(folder), cfg, True)
    assert calls[0] == ("set_tracking_uri", "http://there:5000")


@pytest.mark.parametrize(("kind", "module"), [("Wandb", "wandb"), ("MLflow", "mlflow")])
def test_a_missing_package_is_one_refusal(cfg, tmp_path, monkeypatch, kind, module):
    monkeypatch.setitem(sys.modules, module, None)  # as if it were not installed
    words = f"vis_backends: {kind}VisBackend cannot be opened: .*pip install {module}"
    with pytest.raises(ValueError, match=words):
        share(dict(type=f"{kind}VisBackend"), str(tmp_path), cfg, False)


def test_a_service_that_refuses_is_named(cfg, tmp_path, monkeypatch):
    def refuse(uri):
        raise RuntimeError("no such server")

    monkeypatch.setitem(sys.modules, "mlflow", SimpleNamespace(set_tracking_uri=refuse))
    config = dict(type="MLflowVisBackend", name="runs", tracking_uri="http://there")
    with pytest.raises(ValueError, match="runs cannot be opened: RuntimeError: no such server"):
        share(config, str(tmp_path), cfg, False)


@pytest.mark.parametrize("value", [abs, lambda results: results, object()])
def test_what_no_config_file_can_hold_is_named(value, monkeypatch):
    """mmengine's error is the text of the whole config, which yapf cannot read."""

    def fail(*args):
        raise SyntaxError("Failed to format the config file, please check the syntax of: ...")

    monkeypatch.setattr(known_backends, "_opened", fail)
    cfg = Config(dict(kinds=[dict(type=Config)], steps=[dict(type="a"), value]))
    with pytest.raises(ValueError, match=r"^steps\[1\] is <.*cannot be written .*: register it"):
        share(dict(type="LocalVisBackend"), "somewhere", cfg, False)
    cfg.steps.pop()
    with pytest.raises(ValueError, match="LocalVisBackend cannot be opened: SyntaxError"):
        share(dict(type="LocalVisBackend"), "somewhere", cfg, False)


@pytest.mark.parametrize("name", ["scalars.json", "curves/scalars.json"])
@pytest.mark.parametrize("relative", [False, True])
def test_the_files_of_a_relative_work_dir_are_continued(tmp_path, monkeypatch, relative, name):
    monkeypatch.chdir(tmp_path)
    folder = "runs/a" if relative else str(tmp_path / "runs" / "a")
    cfg = Config(dict(work_dir=folder))
    if "/" in name:
        (tmp_path / "runs/a/vis_data/curves").mkdir(parents=True)
    local = dict(type="LocalVisBackend", scalar_save_file=name)
    for resumed in (False, True):
        backend = share(local, f"{folder}/vis_data", cfg, resumed)
        if resumed:
            assert not backend.lacks("after_phase/seg/mIoU", 2) and backend.lacks("loss", 4)
            backend.rewind(2)
        for step in (1, 2) if not resumed else (3,):
            backend.write({"loss": 1.0}, step)
        backend.write({"after_phase/seg/mIoU": 50.0}, step)
        assert not backend.lacks("after_phase/seg/mIoU", step)
        if not resumed:
            backend.write({"loss": 9.0}, 3)  # no checkpoint follows
        backend.finish()
    lines = (tmp_path / "runs/a/vis_data" / name).read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [1, 2, 2, 3, 3]


def test_a_repeated_validation_is_written_once(tmp_path):
    cfg = Config(dict(work_dir=str(tmp_path)))
    for resumed in (False, True):
        backend = share(dict(type="LocalVisBackend"), f"{tmp_path}/vis_data", cfg, resumed)
        backend.phase = 1
        backend.add_scalars({"loss": 1.0, "iter": 4}, 4)
        unmeasured = {"depth/rmse": float("nan")}
        backend.add_scalars({"seg/mIoU": 50.0, "time": 0.1 + resumed, **unmeasured}, 4)
        if resumed:
            backend.add_scalars({"seg/mIoU": 51.0, "time": 0.1}, 4)  # of other images
            backend.add_scalars({"seg/mIoU": 50.0, "time": 0.1}, 8)
        else:
            backend.flush()
        backend.finish()
    text = (tmp_path / "vis_data" / "scalars.json").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    validations = [(line["step"], line["seg/mIoU"]) for line in lines if "seg/mIoU" in line]
    assert validations == [(4, 50.0), (4, 51.0), (8, 50.0)]
