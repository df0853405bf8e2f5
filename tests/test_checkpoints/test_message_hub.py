"""A message hub's log loads under the restriction by torch itself, once mmlhl is imported."""

import copy

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer, MessageHub

import mmlhl  # noqa: F401


@pytest.mark.parametrize(
    "value",
    [0.5, 3, torch.tensor(2.0), np.float32(1.5), np.array(2.5), np.int64(7)],
    ids=lambda value: type(value).__name__,
)
def test_scalars_of_every_kind(tmp_path, value):
    hub = MessageHub.get_instance(f"scalars_{type(value).__name__}")
    for _ in range(3):
        hub.update_scalar("train/loss", value)
    hub.update_info("best", value)
    content = dict(message_hub=copy.deepcopy(hub.state_dict()), state_dict=dict(w=torch.ones(2)))
    torch.save(content, tmp_path / "epoch_1.pth")
    loaded = torch.load(tmp_path / "epoch_1.pth", weights_only=True)
    buffer = loaded["message_hub"]["log_scalars"]["train/loss"]
    assert isinstance(buffer, HistoryBuffer)
    assert float(buffer.current()) == float(buffer.mean(2)) == float(value)
    buffer.update(float(value))  # as a resumed run does
    assert (
        len(buffer.data[0]) == 4 and float(loaded["message_hub"]["runtime_info"]["best"]) == value
    )
