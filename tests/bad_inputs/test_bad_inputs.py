"""What a user did wrong meets one clear error before a step is taken, and nothing is left behind.

``tools/benchmarks/bad_inputs.py`` runs these tests and makes a table of what they note.
"""

import time
from pathlib import Path

import pytest

from mmlhl.models.segmentors import LifelongSegmentor

from . import (  # noqa: F401  they register their cases
    annotations,
    checkpoints,
    keys,
    label_files,
    lists,
    metrics,
    model_options,
    phases,
    runner_kinds,
    runner_options,
    training,
    transforms,
)
from .registry import CASES
from .setting import Setting, write_images


class StepTaken(BaseException):
    """A training step was taken on a bad input; no error handler catches this."""


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    root = tmp_path_factory.mktemp("bad") / "images"
    write_images(root)
    return root


def no_step(*args, **kwargs):
    raise StepTaken


def below(folder):
    """Files with their content, and folders; a lock remains as an empty file."""
    paths = [path for path in sorted(Path(folder).rglob("*")) if path.name != ".lock"]
    return {path: path.read_bytes() if path.is_file() else None for path in paths}


@pytest.mark.parametrize(
    "case", CASES, ids=[f"{case.section}: {case.name}".replace(" ", "_") for case in CASES]
)
def test_bad_input_is_refused_with_a_clear_message(
    case, images, request, tmp_path, record_property, monkeypatch
):
    setting = Setting(images, tmp_path, request)
    monkeypatch.chdir(tmp_path)
    call = case.spoil(setting) or setting.train
    monkeypatch.setattr(LifelongSegmentor, "train_step", no_step)
    before = below(tmp_path)
    began = time.perf_counter()
    with pytest.raises(case.error) as caught:
        call()
    seconds = time.perf_counter() - began
    message = str(caught.value)
    missing = [word for word in case.expected if word not in message]
    assert not missing, f"{message!r} does not say {missing}"
    assert below(tmp_path) == before
    for key, value in (("section", case.section), ("case", case.name)):
        record_property(key, value)
    record_property("error", type(caught.value).__name__)
    record_property("message", message.replace(str(tmp_path), "").replace(str(images), "images"))
    record_property("seconds", seconds)


def test_unspoilt_setting_trains(images, request, tmp_path, monkeypatch):
    monkeypatch.setattr(LifelongSegmentor, "train_step", no_step)
    setting = Setting(images, tmp_path, request)
    with pytest.raises(StepTaken):
        setting.train()


def test_number_of_bad_inputs():
    assert len(CASES) >= 60
