"""Testing needs annotations; for images without any the error names the right command."""

import cv2
import numpy as np
import pytest

from mmlhl.datasets import MultiTaskDataset


def test_error_suggests_mmlhl_infer(tmp_path):
    (tmp_path / "image").mkdir()
    cv2.imwrite(str(tmp_path / "image/a.png"), np.zeros((2, 2, 3), np.uint8))
    options = dict(data_root=str(tmp_path), annotations=dict(depth=dict(kind="depth", dir="depth")))
    with pytest.raises(FileNotFoundError, match=r"\['dir'\].*tools/infer.py predicts images"):
        MultiTaskDataset(**options, test_mode=True)
    (tmp_path / "depth").mkdir()
    with pytest.raises(FileNotFoundError, match="first sample.*tools/infer.py predicts images"):
        MultiTaskDataset(**options, test_mode=True)
    with pytest.raises(FileNotFoundError) as training:
        MultiTaskDataset(**options)
    assert "tools/infer.py" not in str(training.value)
