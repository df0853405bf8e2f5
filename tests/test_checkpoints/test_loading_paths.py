"""Every way to load a checkpoint refuses a hostile file and runs none of it."""

import copy
import runpy
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModule
from mmengine.runner import CheckpointLoader, Runner
from mmseg.apis import MMSegInferencer, init_model
from mmseg.registry import MODELS

from mmlhl.checkpoints import StoredConfigError, UntrustedCheckpointError
from mmlhl.engine import LifelongRunner
from mmlhl.models.teachers import build_frozen_segmentor, build_teacher

TOOLS = Path(__file__).resolve().parents[2] / "tools"
sys.path.insert(0, str(Path(__file__).parent))

import hostile  # noqa: E402


@pytest.fixture
def trap(tmp_path):
    """A hostile file; checks afterwards that nothing in it was run."""
    path = tmp_path / "trap.pth"
    hostile.zipped(path, tmp_path / "marker")
    yield str(path)
    assert not (tmp_path / "marker").exists()


@pytest.fixture
def config_file(sequence_config, tmp_path):
    """A function: file of the tiny sequence's config with changes."""

    def write(**changes):
        path = tmp_path / "config.py"
        cfg = sequence_config(tmp_path / "work", **changes)
        path.write_text(cfg.pretty_text)
        return str(path)

    return write


@pytest.fixture
def command(monkeypatch):
    """A function: run a tool's main in this process."""

    def run(name, *arguments):
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        monkeypatch.setenv("LOCAL_RANK", "0")
        monkeypatch.setenv("MMLHL_TRACEBACK", "1")  # the error itself, in place of an exit
        runpy.run_path(str(TOOLS / name), run_name="__main__")

    return run


def refused():
    # the dry run says in which phase, as a ValueError
    kinds = (UntrustedCheckpointError, ValueError)
    return pytest.raises(kinds, match=r"trap\.pth.*system.*--trust-checkpoint")


def test_test_command(config_file, command, trap):
    with refused():
        command("test.py", config_file(), trap)
    with refused():
        command("test.py", config_file(runner_type="Runner"), trap)


def test_train_command_loads(config_file, command, trap):
    with refused():
        command("train.py", config_file(load_from=trap))


def test_train_command_adopts(config_file, command, trap):
    phases = [dict(tasks=["seg"], checkpoint=trap), dict(tasks=["depth"])]
    with refused():
        command("train.py", config_file(phases=phases))


def test_train_command_starts_a_backbone(config_file, command, trap, model_config):
    model = model_config()
    model["backbone"]["init_cfg"] = dict(type="Pretrained", checkpoint=trap)
    with refused():
        command("train.py", config_file(model=model))
    with refused():
        command("train.py", config_file(model=model_config(pretrained=trap)))


def test_plain_runner_resumes(sequence_config, tmp_path, trap):
    cfg = sequence_config(tmp_path / "work", load_from=trap, resume=True)
    for key in ("phases", "runner_type"):
        cfg.pop(key)
    runner = Runner.from_cfg(cfg)
    with refused():
        runner.train()


def test_part_of_a_checkpoint_for_a_module(trap):
    init = dict(type="Pretrained", checkpoint=trap, prefix="backbone.")
    with refused():
        BaseModule(init_cfg=init).init_weights()


def test_teachers(model_config, decoder_config, trap):
    with refused():
        build_teacher(model_config(), trap, ["seg"])
    tiny, head = model_config(), decoder_config(num_classes=3)
    plain = dict(type="EncoderDecoder", backbone=tiny["backbone"], decode_head=head)
    with refused():
        build_frozen_segmentor(plain, trap)
    teacher = dict(config=plain, checkpoint=trap)
    with refused():
        MODELS.build(dict(type="DistilledSegmentor", student=plain, teacher=teacher))


def test_mmsegs_apis(sequence_config, tmp_path, trap):
    cfg = sequence_config(tmp_path / "work")
    with refused():
        init_model(copy.deepcopy(cfg), trap, device="cpu")
    with refused():
        MMSegInferencer(model=copy.deepcopy(cfg), weights=trap, device="cpu")
    with refused():
        MMSegInferencer(None, weights=trap, device="cpu")


