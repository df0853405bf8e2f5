"""The package as a whole: its wheel, its import, and rules that hold for every file."""

import re
import shutil
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest
import setuptools

import mmlhl
from mmlhl.paths import shipped_dir

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [path for folder in ("mmlhl", "configs", "tools") for path in ROOT.glob(f"{folder}/**/*")]
SOURCES = [path for path in SOURCES if path.suffix in (".py", ".sh", ".md", ".txt", ".yml")]
PYTHON = [path for path in SOURCES if path.suffix == ".py"]
LEAF_CONFIGS = [
    path for path in ROOT.glob("configs/**/*.py") if "_base_" not in path.relative_to(ROOT).parts
]


def in_repo(path):
    return str(path.relative_to(ROOT))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of a copy of the sources, built without network."""
    major, minor = (int(part) for part in setuptools.__version__.split(".")[:2])
    if (major, minor) < (70, 1) and find_spec("wheel") is None:
        pytest.skip("setuptools before 70.1 builds no wheel by itself")
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "source"
    copy.mkdir()
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE"):
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, copy)
    for name in ("mmlhl", "configs", "tools"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation"]
    command += ["--no-index", "--disable-pip-version-check", "--wheel-dir", str(folder), str(copy)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("*.whl")
    return path


def test_wheel_holds_package_configs_and_tools(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for path in SOURCES:
        inside = in_repo(path)
        if not inside.startswith("mmlhl/"):
            inside = f"mmlhl/.mim/{inside}"
        elif path.suffix != ".py":
            continue
        assert inside in names
    top = {name.split("/")[0] for name in names}
    assert top == {"mmlhl", f"mmlhl-{mmlhl.__version__}.dist-info"}


def test_wheel_metadata(wheel):
    archive = zipfile.ZipFile(wheel)
    (name,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
    lines = archive.read(name).decode().splitlines()
    required = [line.split(": ", 1)[1] for line in lines if line.startswith("Requires-Dist")]
    # Neither kind of mm* packages unless its extra is asked for, and ranges, never pins.
    always = [entry for entry in required if "extra ==" not in entry]
    assert always and not any("mm" in entry.split(">")[0] for entry in always)
    assert not any("==" in entry.split(";")[0] for entry in required)
    extras = {line.split(": ")[1] for line in lines if line.startswith("Provides-Extra")}
    assert extras == {"onedl", "classic", "nyuv2", "test", "docs"}
    assert "License-Expression: Apache-2.0" in lines or "License: Apache-2.0" in lines
    assert any(name.endswith("LICENSE") for name in archive.namelist())


def test_installed_wheel_finds_its_configs(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = (
        "import importlib.util as u, sys;"
        "spec = u.spec_from_file_location('paths', sys.argv[1]); m = u.module_from_spec(spec);"
        "spec.loader.exec_module(m); print(m.shipped_dir('tools') / 'train.py')"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "mmlhl" / "paths.py")]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert Path(found) == (tmp_path / "mmlhl/.mim/tools/train.py").resolve()
    assert Path(found).exists()


def test_shipped_dir_in_a_checkout():
    assert shipped_dir("configs") == ROOT / "configs"
    with pytest.raises(FileNotFoundError, match="'recipes'"):
        shipped_dir("recipes")


@pytest.mark.parametrize("missing", ["mmseg", "mmcv", "mmengine"])
def test_import_without_mm_packages_says_what_to_install(missing):
    code = f"""
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] == {missing!r}:
            raise ModuleNotFoundError(f"No module named '{{name}}'", name=name)

sys.meta_path.insert(0, Blocker())
import mmlhl
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(f"ImportError: mmlhl extends MMSegmentation, but the module '{missing}'")
    assert "mmlhl[onedl]" in last and "mmlhl[classic]" in last


def test_other_missing_modules_are_not_blamed_on_mmseg():
    code = (
        "import sys; sys.modules['prettytable'] = None\n"
        "try:\n    import mmlhl\nexcept ImportError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert "prettytable" in done.stdout and "mmlhl extends" not in done.stdout


def test_no_compiled_ops():
    """The maintained mmcv comes without compiled operators."""
    ops = re.compile(r"^\s*(from|import) mmcv\.ops|from mmcv import .*\bops\b", re.MULTILINE)
    assert [in_repo(path) for path in PYTHON if ops.search(path.read_text())] == []


def test_no_paths_of_one_machine():
    absolute = re.compile(r"(?<![\w.$}/-])/(?:work|home|root|tmp|opt|mnt|Users)/[\w./-]*")
    found = {in_repo(path): absolute.findall(path.read_text()) for path in SOURCES}
    assert {path: paths for path, paths in found.items() if paths} == {}


def test_leaf_configs_are_short():
    lengths = {
        in_repo(path): sum(bool(line.strip()) for line in path.read_text().splitlines())
        for path in LEAF_CONFIGS
    }
    assert {path: lines for path, lines in lengths.items() if lines >= 20} == {}
