"""The live display, on simulated terminals."""

import io
import logging
import sys
from types import SimpleNamespace

import pytest
from mmengine.config import Config
from rich.console import Console
from rich.file_proxy import FileProxy

from mmlhl.engine.logs.live import LiveProgress, display_paused, is_for_terminal, render
from mmlhl.engine.logs.moment import Moment
from mmlhl.engine.phases.checking.progress_options import progress_options

NOW = Moment(
    "phase 2/3 depth",
    "epoch 2/20",
    30,
    100,
    130,
    300,
    65.0,
    3725.0,
    {"loss": 1.5, "depth.loss_l1": 0.25, "seg.loss_had_db": 0.5, "seg.loss_had_sg": 0.75},
)


def terminal(**options):
    file = io.StringIO()
    return Console(file=file, width=100, height=30, **options), file


def test_what_is_drawn():
    console, file = terminal(color_system=None)
    console.print(render(NOW))
    lines = [" ".join(line.split()) for line in file.getvalue().splitlines()]
    bars = [" ".join(word for word in line.split() if set(word) - set("━╸╺")) for line in lines]
    assert bars == [
        "phase 2/3 depth 30/100 eta 0:01:05 epoch 2/20",
        "sequence 130/300 eta 1:02:05",
        "total loss 1.5000",
        "depth loss_l1 0.2500",
        "seg loss_had_db 0.5000 loss_had_sg 0.7500",
    ]


def test_a_terminal_is_drawn_on_and_left_clean():
    console, file = terminal(force_terminal=True, _environ={"TERM": "xterm"})
    out, err = sys.stdout, sys.stderr
    live = LiveProgress(60, console)
    with pytest.raises(KeyboardInterrupt):
        try:
            live.start()
            live.show(lambda: NOW)
            before = len(file.getvalue())
            live.show(lambda: pytest.fail("too early to draw"))
            live.show(lambda: NOW, last=True)
            assert len(file.getvalue()) > before
            print("a line of the log")
            raise KeyboardInterrupt
        finally:
            live.stop()
    text = file.getvalue()
    assert "depth" in text and "a line of the log" in text
    assert text.rfind("\x1b[?25h") > text.rfind("\x1b[?25l")  # the cursor is visible
    assert text.endswith("\x1b[2K")  # nothing of the display is left
    assert (sys.stdout, sys.stderr) == (out, err)
    live.show(lambda: pytest.fail("stopped"))


def test_drawing_takes_a_small_share_of_the_time(monkeypatch):
    console, _ = terminal(force_terminal=True, _environ={"TERM": "xterm"})
    live = LiveProgress(1.0, console)
    now = SimpleNamespace(seconds=100.0)
    drawn = []

    def moment():
        drawn.append(now.seconds)
        now.seconds += 0.02  # half a per cent of four seconds
        return NOW

    live.start()
    monkeypatch.setattr(
        f"{LiveProgress.__module__}.time", SimpleNamespace(monotonic=lambda: now.seconds)
    )
    for _ in range(100):
        live.show(moment)
        now.seconds += 0.1
    live.stop()
    assert [round(each - drawn[0]) for each in drawn] == [0, 4, 8]


def test_another_display_gets_the_terminal_for_itself():
    console, file = terminal(force_terminal=True, _environ={"TERM": "xterm"})
    live = LiveProgress(0.001, console)
    with display_paused():
        assert not live.started  # there was none
    live.start()
    with display_paused():
        assert not live.started and not isinstance(sys.stdout, FileProxy)
        live.show(lambda: pytest.fail("paused"), last=True)
    assert live.started and isinstance(sys.stdout, FileProxy)
    live.stop()
    with display_paused():
        pass
    assert not live.started


@pytest.mark.parametrize("options", [{}, dict(force_terminal=True, _environ={"TERM": "dumb"})])
def test_nothing_is_drawn_without_a_terminal(options):
    console, file = terminal(**options)
    live = LiveProgress(0.001, console)
    live.start()
    live.show(lambda: pytest.fail("not a terminal"), last=True)
    live.stop()
    assert not live.started and file.getvalue() == ""


def record(text, level=logging.INFO):
    return logging.LogRecord("mmengine", level, "", 0, text, None, None)


@pytest.mark.parametrize(
    "text",
    [
        "phase 2/3 depth  Epoch(train) [1][2/9]",
        "phase 2/3 depth  Iter(test) [3/9]",
        "\n" + "-" * 60 + "\nSystem environment:",
        "Config:\nmodel = 1",
        "Saving checkpoint at 3 epochs",
    ],
)
def test_files_keep_what_the_display_shows(text):
    assert not is_for_terminal(record(text))
    assert is_for_terminal(record(text, logging.WARNING))


@pytest.mark.parametrize("text", ["phase 2/3 depth: 4 images", "teacher of seg: a.pth", "a table"])
def test_terminal_still_shows_other_lines(text):
    assert is_for_terminal(record(text))


def test_options():
    assert progress_options(Config(dict()), {}) == dict(live=True, interval=1.0)
    off = Config(dict(progress=dict(live=False, interval=2)))
    assert progress_options(off, {}) == dict(live=False, interval=2.0)
    assert progress_options(off, {"MMLHL_LIVE": "1"})["live"]
    assert not progress_options(Config(dict()), {"MMLHL_LIVE": "0"})["live"]


@pytest.mark.parametrize(
    ("given", "environ", "message"),
    [
        (dict(lives=True), {}, r"progress.lives: .* did you mean 'live'\?"),
        (dict(live="yes"), {}, "progress.live is 'yes'"),
        (dict(interval=0), {}, "progress.interval is 0"),
        (dict(interval="x"), {}, "progress.interval is 'x'"),
        (True, {}, "progress must be a dict"),
        ({}, {"MMLHL_LIVE": "no"}, "MMLHL_LIVE is 'no'"),
    ],
)
def test_invalid_options_are_refused(given, environ, message):
    with pytest.raises(ValueError, match=message):
        progress_options(dict(progress=given), environ)
