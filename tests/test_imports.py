"""Imports run one way; `import mmlhl` registers everything and loads no optional package."""

import ast
import functools
import graphlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in ROOT.glob("mmlhl/**/*.py")
    if ".mim" not in path.parts
}

#: Modules at the top that every package may use; they use only each other.
LEAVES = {"mmlhl.files", "mmlhl.paths", "mmlhl.ranks", "mmlhl.registered", "mmlhl.version"}
LEAVES |= {
    "mmlhl.draws",
    "mmlhl.explaining",
    "mmlhl.faulty_option",
    "mmlhl.command_line",
    "mmlhl.refusals",
    "mmlhl.registry",
    "mmlhl.config_values",
    "mmlhl.json_lines",
    "mmlhl.config_files",
    "mmlhl.instances",
    "mmlhl.operators",
    "mmlhl.option_rules",
    "mmlhl.orphans",
    "mmlhl.repeated_keys",
    "mmlhl.spelling",
    "mmlhl.import_noise",
    "mmlhl.unregistered",
}
#: The protocols of heads and methods for other packages.
HEAD, METHOD = "mmlhl.models.heads.base_head", "mmlhl.models.methods.base_method"
SPACE = "mmlhl.models.heads.output_space"
DECODERS, OPTIONS = "mmlhl.models.heads.decoders", "mmlhl.models.heads.options"
RANGES, PULLS = "mmlhl.models.heads.loss_ranges", "mmlhl.models.heads.loss_pulls"
#: Arguments of methods.
STEP, PROTOCOLS = "mmlhl.models.methods.step", "mmlhl.models.methods.protocols"
MODELS = {f"mmlhl.models.{package}" for package in ("losses", "heads", "teachers", "methods")}
MODELS |= {"mmlhl.models", HEAD, METHOD, PROTOCOLS}
SEGMENTORS = "mmlhl.models.segmentors"
ENGINE = {"mmlhl.engine", "mmlhl.engine.phases"}
BELOW_ENGINE = MODELS | {"mmlhl.checkpoints", "mmlhl.datasets", "mmlhl.evaluation"}
ALL_BELOW = BELOW_ENGINE | ENGINE | {SEGMENTORS, "mmlhl.engine.hooks", "mmlhl.engine.runners"}
#: Allowed imports of a package beside itself and the leaves. A module belongs to the
#: package with the longest name that its own begins with.
MAY_IMPORT = {
    "mmlhl.checkpoints": set(),
    "mmlhl.datasets": set(),
    "mmlhl.evaluation": set(),
    "mmlhl.visualization": set(),
    "mmlhl.rendering": {"mmlhl.datasets"},
    "mmlhl.models": {"mmlhl.checkpoints"},
    "mmlhl.models.losses": {"mmlhl.models"},
    SPACE: {"mmlhl.models.losses"},
    DECODERS: set(),
    OPTIONS: set(),
    RANGES: set(),
    PULLS: set(),
    HEAD: {"mmlhl.models", "mmlhl.models.losses", SPACE, DECODERS, OPTIONS, RANGES, PULLS},
    "mmlhl.models.heads": {"mmlhl.models", "mmlhl.models.losses", HEAD, OPTIONS, RANGES, PULLS},
    "mmlhl.models.teachers": {"mmlhl.models", "mmlhl.checkpoints"},
    STEP: set(),
    PROTOCOLS: {STEP},
    METHOD: {STEP, PROTOCOLS},
    "mmlhl.models.methods": {"mmlhl.models", "mmlhl.models.losses", "mmlhl.models.teachers"}
    | {STEP, PROTOCOLS, METHOD},
    SEGMENTORS: {"mmlhl.models", "mmlhl.models.heads", "mmlhl.models.teachers"}
    | {HEAD, METHOD, STEP, "mmlhl.checkpoints"},
    "mmlhl.models.tta": {"mmlhl.models", SEGMENTORS},
    "mmlhl.engine.phases": BELOW_ENGINE,
    "mmlhl.engine": BELOW_ENGINE | {"mmlhl.engine.phases"},
    "mmlhl.engine.hooks": BELOW_ENGINE | ENGINE,
    "mmlhl.engine.runners": BELOW_ENGINE | ENGINE,
    "mmlhl.inference": ALL_BELOW | {"mmlhl.visualization"},
    "mmlhl.analysis": ALL_BELOW | {"mmlhl.visualization", "mmlhl.inference"},
    "mmlhl.cli": set(),
    "mmlhl.__main__": {"mmlhl.cli"},
    **{leaf: set() for leaf in LEAVES},
}
#: Imports that should not exist, by file and package; should become empty.
EXCEPTIONS: set[tuple[str, str]] = set()
#: Packages that only tools use, so that `import mmlhl` does not load them.
NOT_AT_IMPORT = ("matplotlib", "mmlhl.analysis", "mmlhl.rendering")


def package_of(name):
    """The package that a module is in."""
    packages = [each for each in MAY_IMPORT if name == each or name.startswith(f"{each}.")]
    return max(packages, key=len, default=None)


