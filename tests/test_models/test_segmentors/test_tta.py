"""Merging several views of an image."""

import copy

import pytest
import torch
from mmseg.registry import MODELS, RUNNERS
from mmseg.structures import SegDataSample


def test_merge_by_hand(mmseg_scope, model_config):
    model = MODELS.build(dict(type="MultiTaskTTAModel", module=model_config()))
    heads = model.module.heads
    views = [SegDataSample(), SegDataSample()]
    probabilities = torch.full((2, 13, 1, 1), 1e-9)
    probabilities[0, 3], probabilities[0, 5] = 0.6, 0.4
    probabilities[1, 3], probabilities[1, 5] = 0.1, 0.9
    normals = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])[..., None, None]
    for i, view in enumerate(views):
        heads["seg"].to_sample(probabilities[i].log(), view)
        heads["depth"].to_sample(torch.full((1, 1, 1), 2.0 + 2 * i), view)
        heads["normal"].to_sample(normals[i], view)
    (merged,) = model.merge_preds([views])
    assert merged.pred_sem_seg.data.item() == 5
    assert merged.seg_logits.data.exp()[[3, 5], 0, 0].tolist() == pytest.approx([0.35, 0.65])
    assert merged.pred_depth_map.data.item() == 3.0
    half = 0.5**0.5
    assert merged.pred_normal_map.data.flatten().tolist() == pytest.approx([half, half, 0])


def test_tta_through_the_runner(trained, tmp_path):
    """As tools/test.py --tta sets it up: two equal views give the metrics of one."""
    cfg, record = trained
    cfg = copy.deepcopy(cfg)
    cfg.test_dataloader.dataset.pipeline = [
        dict(type="LoadImageFromFile"),
        dict(
            type="TestTimeAug",
            transforms=[
                [dict(type="RandomFlip", prob=0.0), dict(type="RandomFlip", prob=0.0)],
                [dict(type="LoadMultiTaskAnnotations")],
                [dict(type="PackMultiTaskInputs")],
            ],
        ),
    ]
    cfg.model = dict(type="MultiTaskTTAModel", module=cfg.model)
    cfg.load_from = f"{cfg.work_dir}/{record.phases[-1]['checkpoint']}"
    cfg.work_dir, cfg.experiment_name = str(tmp_path), f"tta_{tmp_path.name}"
    values = RUNNERS.build(cfg).test()
    for name in ("seg/mIoU", "seg/aAcc", "depth/abs_err", "normal/mean_err"):
        task, metric = name.split("/")
        assert values[name] == pytest.approx(record.values(task, metric)[-1], abs=1e-3)
