"""Both datasets of the loading benchmark return the same samples."""

import numpy as np
import torch

from mmlhl.analysis.benchmarks.data_loading import PlainDataset, our_dataset, write_arrays


def test_both_give_the_same_samples(tmp_path):
    write_arrays(tmp_path, 2, 12, 16, "float32")
    for flip in (0.0, 1.0):
        plain = PlainDataset(str(tmp_path), (1.0,), flip)[1]
        ours = our_dataset(str(tmp_path), (1.0,), flip)[1]
        torch.testing.assert_close(plain["inputs"], ours["inputs"])
        sample = ours["data_samples"]
        for name, field in (("seg", "sem_seg"), ("depth", "depth_map"), ("normal", "normal_map")):
            theirs, mine = plain[name], sample.get(f"gt_{field}").data
            torch.testing.assert_close(theirs, mine, equal_nan=True)


def test_zoomed_depth_agrees(tmp_path):
    write_arrays(tmp_path, 1, 12, 16, "float32")
    # positions differ, since the two draw random numbers in another order
    plain = PlainDataset(str(tmp_path), (2.0,), 0.0)[0]
    ours = our_dataset(str(tmp_path), (2.0,), 0.0)[0]["data_samples"]
    for depth in (plain["depth"].numpy(), ours.gt_depth_map.data.numpy()):
        assert depth.shape == (1, 12, 16) and 0.5 <= np.nanmin(depth) and np.nanmax(depth) <= 4.5