def imports_of(name, path):
    """Modules of mmlhl that a file imports, in functions too; not those for type checkers only."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = set()

    def visit(node):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                continue
            if isinstance(child, ast.Import):
                found.update(alias.name for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                above = package.split(".")[: len(package.split(".")) - child.level + 1]
                parts = (above if child.level else []) + ([child.module] if child.module else [])
                base = ".".join(parts)
                for alias in child.names:
                    full = f"{base}.{alias.name}"
                    found.add(full if full in FILES else base)
            visit(child)

    visit(ast.parse(path.read_text(encoding="utf-8")))
    return {module for module in found if module.split(".")[0] == "mmlhl"}


@functools.cache
def imports():
    """What each file imports of mmlhl, in functions too."""
    return {name: imports_of(name, path) for name, path in FILES.items()}


@functools.cache
def import_pairs():
    """Every import of a module in another package, by file and package."""
    found = []
    for name, path in FILES.items():
        for module in imports()[name]:
            here, there = package_of(name), package_of(module)
            # a package's __init__ imports its modules
            shows = path.name == "__init__.py" and module.startswith(f"{name}.")
            if here != there and not shows and name != "mmlhl":
                found.append((name, here, there))
    return found


def test_every_module_is_in_a_known_package():
    assert [name for name in FILES if name != "mmlhl" and package_of(name) is None] == []


def test_imports_run_one_way():
    wrong = set()
    for name, here, there in import_pairs():
        if here and there not in MAY_IMPORT[here] | LEAVES | {None}:
            wrong.add((name, there))
    assert sorted(wrong - EXCEPTIONS) == []


def test_allowed_imports_of_packages_are_acyclic():
    """Of the allowed imports, so that no two packages may ever import each other."""
    order, waiting = [], dict(MAY_IMPORT)
    while waiting:
        free = [package for package, needs in waiting.items() if not needs - {package} - set(order)]
        assert free, f"these packages may import each other: {sorted(waiting)}"
        order += free
        waiting = {package: needs for package, needs in waiting.items() if package not in free}


def test_imports_of_modules_are_acyclic():
    """Also within a package. `mmlhl/__init__.py` imports all packages and is left out."""
    files = {name: each - {name, "mmlhl"} for name, each in imports().items() if name != "mmlhl"}
    graphlib.TopologicalSorter(files).prepare()


def test_analysis_and_rendering_are_imported_by_tools_alone():
    tools_only = ("mmlhl.analysis", "mmlhl.rendering")
    users = {name for name, _, there in import_pairs() if there in tools_only}
    assert users == set()
    converter = ROOT / "tools" / "dataset_converters" / "rooms.py"
    using = [path for path in ROOT.glob("tools/**/*.py") if "mmlhl.rendering" in path.read_text()]
    assert using == [converter]


def test_tools_do_not_import_each_other():
    """No tool imports another one, or changes where modules are found."""
    names = {path.stem for path in ROOT.glob("tools/**/*.py")}
    library = sys.stdlib_module_names
    for path in ROOT.glob("tools/**/*.py"):
        text = path.read_text(encoding="utf-8")
        assert "sys.path" not in text, path
        for node in ast.walk(ast.parse(text)):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                modules = [node.module or "."]
            assert not [m for m in modules if m in names - library], path


# One fresh process for all: its children each lack one package.
PROBE = """
import gc, importlib, json, os, sys
import mmcv, mmengine

def error_of(attempt, *args):
    gc.freeze()  # children do not walk, and so copy, what they share
    reading, writing = os.pipe()
    if not os.fork():
        try:
            attempt(*args)
        except BaseException as error:
            os.write(writing, f"{type(error).__name__}: {error}".encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    os.wait()
    return text

def import_without(name):
    gone = (name, "mmcv") if name == "cv2" else (name,)  # mmcv asks for cv2 at once
    for module in list(sys.modules):  # it was imported, and is taken away again
        if module.split(".")[0] in gone:
            del sys.modules[module]

    class Blocker:
        def find_spec(self, module, path=None, target=None):
            if module.split(".")[0] == name:
                raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    sys.meta_path.insert(0, Blocker())
    import mmlhl

lacking = {name: error_of(import_without, name) for name in LACKING}
import mmlhl
loaded = sorted(sys.modules)
failed = {}
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except BaseException as error:
        failed[name] = f"{type(error).__name__}: {error}"
print(json.dumps(dict(loaded=loaded, failed=failed, lacking=lacking)))
"""
LACKING = ("mmseg", "mmcv", "mmengine", "cv2")


@pytest.fixture(scope="module")
def fresh():
    """What a fresh process has loaded after `import mmlhl`, and what cannot be imported."""
    command = [sys.executable, "-c", PROBE.replace("LACKING", repr(LACKING)), *FILES]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_without_mm_packages_it_says_what_to_install(fresh):
    *kinds, other = LACKING
    for missing in kinds:
        error = fresh["lacking"][missing]
        begin = f"ImportError: mmlhl extends MMSegmentation, but the module '{missing}'"
        assert error.startswith(begin) and "mmlhl[onedl]" in error and "mmlhl[classic]" in error
    # other missing modules are not blamed on mmseg
    assert other in fresh["lacking"][other] and "mmlhl ext" not in fresh["lacking"][other]


def test_import_does_not_load_optional_packages(fresh):
    heavy = [m for m in fresh["loaded"] if m.startswith(tuple(f"{n}." for n in NOT_AT_IMPORT))]
    assert [*heavy, *(m for m in NOT_AT_IMPORT if m in fresh["loaded"])] == []


def test_every_module_is_imported_or_importable(fresh):
    """`import mmlhl` loads each module that registers something; the others load on their own."""
    registers = re.compile(r"^@[A-Z_]+\.register_module", re.MULTILINE)
    registering = {name for name, path in FILES.items() if registers.search(path.read_text())}
    assert sorted(registering - set(fresh["loaded"])) == []
    assert fresh["failed"] == {}
