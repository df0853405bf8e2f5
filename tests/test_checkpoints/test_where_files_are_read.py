"""Every place that reads a file which could hold code, or runs something, is known and guarded.

A new one makes these tests fail: read the file by the package's own function, or, where the new
place is itself guarded or reads nobody else's files, add it to the table.
"""

import ast
from pathlib import Path

import pytest
from mmengine.fileio import handlers  # noqa: F401  registers them
from mmengine.fileio.handlers import registry_utils
from mmengine.runner import CheckpointLoader

import mmlhl

PACKAGE = Path(mmlhl.__file__).parent
TOOLS = PACKAGE.parent / "tools"

#: what may hold or run code -> the files that may use it
KNOWN = {
    "torch.load": ("mmlhl/checkpoints/reading.py", "mmlhl/models/backbones/installed_weights.py"),
    "torch.hub": ("mmlhl/checkpoints/schemes.py",),
    "torch.jit.load": ("mmlhl/inference/export/formats.py",),  # files that the export has written
    "torch.export.load": ("mmlhl/inference/export/formats.py",),
    "torch.package": (),
    "torch.serialization": ("mmlhl/checkpoints/safe_globals.py",),
    "torch.ops.load_library": (),
    "torch.classes": (),
    "onnx.load": ("mmlhl/inference/export/formats.py",),
    "onnxruntime.InferenceSession": ("mmlhl/inference/export/formats.py",),
    "safetensors": (),
    "pickle.load": (),
    "pickle.loads": (),
    "pickle.Unpickler": (),
    "pickle._Unpickler": ("mmlhl/checkpoints/restricted.py",),
    "marshal": (),
    "shelve": (),
    "dill": (),
    "cloudpickle": (),
    "joblib": (),
    "tarfile": ("mmlhl/checkpoints/other_kinds.py",),  # only looks at the beginning
    "zipfile.ZipFile": (
        "mmlhl/checkpoints/checksums.py",
        "mmlhl/datasets/reading/arrays.py",
    ),
    "shutil.unpack_archive": (),
    "numpy.load": (
        "mmlhl/analysis/benchmarks/data_loading.py",
        "mmlhl/datasets/pseudo_labels/folder.py",
    ),
    "numpy.memmap": (),
    "yaml.load": ("mmlhl/checkpoints/yaml_files.py",),
    "yaml.unsafe_load": (),
    "yaml.full_load": (),
    "yaml.Loader": (),
    "yaml.UnsafeLoader": (),
    "yaml.FullLoader": (),
    "mmengine.load": (),
    "mmengine.fileio.load": (),
    "mmengine.list_from_file": (),
    "mmengine.Config.fromstring": (),
    "mmengine.config.Config.fromstring": (),
    "mmengine.config.Config.fromfile": (
        "mmlhl/analysis/benchmarks/distillation_report.py",
        "mmlhl/analysis/benchmarks/distillation_runs.py",
        "mmlhl/analysis/zoo.py",
        "mmlhl/config_files.py",
    ),
    "scipy.io.loadmat": ("mmlhl/datasets/pascal_mat.py", "tools/dataset_converters/nyuv2.py"),
    "h5py.File": (
        "mmlhl/analysis/benchmarks/docs_workspace.py",
        "tools/dataset_converters/nyuv2.py",
    ),
    "PIL.Image.open": ("mmlhl/datasets/reading/pillow.py",),
    "cv2.imread": (),
    "cv2.FileStorage": (),
    "cv2.VideoCapture": ("mmlhl/inference/video.py",),
    "eval": (),
    "exec": ("mmlhl/analysis/benchmarks/docs_commands.py", "mmlhl/cli/__init__.py"),
    "__import__": (),
    "runpy": (
        "mmlhl/analysis/benchmarks/docs_commands.py",
        "mmlhl/analysis/benchmarks/worker.py",
    ),
    "importlib.import_module": (
        "mmlhl/cli/doctor.py",
        "mmlhl/inference/own_modules.py",
        "mmlhl/operators.py",
    ),
    "importlib.util.spec_from_file_location": (),
    "os.system": (),
    "os.popen": (),
    "pty": (),
    "subprocess": (
        "mmlhl/analysis/",
        "mmlhl/engine/cpu_distributed.py",
        "mmlhl/engine/environment.py",
    ),
    "multiprocessing.connection.Client": (),
}


def files():
    """The package's and the tools' source files, by their paths from the root."""
    for root in (PACKAGE, TOOLS):
        for path in sorted(root.rglob("*.py")):
            if ".mim" not in path.parts:
                yield path.relative_to(root.parent).as_posix(), path.read_text(encoding="utf-8")


def references(text):
    """Full dotted names that a source file uses, by its imports."""
    tree, names = ast.parse(text), {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for each in node.names:
                top = each.name if each.asname else each.name.partition(".")[0]
                names[each.asname or top] = top
                yield each.name
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for each in node.names:
                names[each.asname or each.name] = f"{node.module}.{each.name}"
                yield f"{node.module}.{each.name}"
    for node in ast.walk(tree):
        parts = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if isinstance(node, ast.Name):
            yield ".".join([names.get(node.id, node.id), *reversed(parts)])


def uses(text):
    """Entries of the table that a source file uses."""
    found = set(references(text))
    return {
        known
        for known in KNOWN
        if any(name == known or name.startswith(f"{known}.") for name in found)
    }


@pytest.fixture(scope="module")
def used():
    return {(file, name) for file, text in files() for name in uses(text)}


def test_every_place_is_known(used):
    wrong = sorted(
        f"{file} uses {name}" for file, name in used if not file.startswith(KNOWN[name] or ("?",))
    )
    assert not wrong, wrong


def test_no_place_is_named_that_is_gone(used):
    for name, places in KNOWN.items():
        for place in places:
            assert any(file.startswith(place) and name == n for file, n in used), (name, place)


@pytest.mark.parametrize(
    "text, name",
    [
        ("import torch\ntorch.load(path)", "torch.load"),
        ("import torch as t\nread = t.load", "torch.load"),
        ("from torch import load as read\nread(path)", "torch.load"),
        ("import numpy as np\nmap(np.load, paths)", "numpy.load"),
        ("def f():\n    from scipy.io import loadmat", "scipy.io.loadmat"),
        ("from PIL import Image\nImage.open(path)", "PIL.Image.open"),
        ("from mmengine import Config\nConfig.fromstring(text)", "mmengine.Config.fromstring"),
        ("import pickle as p\np.loads(data)", "pickle.loads"),
        ("eval(text)", "eval"),
        ("from subprocess import run", "subprocess"),
        ("import torch.package", "torch.package"),
        ("from tarfile import open as untar", "tarfile"),
    ],
)
def test_new_places_are_noticed(text, name):
    assert uses(text) == {name}


def test_every_scheme_of_mmengines_loader_is_ours():
    for prefix, loader in CheckpointLoader._schemes.items():
        assert loader.__module__.startswith("mmlhl."), prefix


def test_every_handler_of_mmengines_files_is_harmless():
    """Of its kinds of files only these are read, and pickle and YAML by our own handlers."""
    kinds = {type(handler) for handler in registry_utils.file_handlers.values()}
    assert {kind.__name__ for kind in kinds} == {
        *("JsonHandler", "DataYamlHandler", "DataPickleHandler")
    }
    for kind in kinds - {type(registry_utils.file_handlers["json"])}:
        assert kind.__module__.startswith("mmlhl.")
