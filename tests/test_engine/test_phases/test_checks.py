"""Mistakes that are found before anything is built."""

import copy

import pytest

from mmlhl.engine import LifelongRunner, parse_phases, phase_config

TASKS = [dict(tasks=["seg"]), dict(tasks=["depth"])]


def test_a_head_without_data(config, nothing_is_built, decoder_config):
    cfg = config(phases=[*TASKS, dict(tasks=["edge"])])
    cfg.model.heads.edge = dict(
        type="ChannelHead", channels=1, field="edge_map", decoder=decoder_config()
    )
    message = (
        r"phases\[2\].tasks: train_dataloader.dataset \(RoomsDataset\) has no annotation for task "
        r"'edge'; it offers \['seg', 'depth', 'normal'\]"
    )
    with pytest.raises(ValueError, match=message):
        LifelongRunner.from_cfg(cfg)


@pytest.mark.parametrize("loader", ["train_dataloader", "test_dataloader"])
def test_dataset_without_a_needed_annotation_is_refused(config, nothing_is_built, loader):
    cfg = config(phases=TASKS)
    cfg[loader].dataset.annotations = dict(depth=None)
    with pytest.raises(ValueError, match=f"{loader}.dataset .* no annotation for task 'depth'"):
        LifelongRunner.from_cfg(cfg)


def test_data_inside_a_wrapper_is_checked_too(config, nothing_is_built):
    cfg = config(phases=TASKS)
    inner = dict(cfg.train_dataloader.dataset, annotations=dict(depth=None))
    cfg.train_dataloader.dataset = dict(type="RepeatDataset", times=2, dataset=inner)
    with pytest.raises(ValueError, match="no annotation for task 'depth'"):
        LifelongRunner.from_cfg(cfg)


@pytest.mark.parametrize("method", [dict(type="HADD"), dict(type="HADLoss"), "HADD", dict()])
def test_an_unknown_method(config, nothing_is_built, method):
    cfg = config()
    cfg.model.method = method
    with pytest.raises(ValueError, match=r"model.method: .* is not a method; known are .*'HAD'"):
        LifelongRunner.from_cfg(cfg)


def test_an_unknown_method_in_a_later_phase(config, nothing_is_built):
    cfg = config()
    cfg.phases[2].cfg = dict(model=dict(method=dict(_delete_=True, type="Nave")))
    with pytest.raises(ValueError, match="'Nave' is not a method"):
        LifelongRunner.from_cfg(cfg)


@pytest.mark.parametrize("nothing", [None, ""])  # "" would be the current folder
def test_no_work_dir(config, nothing_is_built, nothing):
    cfg = config()
    cfg.work_dir = nothing
    with pytest.raises(ValueError, match="work_dir is not set"):
        LifelongRunner.from_cfg(cfg)


def test_given_config_is_not_changed(config):
    cfg = config()
    before = copy.deepcopy(cfg.to_dict())
    phases = parse_phases(cfg)
    phase_config(cfg, phases, 1, previous="phase_1_seg/seg.pth")
    assert cfg.to_dict() == before


@pytest.mark.parametrize("method", ["EWC", "SPG", "SGP", "L2SP", "Tether", "Composite"])
def test_a_new_encoder_under_a_method_that_keeps_weights(config, method):
    frozen = dict(type="Tether", train_old_heads=False)
    options = dict(Tether=frozen, Composite=dict(methods=[frozen, dict(type="DER")]))
    wider = dict(model=dict(backbone=dict(base_channels=16)))
    cfg = config(phases=[dict(tasks=["seg"]), dict(tasks=["depth"], cfg=wider)])
    cfg.model.method = {**options.get(method, {}), "type": method}
    with pytest.raises(ValueError, match=rf"phases\[1\] brings another encoder.*{method} keeps"):
        parse_phases(cfg)
    pair = dict(type="Composite", methods=[dict(type="Tether"), dict(type="DER")])
    for fitting in (dict(type="DER"), pair):
        cfg.model.method = fitting
        assert len(parse_phases(cfg)) == 2


def test_invalid_option_of_a_method_is_reported_at_once(sequence_config, tmp_path):
    cfg = sequence_config(tmp_path)
    cfg.phases[2] = dict(tasks=["normal"], cfg=dict(model=dict(method=dict(bins=1))))
    with pytest.raises(ValueError, match="model.method=.*bins must be None or a .* >= 2, got 1"):
        parse_phases(cfg)


def test_load_from_that_no_phase_would_use_is_refused(config, tmp_path):
    file = tmp_path / "finished.pth"
    file.write_bytes(b"")
    phases = [dict(TASKS[0], checkpoint=str(file)), TASKS[1]]
    with pytest.raises(
        ValueError, match=r"load_from='w.pth' has no effect: phases\[0\].checkpoint"
    ):
        LifelongRunner.from_cfg(config(phases=phases, load_from="w.pth")).train()
    phases = [TASKS[0], dict(TASKS[1], cfg=dict(load_from="w.pth"))]
    with pytest.raises(
        ValueError, match=r"phases\[1\].cfg.load_from='w.pth' has no effect: a phase"
    ):
        LifelongRunner.from_cfg(config(phases=phases)).train()


def test_a_work_dir_in_the_home_folder(config, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    cfg = config()
    cfg.work_dir = "~/run"
    assert LifelongRunner(cfg).cfg.work_dir == str(tmp_path / "run")  # no folder called ~
    assert cfg.work_dir == "~/run"
