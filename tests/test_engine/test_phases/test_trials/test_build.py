"""Files of initial weights are read before training, for every key that names them."""

import shutil
from urllib.error import URLError

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import checkpoint as stock

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
    name = {"list": "init_cfg"}.get(key, key).rpartition(".")[2]
    for file, error in (
        ("none.pth", FileNotFoundError),
        ("text.pth", CheckpointError),
        ("trap.pth", UntrustedCheckpointError),
    ):
        with pytest.raises(error, match=rf"phases\[1\]: {name}.*{file}"):
            check_files(of(key, files / file), "phases[1]")
    assert "it ran" not in capsys.readouterr().out


@pytest.mark.parametrize("key", ["load_from", "pretrained", "init_cfg"])
def test_addresses_that_a_model_starts_from(files, key, monkeypatch):
    def download(url, path, **_):
        if "sound" not in url:
            raise URLError("no route to host")
        shutil.copy(files / "sound.pth", path)

    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    monkeypatch.setenv("TORCH_HOME", str(files))
    monkeypatch.setattr(stock, "get_external_models", lambda: {"a": "https://example.org/a.pth"})
    check_files(of(key, "https://example.org/sound.pth"), "phases[1]")
    for address, text in (
        ("https://example.org/a.pth", "no route to host.; download it elsewhere"),
        ("open-mmlab://a", "https://example.org/a.pth cannot be downloaded: .*no route"),
        ("open-mmlab://b", "mmengine knows no checkpoint 'b'"),
    ):
        with pytest.raises(ValueError, match=rf"^phases\[1\]: (init_cfg.)?\w+: .*{text}"):
            check_files(of(key, address), "phases[1]")
    monkeypatch.setattr(stock, "get_torchvision_models", lambda: __import__("not_installed"))
    with pytest.raises(CheckpointError, match=r"phases\[1\]: .*torchvision://b needs torchvision"):
        check_files(of(key, "torchvision://b"), "phases[1]")


def test_boolean_pretrained_of_timm_is_not_a_file():
    for value in (True, False, None):
        cfg = Config(dict(model=dict(backbone=dict(type="TIMMBackbone", pretrained=value))))
        check_files(cfg, "phases[0]")
