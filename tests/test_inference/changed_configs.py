"""Checkpoints with another config than they were written with."""

import torch
from mmengine.config import Config

from mmlhl.checkpoints import stored_config


def with_config(checkpoint, path, change):
    """The checkpoint with a change of its config, which gets and may return the config."""
    content = torch.load(checkpoint)
    config = Config(stored_config(content, "x"))
    content["meta"]["cfg"] = (change(config) or config).pretty_text
    torch.save(content, path)
    return str(path)
