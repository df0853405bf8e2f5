"""Methods that cannot use stored labels are refused before phase one."""

from types import SimpleNamespace

import pytest
from mmcv.transforms import Compose

from mmlhl.engine import parse_phases
from mmlhl.engine.phases.rehearsal import rehearse
from mmlhl.engine.phases.stored_labels import LabelOptions, label_options, label_specs


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (True, "must be a dict such as"),
        (dict(stord=True), "stord: there is no such key.*stored"),
        (dict(stored="yes"), "stored must be True or False, got 'yes'"),
        (dict(keep=1), "keep must be True or False, got 1"),
        (dict(batch_size=0), "batch_size must be a whole number >= 1, got 0"),
        (dict(normals="float8"), "normals must be one of .*'float8'"),
        (dict(folder=3), "folder must be a folder, got 3"),
        (dict(keep=True, batch_size=2), "keep, .*batch_size: of no effect without .*stored=True"),
        (dict(pipeline="test"), "pipeline must be a list, got 'test'"),
    ],
)
def test_options_are_checked(given, message):
    with pytest.raises(ValueError, match=f"^pseudo_labels.*{message}"):
        label_options(given)


def test_the_default_is_the_online_teacher():
    assert label_options(None) == LabelOptions() and not LabelOptions().stored


HAKD = dict(type="HADHeteroAKD", hakd=dict(seg=dict()))


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (dict(type="EWC"), "EWC uses no teacher"),
        (dict(type="LwF", temperature=2.0), "LwF .*probabilities"),
        (dict(type="ICaRL"), "ICaRL .*kept images"),
        (HAKD, "HADHeteroAKD .*feature maps"),
        (
            dict(type="Composite", methods=[dict(type="SGP"), HAKD]),
            "Composite .*feature maps",
        ),
    ],
)
def test_methods_that_need_more_are_refused(config, method, message):
    cfg = config(pseudo_labels=dict(stored=True))
    cfg.model.method = method
    with pytest.raises(ValueError, match=f"stored=True, but {message}"):
        parse_phases(cfg)
    cfg.phases = cfg.phases[:1]
    parse_phases(cfg)  # without an old task there is no teacher


def test_a_phase_may_have_the_teacher_online(config):
    cfg = config(pseudo_labels=dict(stored=True))
    cfg.model.method = dict(type="ICaRL")
    for phase in cfg.phases[1:]:
        phase.cfg = dict(pseudo_labels=dict(stored=False))
    parse_phases(cfg)


@pytest.mark.parametrize(
    "method",
    [
        dict(type="HAD"),
        dict(type="Composite", methods=[dict(type="LwF"), dict(type="DER", buffer_size=3)]),
    ],
)
def test_the_dry_run_stores_reads_and_leaves_nothing(config, method, tmp_path):
    cfg = config(pseudo_labels=dict(stored=True))
    cfg.model.method = method
    before = sorted(tmp_path.rglob("*"))
    rehearse(cfg, parse_phases(cfg))
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model.heads.seg.soft_pseudo_label": True}, "soft_pseudo_label=False of the head"),
        (
            {"test_dataloader.dataset.pipeline": [dict(type="CenterCrop", crop_size=(8, 8))]},
            "CenterCrop in a pipeline for testing cannot be undone",
        ),
    ],
)
def test_the_dry_run_finds_what_only_labels_show(config, change, message):
    cfg = config(pseudo_labels=dict(stored=True))
    for key, value in change.items():
        if key.endswith("pipeline"):
            steps = list(cfg.test_dataloader.dataset.pipeline)
            cfg.test_dataloader.dataset.pipeline = [steps[0], *value, *steps[1:]]
        else:
            cfg.merge_from_dict({key: value})
    with pytest.raises(ValueError, match=rf"phases\[1\]: one training step: .*{message}"):
        rehearse(cfg, parse_phases(cfg))


def test_flips_that_would_leave_values_as_they_were_are_refused():
    class Slope:
        kind, field, changes_when_flipped = "channels", "slope_map", True

    def dataset(step, **options):
        pipeline = Compose([dict(type=step, **options)])
        return SimpleNamespace(annotations={}, pipeline=pipeline)

    model = SimpleNamespace(heads=dict(slope=Slope()))
    with pytest.raises(ValueError, match="Slope.flip of task 'slope' changes values as well"):
        label_specs(model, ["slope"], dataset("MultiTaskRandomFlip", prob=0.5))
    assert label_specs(model, ["slope"], dataset("PackMultiTaskInputs"))[0].kind == "channels"
    Slope.kind = "normal"  # whose signs transforms know
    assert len(label_specs(model, ["slope"], dataset("MultiTaskRandomFlip", prob=0.5))) == 1
