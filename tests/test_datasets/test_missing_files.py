"""Lists of mmseg's own datasets stay inside the data root."""

import cv2
import numpy as np
import pytest
from mmseg.datasets import BaseSegDataset

from mmlhl.datasets.missing_files import need_files


def listed(root, lines, **options):
    """A dataset of mmseg's in ``root/data``, beside a folder ``root/data2``."""
    for folder in ("data/img", "data/seg", "data/more/img", "data2/img", "data2/seg"):
        (root / folder).mkdir(parents=True, exist_ok=True)
        name = str(root / folder / ("a.png" if folder.endswith("seg") else "a.jpg"))
        cv2.imwrite(name, np.zeros((4, 4, 3), np.uint8))
    (root / "ids.txt").write_text("\n".join(lines))
    given = {
        "data_root": str(root / "data"),
        "data_prefix": dict(img_path="img", seg_map_path="seg"),
        "ann_file": str(root / "ids.txt"),
        "pipeline": [dict(type="LoadImageFromFile"), dict(type="LoadAnnotations")],
    }
    return BaseSegDataset(**{**given, **options})


@pytest.mark.parametrize("line", ["../../data2/img/a", "{root}/data2/img/a", "sub/../../../x"])
def test_a_list_that_leads_out_is_refused(tmp_path, line):
    line = line.format(root=tmp_path)
    with pytest.raises(ValueError, match=r"BaseSegDataset: the list .*ids.txt leads to .*outside"):
        need_files(listed(tmp_path, ["a", line]))


def test_lists_below_the_root_pass(tmp_path):
    need_files(listed(tmp_path, ["a"]))
    need_files(listed(tmp_path, ["../more/../img/a", "a"], data_prefix=dict(img_path="img")))
    # a folder that the config itself names may be anywhere
    elsewhere = {key: str(tmp_path / "data2" / key[:3]) for key in ("img_path", "seg_map_path")}
    need_files(listed(tmp_path, ["a"], data_prefix=elsewhere))