def test_publish_and_analysis(config_file, command, tmp_path, trap):
    with refused():
        command("model_converters/publish.py", trap, tmp_path / "out.pth")
    assert not (tmp_path / "out.pth").exists()
    with refused():
        command("analysis_tools/get_flops.py", trap)
    with refused():
        command("analysis_tools/loss_gradients.py", config_file(), trap)
    with refused():
        command(
            "analysis_tools/distillation_gradients.py",
            config_file(),
            *("--teacher", trap, "--student", trap),
        )


def test_publish_loads_trusted_checkpoints(command, tmp_path):
    hostile.zipped(tmp_path / "own.pth", tmp_path / "marker")
    command(
        "model_converters/publish.py",
        tmp_path / "own.pth",
        tmp_path / "out.pth",
        "--trust-checkpoint",
    )
    assert (tmp_path / "marker").exists()
    assert torch.load(tmp_path / "out.pth", weights_only=True)["meta"] == {}


# -- config texts ------------------------------------------------------------------------------
@pytest.fixture
def written(tmp_path, model_config):
    """A function: file of a valid model with a config text that must not be run."""

    def save(line):
        model = MODELS.build(model_config(tasks=["seg"]))
        sound = Config(dict(model=model_config())).pretty_text
        text = f"{line.format(marker=tmp_path / 'marker')}\n{sound}"
        path = tmp_path / "written.pth"
        torch.save(
            dict(state_dict=model.state_dict(), meta=dict(cfg=text, config=text, epoch=0, iter=0)),
            path,
        )
        return str(path)

    yield save
    assert not (tmp_path / "marker").exists()


POPEN = "x = dict(type='subprocess.Popen', args=['touch', '{marker}'])"


@pytest.mark.parametrize("line", ["import os; os.system('touch {marker}')", POPEN])
def test_config_texts_are_not_run_when_a_model_is_rebuilt(sequence_config, written, tmp_path, line):
    """The runner then uses the model of the checkpoint."""
    phases = [dict(tasks=["seg"]), dict(tasks=["depth"], model=dict(backbone=dict(depth=34)))]
    cfg = sequence_config(tmp_path / "work", phases=phases, load_from=written(line))
    with pytest.raises(StoredConfigError, match=r"written\.pth"):
        LifelongRunner.from_cfg(cfg).test()


def test_config_texts_are_not_run_by_publish(command, written, tmp_path):
    with pytest.raises(StoredConfigError, match=r"written\.pth, line 1"):
        command(
            "model_converters/publish.py", written("open('{marker}', 'w')"), tmp_path / "out.pth"
        )
    assert not (tmp_path / "out.pth").exists()


@pytest.mark.parametrize("line", ["open('{marker}', 'w')", POPEN])
def test_config_texts_are_not_run_by_mmsegs_inferencer(written, line):
    with pytest.raises(Exception, match="model"):  # it has no test dataset
        MMSegInferencer(None, weights=written(line), device="cpu")


def test_config_texts_are_not_run_when_mmengine_resumes(sequence_config, written, tmp_path):
    cfg = sequence_config(tmp_path / "work", resume=True)
    for key in ("phases", "runner_type"):
        cfg.pop(key)
    cfg.load_from = written("open('{marker}', 'w')")
    cfg.auto_scale_lr = dict(enable=False, base_batch_size=2)
    with pytest.raises(KeyError, match="message_hub"):  # the file has weights only
        Runner.from_cfg(cfg).train()


def test_modules_in_config_texts_are_not_imported(tmp_path, monkeypatch):
    (tmp_path / "of_the_attacker.py").write_text(f"open({str(tmp_path / 'marker')!r}, 'w')")
    monkeypatch.syspath_prepend(tmp_path)
    text = "custom_imports = dict(imports=['of_the_attacker'])\na = dict(b=1)"
    torch.save(dict(state_dict={}, meta=dict(cfg=text)), tmp_path / "written.pth")
    loaded = CheckpointLoader.load_checkpoint(str(tmp_path / "written.pth"))
    assert Config.fromstring(loaded["meta"]["cfg"], ".py").a == dict(b=1)
    assert not (tmp_path / "marker").exists()
