"""A test, also with test-time augmentation, is tried in small before phase one."""

import copy
import logging
import shutil

import cv2
import pytest
import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from mmseg.registry import METRICS, MODELS

from mmlhl.engine import LifelongRunner, parse_phases
from mmlhl.engine.phases.rehearsal import rehearse
from mmlhl.engine.phases.trials.testing import check_wrapper
from mmlhl.models.heads import BaseDenseHead

LOAD, ANNOTATE, PACK = (
    dict(type=name)
    for name in ("LoadImageFromFile", "LoadMultiTaskAnnotations", "PackMultiTaskInputs")
)
FLIPS = [dict(type="RandomFlip", prob=0.0), dict(type="RandomFlip", prob=1.0)]


def views(*steps):
    return [LOAD, dict(type="TestTimeAug", transforms=[*steps, [ANNOTATE], [PACK]])]


def tried(cfg, **changes):
    cfg = copy.deepcopy(cfg)
    cfg.setdefault("tta_model", dict(type="MultiTaskTTAModel"))
    for key, value in changes.items():
        cfg[key] = value
    rehearse(cfg, parse_phases(cfg))


def test_valid_test_time_views_pass(config):
    sizes = [dict(type="Resize", scale_factor=r, keep_ratio=True) for r in (0.5, 1.0)]
    tried(config(), tta_pipeline=views(sizes, FLIPS))


def test_views_without_labels_are_no_matter_of_training(config, monkeypatch):
    said = []
    where = "mmlhl.evaluation.multi_task_evaluator.print_log"
    logger = MMLogger.get_current_instance()
    monkeypatch.setattr(where, lambda *_: said.append(logger.isEnabledFor(logging.WARNING)))
    unlabelled = [LOAD, dict(type="TestTimeAug", transforms=[FLIPS, [PACK]])]
    tried(config(), tta_pipeline=unlabelled)
    assert said and not any(said)


def test_images_of_different_sizes_in_a_batch_are_named(config, rooms_root, tmp_path):
    shutil.copytree(rooms_root, tmp_path / "rooms")
    for file in (tmp_path / "rooms/val").glob("*/00000.png"):
        grown = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
        cv2.imwrite(str(file), cv2.copyMakeBorder(grown, 0, 8, 0, 0, cv2.BORDER_REPLICATE))
    cfg = config()
    cfg.test_dataloader.dataset.data_root = str(tmp_path / "rooms")
    cfg.test_dataloader.batch_size = 2
    with pytest.raises(ValueError, match="images of different sizes in one test batch"):
        tried(cfg)
    tried(cfg, test_dataloader=dict(cfg.test_dataloader, batch_size=1))
    cfg.model.data_preprocessor.test_cfg = dict(size_divisor=32)
    tried(cfg)


@METRICS.register_module()
class PairMetric(BaseMetric):
    """A metric of the user's that needs two images."""

    higher_is_better = dict(pairs=True)

    def process(self, data_batch, data_samples):
        self.results += data_samples

    def compute_metrics(self, results):
        first, second, *_ = results
        return dict(pairs=float(first is not second))


def test_metrics_of_others_get_two_images_of_views_too(config):
    cfg = config(phases=[dict(tasks=["seg"])])
    cfg.test_evaluator.metrics.seg = dict(type="PairMetric")
    tried(cfg, tta_pipeline=views(FLIPS))


def test_a_test_by_mmsegs_model_is_refused(config):
    cfg = config()
    cfg.model = dict(type="mmseg.SegTTAModel", module=cfg.model)
    with pytest.raises(ValueError, match="of depth, normal it would take the first view"):
        LifelongRunner.from_cfg(cfg).test()


def test_mmsegs_model_merges_classes_of_any_head():
    """By the contract of heads; other fields and kinds are refused, and what is no head."""

    class Classes(BaseDenseHead):
        kind = "classes"

        def merge(self, preds):
            return preds.softmax(1).mean(0).log()

    class Probabilities(BaseDenseHead):
        kind = "classes"

    class Parts(Classes):
        def __init__(self, field="part_map", **kwargs):
            super().__init__(field=field, **kwargs)

    wrapper = dict(type="SegTTAModel")
    merged = dict(seg=dict(type="SegmentationHead"), own=dict(type=Classes, field="sem_seg"))
    check_wrapper(wrapper, merged)
    left = dict(parts=dict(type=Parts), far=dict(type="DepthHead", field="sem_seg"))
    left |= dict(plain=dict(type="FCNHead"), odd=dict(type="NoSuchHead"))
    with pytest.raises(ValueError, match="of parts, far, plain, odd it would take"):
        check_wrapper(wrapper, merged | left)
    other = dict(other=dict(type=Probabilities, field="sem_seg"))
    with pytest.raises(ValueError, match="of other the head's merge averages what it stores"):
        check_wrapper(wrapper, merged | other)


