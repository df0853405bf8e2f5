"""The distributions of the package, and rules for every file."""

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
import setuptools
import yaml

import mmlhl
from mmlhl.paths import shipped_dir

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [path for folder in ("mmlhl", "configs", "tools") for path in ROOT.glob(f"{folder}/**/*")]
SUFFIXES = (".py", ".sh", ".md", ".txt", ".yml")
SOURCES = [path for path in SOURCES if path.suffix in SUFFIXES and ".mim" not in path.parts]
PYTHON = [path for path in SOURCES if path.suffix == ".py"]
LEAF_CONFIGS = [
    path for path in ROOT.glob("configs/**/*.py") if "_base_" not in path.relative_to(ROOT).parts
]
#: Files and folders of a source distribution.
SHIPPED = ("mmlhl", "configs", "tools", "tests", "docs")
TOP_FILES = ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE", "CHANGELOG.md")
TOP_FILES += ("CITATION.cff", "CONTRIBUTING.md", "Makefile", "requirements.txt", "model-index.yml")

# What `python -m build` does with both hooks, in one process.
BUILD = """
import os, sys, tarfile
import setuptools.build_meta as backend
out = sys.argv[1]  # setuptools takes sys.argv over
sdist = backend.build_sdist(out)
tarfile.open(os.path.join(out, sdist)).extractall(out)
os.chdir(os.path.join(out, sdist.removesuffix(".tar.gz")))
backend.build_wheel(out)
"""

# Inherits a shipped config by mmengine's prefix.
TINY = """
_base_ = "mmlhl::had/rooms_seg_depth_normal.py"
phases = [dict(tasks=["seg"])]
train_dataloader = dict(num_workers=0, persistent_workers=False, batch_size=2)
test_dataloader = dict(num_workers=0, persistent_workers=False)
train_cfg = dict(max_epochs=1)
"""
TRAIN = """
import runpy, sys
import mmlhl
from mmlhl.paths import shipped_dir
from mmlhl.rendering import write_rooms
assert mmlhl.__file__.startswith(sys.prefix), mmlhl.__file__
write_rooms("data/rooms", 2, 1, 32, 32, workers=0, progress=False)
place = mmlhl.__path__[0] + "/.mim/configs/had/rooms_seg_depth_normal.py"  # without mmlhl imported
assert open(place).read() == open(shipped_dir("configs") / "had/rooms_seg_depth_normal.py").read()
tool = str(shipped_dir("tools") / "train.py")
sys.argv = [tool, "tiny.py", "--work-dir", "out"]
runpy.run_path(tool, run_name="__main__")
"""


