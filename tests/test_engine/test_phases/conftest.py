"""Configs of sequences, and a guard that nothing of them is built."""

import pytest
from mmseg.registry import MODELS

from mmlhl.models.methods import BaseMethod


@pytest.fixture
def config(sequence_config, tmp_path):
    """A function: a sequence's config with some entries changed."""

    def make(**changes):
        return sequence_config(tmp_path / "run", **{"dry_run": True, **changes})

    return make


@pytest.fixture
def nothing_is_built(monkeypatch):
    """Building any network, dataset or runner fails the test.

    A method, and the loss in it, may be built: it is a plain object that checks its options.
    """
    build = MODELS.build

    def refuse(*args, **kwargs):
        raise AssertionError("something was built")

    def only_methods(config, *args, **kwargs):
        kind = MODELS.get(config["type"]) if isinstance(config["type"], str) else config["type"]
        if not (issubclass(kind, BaseMethod) or kind.__name__.endswith("Loss")):
            refuse()
        return build(config, *args, **kwargs)

    monkeypatch.setattr("mmseg.registry.MODELS.build", only_methods)
    monkeypatch.setattr("mmseg.registry.DATASETS.build", refuse)
    monkeypatch.setattr("mmengine.runner.Runner.__init__", refuse)
