"""Findings of the doctor in simulated environments."""

import warnings

import pytest

from mmlhl.cli import doctor
from mmlhl.cli.doctor import Finding, check_mm_packages, check_optional, check_torch, numbers, show

ONEDL = {"onedl-mmengine": "0.10.12", "onedl-mmcv": "2.3.6", "onedl-mmsegmentation": "1.4.2"}
CLASSIC = {"mmengine": "0.10.7", "mmcv": "2.1.0", "mmsegmentation": "1.2.2"}


def environment(monkeypatch, **found):
    monkeypatch.setattr(doctor, "installed", found.get)


def wrong(findings):
    return [(f.subject, f.remedy) for f in findings if f.state == "wrong"]


LITE = {"mmcv-lite": "2.1.0", **{k: v for k, v in CLASSIC.items() if k != "mmcv"}}


@pytest.mark.parametrize(
    "have", [ONEDL, *({**each, "setuptools": "80.9.0"} for each in (CLASSIC, LITE))]
)
def test_complete_installation_has_no_problem(monkeypatch, have):
    environment(monkeypatch, **have)
    findings = check_mm_packages()
    assert len(findings) == 3 and {f.state for f in findings} == {"ok"}


def test_no_mm_packages(monkeypatch):
    environment(monkeypatch)
    ((subject, remedy),) = wrong(check_mm_packages())
    assert "mmlhl[onedl]" in remedy


def test_both_kinds_installed_is_a_problem(monkeypatch):
    environment(monkeypatch, **ONEDL, mmcv="2.1.0")
    ((subject, remedy),) = wrong(check_mm_packages())
    assert remedy.startswith("pip uninstall -y") and " mmcv" in remedy and "onedl-mmcv" in remedy


def test_an_incomplete_kind_names_what_is_missing(monkeypatch):
    environment(monkeypatch, **{**ONEDL, "onedl-mmcv": None})
    assert wrong(check_mm_packages()) == [("onedl-mmcv", 'pip install "mmlhl[onedl]"')]


def test_the_classic_kind_needs_pkg_resources(monkeypatch):
    environment(monkeypatch, **CLASSIC, setuptools="84.2.1")
    assert wrong(check_mm_packages()) == [("setuptools", 'pip install "setuptools<81"')]


@pytest.mark.parametrize("found, remedy", [(None, "pip install torch"), ("1.13.1", "torch>=2.0")])
def test_torch(monkeypatch, found, remedy):
    environment(monkeypatch, torch=found)
    ((_, message),) = wrong(check_torch())
    assert remedy in message


def test_an_optional_package_is_only_a_note(monkeypatch):
    environment(monkeypatch)
    assert {f.state for f in check_optional()} == {"note"}


def test_a_broken_module_is_named_with_its_reason():
    assert doctor.import_error("json") is None
    assert "no_such_module" in doctor.import_error("no_such_module")


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        ("ModuleNotFoundError: No module named 'regex'", "pip install ftfy regex"),
        ("AssertionError: MMCV==2.2.0 is used but incompatible", 'pip install "mmlhl[onedl]"'),
        ("ImportError: libGL.so.1: cannot open", 'pip install "mmlhl[onedl]"'),
    ],
)
def test_the_remedy_follows_the_reason(monkeypatch, error, remedy):
    monkeypatch.setattr(doctor, "installed", lambda name: None)
    monkeypatch.setattr(
        doctor, "import_error", lambda module: error if module == "mmseg.models" else None
    )
    assert wrong(doctor.check_imports()) == [("import mmseg.models", remedy)]


def test_this_environment_has_no_problem():
    assert wrong(doctor.examine()) == []


def test_a_warning_on_operators_that_nothing_uses_is_left_out(monkeypatch, capsys):
    def checks():
        warnings.warn(
            "Fail to import ``MultiScaleDeformableAttention`` from ``mmcv.ops``", stacklevel=1
        )
        warnings.warn("the disk is nearly full", stacklevel=1)
        return [Finding("a", "b")]

    monkeypatch.setattr(doctor, "CHECKS", (checks,))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert doctor.run([]) == 0
    assert [str(each.message) for each in caught] == ["the disk is nearly full"]
    assert "nothing to fix" in capsys.readouterr().out


def test_versions_are_compared_as_numbers():
    assert numbers("2.13.0+cpu") == (2, 13, 0) > numbers("2.9.1")


def test_remedies_stand_below_the_table_whole_and_with_their_extras(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    remedy = 'pip install "mmlhl[onedl]" and more words than a terminal of forty columns has'
    note = Finding("f", "not there", "note", "pip install f")
    show([Finding("a", "b [c]", "wrong", remedy), Finding("d", "e"), note])
    table, below = capsys.readouterr().out.split("to fix: ")
    assert below == f"a: {remedy}\noptional: f: pip install f\n"
    assert "b [c]" in table and max(map(len, table.splitlines())) <= 40
