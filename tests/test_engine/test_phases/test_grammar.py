"""Mistakes in the phases of a config."""

import pytest

from mmlhl.engine import LifelongRunner, parse_phases
from mmlhl.engine.phases.grammar import check_adopted, read_phases
from mmlhl.evaluation import LifelongRecord

TASKS = [dict(tasks=["seg"]), dict(tasks=["depth"])]


@pytest.mark.parametrize(
    ("phases", "message"),
    [
        (None, r"phases must be a list such as .* got None"),
        ([], "phases must be a list"),
        (dict(tasks=["seg"]), "phases must be a list"),
        ([dict(tasks=[])], r"phases\[0\] must be dict\(tasks"),
        ([*TASKS, ["normal"]], r"phases\[2\] must be dict\(tasks.*got \['normal'\]"),
        ([dict(tasks="seg")], r"phases\[0\].tasks must be a list, got 'seg'; write \['seg'\]"),
        ([*TASKS, dict(tasks=["seg"])], r"phases\[2\].tasks: 'seg' is listed twice"),
        ([dict(tasks=["seg", "seg"])], "'seg' is listed twice"),
        (
            [dict(tasks=["seg"], train_cfg=dict(max_epochs=1))],
            r"phases\[0\] has unknown keys \['train_cfg'\].*cfg=dict",
        ),
        ([dict(tasks=["seg"], name="a/b")], r"phases\[0\].name .*'a/b'"),
        ([dict(tasks=["seg"], name=[])], r"phases\[0\].name must be one string, got \[\]"),
        ([dict(tasks=["seg"], cfg=dict(model="HAD"))], r"phases\[0\].cfg.model must be a dict"),
        ([dict(tasks=["seg"], cfg=[])], r"phases\[0\].cfg must be a dict, got \[\]"),
        ([dict(tasks=["seg"], model=0)], r"phases\[0\].model must be a dict, got 0"),
        ([dict(tasks=["seg"], cfg=dict(phases=[]))], r"phases\[0\].cfg.phases has no effect"),
        (
            [dict(tasks=["seg"], cfg=dict(custom_imports=dict(imports=["mine"])))],
            "cfg.custom_imports has no effect in a phase: set it for the sequence",
        ),
        ([dict(tasks=["seg"], cfg={"work_dir": "x"})], r"cfg.work_dir has no effect in a phase"),
        (
            [*TASKS, dict(tasks=["edge"])],
            r"phases\[2\].tasks: no head is configured for task 'edge'; model.heads has "
            r"\['seg', 'depth', 'normal'\]",
        ),
    ],
)
def test_wrong_phases(config, nothing_is_built, phases, message):
    cfg = config()
    cfg.phases = phases
    with pytest.raises(ValueError, match=message):
        LifelongRunner.from_cfg(cfg)


@pytest.mark.parametrize("task", ["a.b", "a/b", "", 3])
def test_invalid_task_names_are_refused(sequence_config, tmp_path, task):
    cfg = sequence_config(tmp_path, phases=[dict(tasks=[task])])
    with pytest.raises(ValueError, match="letters, digits and '_'"):
        parse_phases(cfg)


def test_long_phase_names_are_shortened():
    """A phase with all tasks of Taskonomy would have a folder of 300 bytes."""
    tasks = [f"task_number_{number:02}" for number in range(26)]
    (phase,) = read_phases(dict(phases=[dict(tasks=tasks)]))
    assert phase.name == "_".join(tasks[:11]) + "_and_15_more" and len(phase.name) <= 180
    with pytest.raises(ValueError, match=r"phases\[0\]\.name becomes a folder and may have 180"):
        read_phases(dict(phases=[dict(tasks=["seg"], name="\u00e4" * 91)]))


@pytest.mark.parametrize("name", ["epoch_3", "iter_200", "best_seg_mIoU_epoch_2", "a\nb", "a\0"])
def test_names_of_files_that_are_written_in_mid_phase_are_refused(name):
    with pytest.raises(ValueError, match=r"^phases\[0\]\.name"):
        read_phases(dict(phases=[dict(tasks=["a"], name=name)]))


@pytest.mark.parametrize("name", ["best", "epoch_", "last_checkpoint", "iter_3 again", "Tiefe é"])
def test_other_names_are_taken(name):
    assert read_phases(dict(phases=[dict(tasks=["a"], name=name)]))[0].name == name


@pytest.mark.parametrize(
    "own", [{"train_cfg.max_epochs": 2}, dict(optim_wrapper={}), dict(train_dataloader={})]
)
def test_what_only_training_reads_has_no_effect_on_a_finished_model(own):
    phase = dict(tasks=["seg"], cfg=own)
    read_phases(dict(phases=[phase]))
    key = next(iter(own)).split(".")[0]
    with pytest.raises(ValueError, match=rf"^phases\[0\]\.cfg\.{key} has no effect: .*'a.pth'"):
        read_phases(dict(phases=[dict(phase, checkpoint="a.pth")]))
    assert read_phases(dict(phases=[dict(phase, checkpoint="a.pth", cfg=dict(test_cfg={}))]))


def test_a_finished_model_is_needed_until_its_phase_is_done(tmp_path):
    """A work dir goes on without files outside it, also where it was moved to."""
    gone = dict(tasks=["seg"], checkpoint=str(tmp_path / "elsewhere" / "seg.pth"))
    cfg = dict(phases=[gone, dict(tasks=["depth"])], work_dir=str(tmp_path))
    for resume in (False, True):
        with pytest.raises(ValueError, match=r"phases\[0\]\.checkpoint: there is no file"):
            check_adopted(dict(cfg, resume=resume), read_phases(cfg))
    record = LifelongRecord("Naive", 0)
    record.add_phase("seg", ["seg"], "phase_1_seg/seg.pth", 0.0, {}, {})
    record.save(tmp_path / "lifelong.json")
    check_adopted(dict(cfg, resume=True), read_phases(cfg))
    with pytest.raises(ValueError, match="there is no file"):
        check_adopted(cfg, read_phases(cfg))
