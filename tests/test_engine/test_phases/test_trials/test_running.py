"""Packages of backends and options of compiling are looked at before phase one."""

import importlib.util
import sys

import pytest
import torch

from mmlhl.engine import parse_phases
from mmlhl.engine.phases.rehearsal import rehearse
from mmlhl.engine.phases.trials.running import PACKAGES, try_running


def logging_to(*kinds):
    return dict(visualizer=dict(vis_backends=[dict(type=kind) for kind in kinds]))


@pytest.mark.parametrize("kind", PACKAGES)
def test_a_missing_package(monkeypatch, kind):
    known = ("wandb", "mlflow", "tensorboard", "tensorboardX", "clearml", "neptune", "dvclive")
    for name in (*known, "aim"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    package = PACKAGES[kind][0]
    with pytest.raises(ValueError, match=rf"^p: .*\[1\]: {kind} needs the package {package}, "):
        try_running(logging_to("LocalVisBackend", kind), "p")
    monkeypatch.setitem(sys.modules, PACKAGES[kind][-1], object())
    try_running(logging_to("LocalVisBackend", f"mmengine.{kind}"), "p")


def test_options_of_compiling(monkeypatch):
    found = []
    monkeypatch.setattr(torch, "compile", lambda function, *, mode=None: found.append(mode))
    for options in (True, dict(mode="default"), {}, None, False):
        try_running(dict(compile=options), "p")
    assert found == [None, "default"]
    with pytest.raises(ValueError, match=r"^phases\[0\]: compile: TypeError.*'mod'"):
        try_running(dict(compile=dict(mod="default")), "phases[0]")


def test_found_in_a_later_phase(config, monkeypatch):
    monkeypatch.setattr(torch, "compile", lambda function: None)
    cfg = config(phases=[dict(tasks=["seg"]), dict(tasks=["depth"])])
    cfg.phases[1].cfg = dict(compile=dict(backnd="eager"))
    with pytest.raises(ValueError, match=r"^phases\[1\]: compile: .*'backnd'"):
        rehearse(cfg, parse_phases(cfg))
