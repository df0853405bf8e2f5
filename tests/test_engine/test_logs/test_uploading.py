"""Copies of the logs, as mmengine's LoggerHook makes them."""

import pytest
from mmengine.config import Config

from mmlhl.engine.logs import SequenceLog
from mmlhl.engine.logs.uploading import Upload, wanted_upload
from mmlhl.engine.phases.grammar import read_phases


def config(**options):
    return Config(dict(default_hooks=dict(logger=dict(type="LoggerHook", **options))))


def test_log_and_text_files_are_copied(tmp_path):
    work_dir, out = tmp_path / "run", tmp_path / "out"
    (work_dir / "vis_data").mkdir(parents=True)
    for name in ("sequence.log", "vis_data/scalars.json", "vis_data/events.1", "lifelong.json"):
        (work_dir / name).write_text(name)
    wanted_upload(config(out_dir=str(out))).run(str(work_dir))
    copied = sorted(str(path.relative_to(out)) for path in out.rglob("*.*"))
    assert copied == ["run/sequence.log", "run/vis_data/scalars.json"]
    assert (out / "run" / "sequence.log").read_text() == "sequence.log"


@pytest.mark.parametrize("folder", ["file/logs", "file", "locked/logs"])
def test_a_folder_that_cannot_be_written_is_refused_at_once(tmp_path, folder, monkeypatch):
    (tmp_path / "file").touch()
    (tmp_path / "locked").mkdir()
    # a user who may do everything, as in containers, may also write into a locked folder
    monkeypatch.setattr("os.access", lambda path, _: path.name != "locked")
    with pytest.raises(ValueError, match=r"^default_hooks.logger.out_dir=.* choose another folder"):
        wanted_upload(config(out_dir=str(tmp_path / folder)))
    wanted_upload(config(out_dir=str(tmp_path / "new" / "logs")))


def test_an_address_without_its_client_is_refused_at_once():
    with pytest.raises(ValueError, match="^default_hooks.logger.out_dir='s3://b/logs' cannot be"):
        wanted_upload(config(out_dir="s3://b/logs"))


def test_a_copy_that_fails_later_is_logged_and_the_sequence_goes_on(tmp_path, monkeypatch):
    out = tmp_path / "out"
    cfg = config(out_dir=str(out))
    cfg.work_dir = str(tmp_path / "run")
    (tmp_path / "run").mkdir()
    (phase,) = read_phases(dict(phases=[dict(tasks=["seg"])]))
    with SequenceLog(cfg, [phase]) as log:
        log.open([3], 0)
        of_phase = log.begin(phase)
        monkeypatch.setattr(Upload, "run", lambda *_: (_ for _ in ()).throw(OSError("full")))
        log.end(of_phase)
    text = (tmp_path / "run" / "sequence.log").read_text()
    assert f"the log was not copied to {out}: OSError full" in text


def test_no_upload_without_out_dir():
    assert wanted_upload(config(interval=5)) is None
    assert wanted_upload(Config(dict(default_hooks=dict(logger=None)))) is None


def test_removal_of_uploaded_logs_is_refused():
    with pytest.raises(ValueError, match=r"default_hooks.logger.keep_local is False"):
        wanted_upload(config(out_dir="somewhere", keep_local=False))
