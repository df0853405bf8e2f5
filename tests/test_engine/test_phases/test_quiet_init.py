"""Initialisation of weights that are replaced later is not logged."""

import torch
from mmengine.logging import MMLogger, print_log
from mmengine.model import BaseModule
from torch import nn

from mmlhl.engine.phases.quiet_init import quiet_init


class Layers(BaseModule):
    def __init__(self, checkpoint):
        super().__init__(dict(type="Pretrained", checkpoint=checkpoint))
        self.layer = nn.Linear(2, 2)


def test_only_warnings_are_logged_while_a_model_is_initialised(tmp_path):
    logger = MMLogger.get_instance("quiet", log_file=str(tmp_path / "log"))
    file = str(tmp_path / "weights.pth")
    torch.save(nn.ModuleDict(dict(layer=nn.Linear(2, 2))).state_dict(), file)
    with quiet_init(model := Layers(file)):
        model.init_weights()
        print_log("odd", "current", level=30)
    log = (tmp_path / "log").read_text()
    assert log.endswith("odd\n") and "layer.weight" not in log and file not in log
    torch.testing.assert_close(model.state_dict(), torch.load(file))

    Layers(file).init_weights()
    log = (tmp_path / "log").read_text()
    assert "layer.weight" in log and file in log
    logger.handlers.clear()
