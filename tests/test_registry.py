"""The scope `mmlhl` finds the classes registered with mmseg."""

import pytest
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS, HOOKS, METRICS, MODELS, TRANSFORMS, VISUALIZERS

from mmlhl.models.methods import HAD
from mmlhl.registry import REGISTRIES


def test_every_registry_of_mmseg_has_a_child():
    for registry in (DATASETS, HOOKS, METRICS, MODELS, TRANSFORMS, VISUALIZERS):
        assert registry.children["mmlhl"] in REGISTRIES.values()


@pytest.mark.parametrize("default", ["mmseg", "mmlhl"])
def test_a_prefix_is_understood_in_any_default_scope(default):
    init_default_scope(default)
    assert isinstance(MODELS.build(dict(type="mmlhl.HAD", loss_weight=2.0)), HAD)
    assert isinstance(MODELS.build(dict(type="HAD", _scope_="mmlhl")), HAD)
    options = dict(depth=18, base_channels=4, stem_channels=4)
    encoder = MODELS.build(dict(type="ResNet", _scope_="mmlhl", **options))
    assert type(encoder).__module__.startswith("mmseg.")