WRONG = [
    (
        dict(tta_pipeline=[LOAD, PACK]),
        "tta_pipeline: it gives one image instead of several views: put",
    ),
    (dict(tta_pipeline=views([dict(type="RandomCrop", crop_size=(9, 9))] * 2)), "tta_pipeline: .*"),
    (
        dict(tta_pipeline=views(FLIPS), tta_model=dict(type="SegTTAModel")),
        ".*of depth, normal it would take the first",
    ),
    (dict(test_pipeline=[LOAD, dict(type="SegRescale")]), "test_pipeline: SegRescale cannot"),
]


def test_a_view_of_no_registered_transform(config):
    with pytest.raises(ValueError, match=r"^tta_pipeline\[1\].* 'NoSuchStep' is not registered"):
        tried(config(), tta_pipeline=views([dict(type="NoSuchStep")]))


@pytest.mark.parametrize(("changes", "message"), WRONG)
def test_errors_of_testing_are_found_before_training(config, changes, message):
    with pytest.raises(ValueError, match=r"phases\[2\]: " + message):
        tried(config(), **changes)


def test_readers_of_labels_in_a_pipeline_for_inferencers_are_left_out(config):
    """As inferencers do, so what the dataset itself would refuse does not matter."""
    labels = dict(type="LoadAnnotations", reduce_zero_label=True)
    tried(config(phases=[dict(tasks=["seg"])]), test_pipeline=[LOAD, labels, PACK])


def test_a_phase_with_a_visualizer_of_its_own(config):
    backend = dict(type="TensorboardVisBackend", save_dir=None, surplus=1)
    own = dict(visualizer=dict(type="MultiTaskVisualizer", vis_backends=[backend]))
    cfg = config(phases=[dict(tasks=["seg"]), dict(tasks=["depth"], cfg=own)])
    with pytest.raises(ValueError, match=r"phases\[1\]: visualizer.*surplus"):
        tried(cfg)


def encoder(channels):
    """A phase that brings a wider encoder, and the heads that it needs."""
    heads = {
        task: dict(decoder=dict(in_channels=channels * 8)) for task in ("seg", "depth", "normal")
    }
    return dict(backbone=dict(base_channels=channels, stem_channels=channels), heads=heads)


def test_a_new_encoder(config, tmp_path):
    """Its shapes and the files of its initial weights are tried."""
    cfg = config()
    cfg.phases = [dict(tasks=["seg"]), dict(tasks=["depth"], model=encoder(8))]
    tried(cfg)
    wrong = copy.deepcopy(cfg)
    wrong.phases[1].model.heads.depth.decoder.in_channels = 32
    with pytest.raises(ValueError, match=r"phases\[1\]: one training step: .*RuntimeError"):
        tried(wrong)
    weights = tmp_path / "weights.pth"
    init = dict(type="Pretrained", checkpoint=str(weights))
    cfg.phases[1].model.backbone.init_cfg = init
    with pytest.raises(FileNotFoundError, match=r"phases\[1\]: init_cfg.checkpoint: .*weights.pth"):
        tried(cfg)
    weights.write_bytes(b"no checkpoint")
    with pytest.raises(ValueError, match=r"phases\[1\]: .*weights.pth"):
        tried(cfg)
    torch.save(dict(state_dict={}), weights)
    with pytest.raises(ValueError, match=r"phases\[1\]: .*weights.pth.* fills 0%"):
        tried(cfg)
    backbone = cfg.model.backbone.to_dict() | cfg.phases[1].model.backbone.to_dict()
    network = MODELS.build({**backbone, "init_cfg": None})
    torch.save(dict(state_dict=network.state_dict()), weights)
    tried(cfg)
