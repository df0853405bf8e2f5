"""A part or hook of a training without phases that cannot be built is named."""

import pytest
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import MODELS

from mmlhl.engine.phases.plain_runs import check_plain_run
from mmlhl.engine.phases.plain_trial import rehearse_plain
from mmlhl.engine.phases.trials.build import naming_model


@pytest.mark.parametrize(
    "changes, message",
    [
        (dict(backbone__depth=17), r"^model.backbone \(ResNet\): .* it comes from depth=17"),
        (dict(backbone__frozen_stages=9), "^model.backbone.frozen_stages is 9, but ResNet has 2"),
        (
            dict(decode_head__sampler=dict(type="OHEMPixelSampler", thres=0.7)),
            r"^model.decode_head \(FCNHead\): TypeError: .*'thres'",
        ),
        (
            dict(decode_head=dict(_delete_=True, type="MaskFormerHead", in_channels=[8])),
            r"^model.decode_head \(MaskFormerHead\): it needs the package mmdet, which is not inst",
        ),
        (dict(data_preprocessor__mean=[1, 2]), r"^model.data_preprocessor \(SegDataPre.*"),
    ],
)
def test_the_part_of_a_model_that_cannot_be_built_is_named(plain_config, changes, message):
    cfg = plain_config(**{f"model__{key}": value for key, value in changes.items()})
    with pytest.raises(ValueError, match=message), naming_model(cfg):
        Runner.from_cfg(cfg)
    cfg.model = dict(type="DistilledSegmentor", student=cfg.model)
    inside = message.replace("^model", "^model.student")
    with pytest.raises(ValueError, match=inside), naming_model(cfg):
        MODELS.build(cfg.model)


class CountedHook(Hook):
    """A user's hook that acts when it is built."""

    built = 0

    def __init__(self, path="log"):
        self.file = path + ".txt"
        CountedHook.built += 1


def test_a_hook_of_the_users_own_is_built_once(plain_config, monkeypatch):
    monkeypatch.setattr(CountedHook, "built", 0)
    cfg = plain_config(custom_hooks=[dict(type=CountedHook)])
    check_plain_run(cfg)
    with naming_model(cfg):
        rehearse_plain(Runner.from_cfg(cfg))
    assert CountedHook.built == 1
    cfg.custom_hooks[0].path = 3
    message = r"^custom_hooks\[0\]: TypeError: .* it comes from path=3"
    with pytest.raises(ValueError, match=message), naming_model(cfg):
        Runner.from_cfg(cfg)


def test_an_error_elsewhere_keeps_its_own_text(plain_config):
    with pytest.raises(KeyError, match="odd"), naming_model(plain_config()):
        raise KeyError("odd")
