"""Files of which no weight fits a model that is trained without phases are refused."""

import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS
from shared_fixtures import two_stages

from mmlhl.engine.phases.trials import weights


def segmentor(**backbone):
    head = dict(type="FCNHead", in_channels=8, in_index=1, channels=4, num_convs=1, num_classes=2)
    model = dict(type="EncoderDecoder", backbone={**two_stages(), **backbone}, decode_head=head)
    return MODELS.build(model)


def saved(path, state):
    torch.save(dict(state_dict=state), path)
    return str(path)


def check(load_from=None, **backbone):
    weights.check_first_weights(Config(dict(load_from=load_from)), segmentor(**backbone))


def test_files_that_fit_in_part_or_are_not_here(tmp_path):
    state = segmentor().state_dict()
    backbone = {k[9:]: v for k, v in state.items() if k.startswith("backbone.")}
    for path in (saved(tmp_path / "all.pth", state), None, "https://a.b/c.pth"):
        check(path)
    part = saved(tmp_path / "part.pth", {**backbone, "fc.weight": torch.ones(2, 2)})
    check(init_cfg=dict(type="Pretrained", checkpoint=part))
    check(saved(tmp_path / "head.pth", dict(list(state.items())[-4:])))


@pytest.mark.parametrize("prefix", ["", "module.encoder.", "backbone.backbone."])
def test_files_of_which_nothing_fits(tmp_path, prefix):
    state = segmentor().state_dict()
    backbone = {prefix + k[9:]: v for k, v in state.items() if k.startswith("backbone.")}
    path = saved(tmp_path / "other.pth", backbone)
    with pytest.raises(ValueError, match=r"^load_from=.*other.pth': no weight of it fits Encoder"):
        check(path)
    if prefix:
        with pytest.raises(ValueError, match=r"^model.backbone.init_cfg: .*other.pth' fills 0%"):
            check(init_cfg=dict(type="Pretrained", checkpoint=path))