def in_repo(path):
    return str(path.relative_to(ROOT))


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Source distribution of a copy of the sources, and the wheel that is made of it alone."""
    if tuple(int(part) for part in setuptools.__version__.split(".")[:1]) < (77,):
        pytest.skip("setuptools before 77 does not read the licence of pyproject.toml")
    folder = tmp_path_factory.mktemp("built")
    source = folder / "source"
    source.mkdir()
    for name in TOP_FILES:
        shutil.copy(ROOT / name, source)
    for name in SHIPPED:
        ignored = shutil.ignore_patterns("__pycache__", "_build", ".mim")
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)], cwd=source, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return sdist, wheel


@pytest.fixture(scope="module")
def wheel(built):
    return built[1]


def test_sdist_holds_the_sources(built):
    names = {name.partition("/")[2] for name in tarfile.open(built[0]).getnames()}
    tests = [path for path in ROOT.glob("tests/**/*.py") if "__pycache__" not in path.parts]
    wanted = {*map(in_repo, [*SOURCES, *tests]), *TOP_FILES, "mmlhl/py.typed"}
    assert sorted(wanted - names) == []
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def test_wheel_holds_package_configs_and_tools(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for path in SOURCES:
        inside = in_repo(path)
        if not inside.startswith("mmlhl/"):
            inside = f"mmlhl/.mim/{inside}"
        elif path.suffix != ".py":
            continue
        assert inside in names
    assert {"mmlhl/py.typed", "mmlhl/.mim/model-index.yml"} <= names
    top = {name.split("/")[0] for name in names}
    assert top == {"mmlhl", f"mmlhl-{mmlhl.__version__}.dist-info"}


def metadata(wheel):
    archive = zipfile.ZipFile(wheel)
    (name,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
    return archive.read(name).decode().splitlines()


def requirements(wheel):
    return [line.split(": ", 1)[1] for line in metadata(wheel) if line.startswith("Requires-Dist")]


def test_wheel_metadata(wheel):
    lines, required = metadata(wheel), requirements(wheel)
    # Neither kind of mm* packages unless its extra is asked for, and ranges, never pins.
    always = [entry for entry in required if "extra ==" not in entry]
    assert always and not any("mm" in entry.split(">")[0] for entry in always)
    assert not any("==" in entry.split(";")[0] for entry in required)
    extras = {line.split(": ")[1] for line in lines if line.startswith("Provides-Extra")}
    assert extras >= {"onedl", "classic", "nyuv2", "pretrained", "export", "test", "docs"}
    assert "License-Expression: Apache-2.0" in lines
    assert any(line.startswith("Project-URL: ") for line in lines)
    assert any(name.endswith("LICENSE") for name in zipfile.ZipFile(wheel).namelist())


def test_description_has_no_link_that_an_index_cannot_follow(wheel):
    text = "\n".join(metadata(wheel)).split("\n\n", 1)[1]
    assert text.startswith("# mmlhl") and "LifelongInferencer(" in text
    links = re.findall(r"\]\(([^)]*)\)", text)
    assert links and [link for link in links if not link.startswith(("https://", "http://"))] == []


def test_wheel_brings_its_command(wheel):
    archive = zipfile.ZipFile(wheel)
    (name,) = [name for name in archive.namelist() if name.endswith("/entry_points.txt")]
    assert "mmlhl = mmlhl.cli:main" in archive.read(name).decode().splitlines()


def test_requirements_pin_what_the_extras_need(wheel):
    """`make test` installs requirements.txt only, so it must contain all requirements."""
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert [line for line in pins if not re.fullmatch(r"[\w.-]+==[\w.+-]+", line)] == []
    names = [re.sub(r"[-_.]+", "-", line.split("==")[0]).lower() for line in pins]
    assert len(set(names)) == len(names)
    wanted = {
        re.match(r"[\w-]+", entry)[0].lower()
        for entry in requirements(wheel)
        if "extra ==" not in entry or re.search("extra == .(onedl|export|nyuv2|test).", entry)
    }
    assert sorted(wanted - set(names) - {"mmlhl"}) == []


def test_installed_wheel_trains_from_another_folder(wheel, tmp_path):
    """In a fresh environment that sees the packages of this one, but not the checkout."""
    venv, elsewhere = tmp_path / "venv", tmp_path / "elsewhere"
    elsewhere.mkdir()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    (site,) = venv.glob("lib/python*/site-packages")
    layers = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    (site / "layer.pth").write_text("\n".join(layers) + "\n")
    command = [sys.executable, "-m", "pip", "--python", str(venv), "install", "--no-deps"]
    command += ["--no-index", "--no-compile", "--disable-pip-version-check", str(wheel)]
    done = subprocess.run(command, cwd=elsewhere, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (elsewhere / "tiny.py").write_text(TINY)
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [str(venv / "bin" / "python"), "-c", TRAIN],
        cwd=elsewhere,
        env=dict(env, OMP_NUM_THREADS="1", PYTHONDONTWRITEBYTECODE="1"),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    record = json.loads((elsewhere / "out" / "lifelong.json").read_text())
    assert record["phases"][0]["tasks"] == ["seg"] and "mIoU" in record["metrics"]["seg"]


def test_the_model_index_lists_every_config_of_a_method():
    """As mim and mmengine read it."""
    (listed,) = yaml.safe_load((ROOT / "model-index.yml").read_text())["Import"]
    index = yaml.safe_load((ROOT / listed).read_text())
    collections = {entry["Name"] for entry in index["Collections"]}
    assert {entry["In Collection"] for entry in index["Models"]} == collections
    configs = [entry["Config"] for entry in index["Models"]]
    wanted = [path for path in map(in_repo, LEAF_CONFIGS) if "/benchmarks/" not in path]
    assert sorted(configs) == sorted(wanted)
    assert len({entry["Name"] for entry in index["Models"]}) == len(configs)


def test_shipped_dir_in_a_checkout():
    assert shipped_dir("configs") == ROOT / "configs"
    with pytest.raises(FileNotFoundError, match="'recipes'"):
        shipped_dir("recipes")


def test_no_compiled_ops():
    """The maintained mmcv comes without compiled operators."""
    ops = re.compile(r"^\s*(from|import) mmcv\.ops|from mmcv import .*\bops\b", re.MULTILINE)
    assert [in_repo(path) for path in PYTHON if ops.search(path.read_text())] == []


def test_no_paths_of_one_machine():
    absolute = re.compile(r"(?<![\w.$}/-])/(?:work|home|root|tmp|opt|mnt|Users)/[\w./-]*")
    found = {in_repo(path): absolute.findall(path.read_text()) for path in SOURCES}
    assert {path: paths for path, paths in found.items() if paths} == {}


def test_no_file_exceeds_300_lines():
    """Code and tests: one concept per file."""
    lengths = {
        in_repo(path): len(path.read_text().splitlines())
        for path in [*PYTHON, *ROOT.glob("tests/**/*.py")]
    }
    assert {path: lines for path, lines in lengths.items() if lines > 300} == {}


def test_leaf_configs_are_short():
    lengths = {
        in_repo(path): sum(bool(line.strip()) for line in path.read_text().splitlines())
        for path in LEAF_CONFIGS
    }
    assert {path: lines for path, lines in lengths.items() if lines >= 20} == {}


def test_mmengine_finds_the_package_of_an_editable_install_too():
    from mmengine.config.utils import MODULE2PACKAGE
    from mmengine.utils import get_installed_path, is_installed

    name = MODULE2PACKAGE["mmlhl"]
    assert is_installed(name)
    assert Path(get_installed_path(name)) == Path(mmlhl.__file__).parent
