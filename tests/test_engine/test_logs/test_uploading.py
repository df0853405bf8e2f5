"""Copies of the logs, as mmengine's LoggerHook makes them."""

import pytest
from mmengine.config import Config

from mmlhl.engine.logs.uploading import wanted_upload


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


def test_no_upload_without_out_dir():
    assert wanted_upload(config(interval=5)) is None
    assert wanted_upload(Config(dict(default_hooks=dict(logger=None)))) is None


def test_removal_of_uploaded_logs_is_refused():
    with pytest.raises(ValueError, match=r"default_hooks.logger.keep_local is False"):
        wanted_upload(config(out_dir="somewhere", keep_local=False))
