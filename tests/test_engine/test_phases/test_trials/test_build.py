"""Files of initial weights are read before training, for every key that names them."""

import pytest
import torch
from mmengine.config import Config

from mmlhl.checkpoints import CheckpointError, UntrustedCheckpointError
from mmlhl.engine.phases.trials.build import check_files


class Runs:
    """Pickles as a call."""

    def __reduce__(self):
        return print, ("it ran",)


@pytest.fixture
def files(tmp_path):
    """Sound weights, text under their suffix, and a file that would run something."""
    torch.save(dict(state_dict=dict(a=torch.ones(1))), tmp_path / "sound.pth")
    (tmp_path / "text.pth").write_text("<html>404</html>")
    torch.save(dict(state_dict=dict(a=Runs())), tmp_path / "trap.pth")
    return tmp_path


def of(key, path):
    path = str(path)
    start = dict(type="Pretrained", checkpoint=path)
    return Config(
        {
            "load_from": dict(load_from=path, model=dict(type="A")),
            "pretrained": dict(model=dict(type="A", pretrained=path)),
            "backbone.pretrained": dict(model=dict(type="A", backbone=dict(pretrained=path))),
            "init_cfg": dict(model=dict(backbone=dict(type="B", init_cfg=start))),
            "list": dict(model=dict(heads=dict(seg=dict(init_cfg=[dict(type="Xavier"), start])))),
        }[key]
    )


@pytest.mark.parametrize(
    "key", ["load_from", "pretrained", "backbone.pretrained", "init_cfg", "list"]
)
def test_files_that_a_model_starts_from(files, key, capsys):
    check_files(of(key, files / "sound.pth"), "phases[1]")
    for address in ("torchvision://resnet18", "https://example.org/a.pth"):  # not reached here
        check_files(of(key, address), "phases[1]")
    name = {"list": "init_cfg"}.get(key, key).rpartition(".")[2]
    for file, error in (
        ("none.pth", FileNotFoundError),
        ("text.pth", CheckpointError),
        ("trap.pth", UntrustedCheckpointError),
    ):
        with pytest.raises(error, match=rf"phases\[1\]: {name}.*{file}"):
            check_files(of(key, files / file), "phases[1]")
    assert "it ran" not in capsys.readouterr().out


def test_boolean_pretrained_of_timm_is_not_a_file():
    for value in (True, False, None):
        cfg = Config(dict(model=dict(backbone=dict(type="TIMMBackbone", pretrained=value))))
        check_files(cfg, "phases[0]")
