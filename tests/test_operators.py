"""Without mmcv's compiled operators, mmseg is imported with a placeholder for them."""

import importlib
import sys

import pytest

from mmlhl import operators
from mmlhl.operators import NAME, MissingOperators


def test_operator_exists_and_raises_when_called():
    module = MissingOperators(NAME)
    assert hasattr(module, "nms") and not hasattr(module, "__path__")
    with pytest.raises(RuntimeError, match="operator 'nms' is not installed: install mmcv with"):
        module.nms(1, iou=2)
    assert module.get_compiler_version() == module.get_compiling_cuda_version() == "n/a"


@pytest.mark.parametrize("lacking", [NAME, "ftfy"])
def test_only_missing_operators_are_replaced(monkeypatch, lacking):
    asked = []

    def import_module(name):
        asked.append((name, type(sys.modules.get(NAME))))
        if lacking not in sys.modules:
            raise ModuleNotFoundError(f"No module named {lacking!r}", name=lacking)

    monkeypatch.setitem(sys.modules, lacking, None)
    del sys.modules[lacking]
    monkeypatch.setattr(importlib, "import_module", import_module)
    if lacking == NAME:
        operators.import_mmseg()
        assert asked == [("mmseg.utils", type(None)), ("mmseg.utils", MissingOperators)]
        assert NAME not in sys.modules
    else:
        with pytest.raises(ModuleNotFoundError, match="ftfy"):
            operators.import_mmseg()
        assert len(asked) == 1
