"""Which checkpoint of its folder a phase resumes from."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from mmlhl.checkpoints import UntrustedCheckpointError
from mmlhl.checkpoints.checksums import weights_digest
from mmlhl.engine.checkpoint_files import (
    LIST,
    NAME,
    POINTER,
    damage,
    forget_checkpoints,
    name_training,
    newest_checkpoint,
    note_checkpoint,
    noted,
    training_name,
)

HUB = dict(log_scalars={}, runtime_info={}, resumed_keys={})


def write(path, hub=True, **meta):
    state = dict(meta=dict(epoch=1, iter=1, **meta), state_dict={"a": torch.ones(2)}, optimizer={})
    torch.save({**state, "message_hub": HUB} if hub else state, path)


@pytest.fixture
def folder(tmp_path):
    """A phase's folder with two checkpoints of this training and one of an older one."""
    where = tmp_path / "work" / "phase_1_seg"
    where.mkdir(parents=True)
    write(where / "epoch_9.pth")
    for epoch in (1, 2):
        write(where / f"epoch_{epoch}.pth")
        note_checkpoint(str(where), str(where / f"epoch_{epoch}.pth"))
    return where


def test_names_are_within_the_folder(folder):
    assert (folder / POINTER).read_text() == "epoch_2.pth"
    assert json.loads((folder / LIST).read_text()) == ["epoch_1.pth", "epoch_2.pth"]
    assert newest_checkpoint(str(folder)) == str(folder / "epoch_2.pth")
    (folder / "epoch_1.pth").unlink()  # max_keep_ckpts
    note_checkpoint(str(folder), str(folder / "epoch_2.pth"))
    assert noted(str(folder)) == ["epoch_2.pth"]


def cut(path):
    path.write_bytes(path.read_bytes()[:-200])


def overwrite(path):
    path.write_text("<html>404</html>")


def poison(path):
    torch.save(
        dict(meta=dict(epoch=2, iter=2), state_dict={"a": torch.full((2,), torch.nan)}), path
    )


def publish(path):
    torch.save(dict(state_dict={"a": torch.ones(2)}), path)


def empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("accident", [Path.unlink, cut, overwrite, poison, publish, empty])
def test_checkpoint_before_a_damaged_one_is_used(folder, accident):
    accident(folder / "epoch_2.pth")
    assert newest_checkpoint(str(folder)) == str(folder / "epoch_1.pth")


def test_skipped_checkpoints_are_named(folder, monkeypatch):
    messages = []
    monkeypatch.setattr(
        "mmlhl.engine.checkpoint_files.print_log", lambda text, *_: messages.append(text)
    )
    cut(folder / "epoch_2.pth")
    (folder / "epoch_1.pth").unlink()
    assert newest_checkpoint(str(folder)) is None
    assert "epoch_2.pth is not a checkpoint, or is cut short" in messages[0]
    assert "there is no checkpoint" in messages[1] and "epoch_1.pth" in messages[1]
    assert messages[2].endswith("is complete, its phase starts anew")


@pytest.mark.parametrize(
    ("pointer", "names", "found"),
    [
        (None, True, "epoch_2.pth"),
        ("", True, "epoch_2.pth"),
        ("/old/machine/work/phase_1_seg/epoch_2.pth", False, "epoch_2.pth"),
        ("epoch_1.pth", False, "epoch_1.pth"),
        ("epoch_1.pth", True, "epoch_2.pth"),  # killed between the writes of list and pointer
        (None, False, None),
    ],
)
def test_last_checkpoint_file_or_list_is_sufficient(folder, pointer, names, found):
    (folder / POINTER).unlink()
    if pointer is not None:
        (folder / POINTER).write_text(pointer)
    if not names:
        (folder / LIST).unlink()
    assert newest_checkpoint(str(folder)) == (found and str(folder / found))


def test_copied_folder_resumes_from_its_own_files(folder, tmp_path):
    # as mmengine writes it, and as it reads it: an absolute path
    (folder / POINTER).write_text(str(folder / "epoch_2.pth"))
    copied = shutil.copytree(folder, tmp_path / "copy" / folder.name)
    assert newest_checkpoint(str(copied)) == str(copied / "epoch_2.pth")
    (copied / "epoch_2.pth").unlink()
    assert newest_checkpoint(str(copied)) == str(copied / "epoch_1.pth")


def test_checkpoints_elsewhere(folder, tmp_path):
    other = tmp_path / "big disk" / "phase_1_seg"
    other.mkdir(parents=True)
    write(other / "epoch_3.pth")
    note_checkpoint(str(folder), str(other / "epoch_3.pth"))
    assert newest_checkpoint(str(folder), [str(other)]) == str(other / "epoch_3.pth")
    assert newest_checkpoint(str(folder)) == str(folder / "epoch_2.pth")


@pytest.mark.parametrize("text", ["{", "{}", "3", "[" * 10**5, "9" * 5000, "\0"])
def test_invalid_list_of_checkpoints(folder, text):
    (folder / LIST).write_text(text)
    assert noted(str(folder)) == []
    assert newest_checkpoint(str(folder)) == str(folder / "epoch_2.pth")


def test_checkpoint_with_code_is_refused_and_not_skipped(folder):
    torch.save(dict(meta=dict(epoch=1, iter=1), hook=Path.unlink), folder / "epoch_2.pth")
    with pytest.raises(UntrustedCheckpointError, match=r"epoch_2\.pth holds more than data"):
        newest_checkpoint(str(folder))


