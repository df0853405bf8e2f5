"""What the command line of a test changes in its config."""

import pytest
from mmengine.config import Config

from mmlhl.engine.test_options import draw_predictions


@pytest.mark.parametrize("hooks", [None, dict(visualization=None)])
def test_pictures_need_a_hook(hooks):
    with pytest.raises(ValueError, match=r"^--show and --show-dir need default_hooks.visual"):
        draw_predictions(Config(dict(default_hooks=hooks, visualizer=dict())), "out", None)
