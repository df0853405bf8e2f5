"""Only messages that do not matter to users are hidden at import."""

import logging
import sys
import warnings

import pytest

from mmlhl.import_noise import without_import_noise


def test_other_lines_and_warnings_stay(capsys):
    with pytest.warns(UserWarning) as shown, without_import_noise():
        print("Could not import OneDL\nCould not import OneDL\nCould not import torch")
        warnings.warn("Fail to import ``MultiScaleDeformableAttention`` from x", stacklevel=1)
        warnings.warn("another", stacklevel=1)
    assert capsys.readouterr().out == "Could not import torch\n"
    assert [str(each.message) for each in shown] == ["another"]


def test_a_logger_made_at_import_is_heard_later(capsys):
    with without_import_noise():  # mmengine makes one when something is logged
        handler = logging.StreamHandler(sys.stdout)
    handler.emit(logging.makeLogRecord(dict(msg="no report was written")))
    assert capsys.readouterr().out == "no report was written\n"


def test_what_was_printed_before_an_error_is_shown(capsys):
    with pytest.raises(ImportError), without_import_noise():
        print("a hint")
        raise ImportError
    assert capsys.readouterr().out == "a hint\n"


def test_a_closed_output_is_no_error(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    with without_import_noise():
        print("Could not import OneDL")
    print("nowhere")