def test_checkpoint_that_may_not_be_read_is_not_skipped(folder, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("mmlhl.engine.checkpoint_files.read_checkpoint", refuse)
    with pytest.raises(PermissionError, match="epoch_2.pth"):
        newest_checkpoint(str(folder))


def test_forgotten_checkpoints_stay_as_files(folder):
    forget_checkpoints(str(folder))
    assert newest_checkpoint(str(folder)) is None
    assert len(list(folder.glob("*.pth"))) == 3


def test_foreign_checkpoints_are_skipped_by_name(folder):
    messages = []
    newest = folder / "epoch_2.pth"
    for content in (
        dict(hub=False),  # the model that a phase leaves
        dict(experiment_name="run_phase_2_depth_20260101_010101"),
        dict(experiment_name="run_phase_1_seg_depth_20260101_010101"),
    ):
        write(newest, **content)
        assert newest_checkpoint(str(folder)) == str(folder / "epoch_1.pth")
        messages.append(damage(str(newest), phase=folder.name))
    assert "holds no training state" in messages[0]
    assert all("is of another phase: it was saved by run_phase_" in each for each in messages[1:])
    for name in ("my_phase_2_run_phase_1_seg_20260101_010101", "run", "phase_1_seg"):
        write(newest, experiment_name=name)
        assert newest_checkpoint(str(folder)) == str(newest)


def test_checkpoints_of_another_training_are_skipped_by_name(folder):
    own = name_training(str(folder), None)
    assert name_training(str(folder), "0" * 16) == own  # which stays
    for epoch, name in ((1, own), (2, "0123456789abcdef")):
        write(folder / f"epoch_{epoch}.pth", training=name, experiment_name="run_of_bob")
    assert newest_checkpoint(str(folder)) == str(folder / "epoch_1.pth")
    message = damage(str(folder / "epoch_2.pth"), training=own)
    assert "epoch_2.pth is of another training: it was saved by run_of_bob" in message
    write(folder / "epoch_2.pth")  # of a version that gave no names
    assert newest_checkpoint(str(folder)) == str(folder / "epoch_2.pth")
    forget_checkpoints(str(folder))
    assert training_name(str(folder)) is None


@pytest.mark.parametrize("text", ["", "0123", "\0" * 16, "../../etc/passwd"])
def test_a_damaged_name_of_a_training_is_taken_from_its_checkpoint(folder, text):
    (folder / NAME).write_text(text)
    assert newest_checkpoint(str(folder)) == str(folder / "epoch_2.pth")
    assert name_training(str(folder), "0123456789abcdef") == "0123456789abcdef"
    assert training_name(str(folder)) == "0123456789abcdef"


def test_checkpoints_whose_notes_were_lost_are_found_by_their_training(folder):
    own = name_training(str(folder), None)
    for epoch in (1, 10):
        write(folder / f"epoch_{epoch}.pth", training=own)
    content = torch.load(folder / "epoch_10.pth", weights_only=True)
    content["meta"]["iter"] = 10
    torch.save(content, folder / "epoch_10.pth")
    del content["optimizer"]
    torch.save(content, folder / "best_seg_mIoU_epoch_10.pth")
    for name in (POINTER, LIST):
        (folder / name).unlink()
    assert newest_checkpoint(str(folder)) == str(folder / "epoch_10.pth")
    (folder / "epoch_10.pth").write_bytes(b"cut")
    assert newest_checkpoint(str(folder)) == str(folder / "epoch_1.pth")
    forget_checkpoints(str(folder))  # a new training begins in the folder
    assert newest_checkpoint(str(folder)) is None


def test_checkpoints_without_any_note_are_named(folder, monkeypatch):
    shutil.copy(folder / "epoch_1.pth", folder / "stopped_iter_5.pth")
    shutil.copy(folder / "epoch_1.pth", folder / "best_seg_mIoU_epoch_1.pth")
    forget_checkpoints(str(folder))
    said = []
    monkeypatch.setattr(
        "mmlhl.engine.checkpoint_files.print_log", lambda text, *_, **__: said.append(text)
    )
    assert newest_checkpoint(str(folder)) is None
    names = "epoch_1.pth, epoch_2.pth, epoch_9.pth, stopped_iter_5.pth"
    assert f"earlier training: {names}. They are not resumed" in said[0] and len(said) == 1
    (folder / POINTER).write_text("epoch_2.pth")  # what the message says
    assert newest_checkpoint(str(folder)) == str(folder / "epoch_2.pth")


def test_a_checkpoint_of_a_phase_that_began_with_another_model(folder):
    models = [folder.parent / f"{name}.pth" for name in ("now", "before")]
    for number, model in enumerate(models):
        torch.save(dict(state_dict=dict(a=torch.full((2,), float(number)))), model)
    for epoch, model in enumerate(models, 1):
        write(folder / f"epoch_{epoch}.pth", began_with=weights_digest(model))
    now, before = map(str, models)
    assert newest_checkpoint(str(folder), previous=now) == str(folder / "epoch_1.pth")
    assert newest_checkpoint(str(folder), previous=before) == str(folder / "epoch_2.pth")
    message = damage(str(folder / "epoch_2.pth"), previous=now)
    assert "epoch_2.pth is of a phase that began with another model than" in message
