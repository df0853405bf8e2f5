"""Finding and reading config files, with errors that name the file."""

from __future__ import annotations

import ast
import importlib.util
import os
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from mmengine.config import Config

from .config_values import as_list, nodes
from .explaining import explained_error, first_few
from .files import refuse_special
from .paths import shipped_dir
from .repeated_keys import repeated_keys
from .spelling import hint

#: bytes of a config file; reading a million values takes minutes, since it is parsed several times
LARGEST = 2 * 2**20
#: options of layers, of which mmcv passes all but ``type`` to their classes
LAYERS = {"norm_cfg", "act_cfg", "conv_cfg", "upsample_cfg"}


def read_config(path: str | os.PathLike) -> Config:
    """Read a config file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it cannot be read: a syntax error, a base that does not exist or that
            inherits from this file, a key that is given twice, or an error that its own code
            raises. If it is YAML or JSON and would call something that is not registered. If it,
            or one of its bases, is larger than 2 MiB.
    """
    if not os.path.isfile(path):
        kind = "a folder" if os.path.isdir(path) else "no such file"
        raise FileNotFoundError(f"{path}: {kind}, needed as config file")
    if _leads_back(os.path.abspath(path), ()):
        raise ValueError(f"{path}: the config cannot be read: its _base_ leads back to itself")
    refuse_repeated(path)
    try:
        cfg = Config.fromfile(path)
    except Exception as error:  # a config is a program, and may raise anything
        reason = _lacking_module(error) or _wrong_imports(error, path) or explained_error(error)
        if isinstance(error, AttributeError) and not _is_program(path):  # of a list, or nothing
            reason = "it holds no keys with values"
    else:
        called = _called_by_data(cfg, str(path))
        if called is None:
            _forget_scopes(cfg)
            return cfg
        reason = (
            f"it would call {called!r}, which is in no registry, and a config in this format is "
            "data: write a registered name, or the config as a Python file"
        )
    raise ValueError(f"{path}: the config cannot be read: {reason}")


def _forget_scopes(cfg: Config) -> None:
    """Drop the scope of ``_base_.norm_cfg``, say, of a base by ``mmlhl::``: no layer takes it."""
    for node in nodes(cfg._cfg_dict):
        for key in LAYERS & node.keys():
            if isinstance(node[key], dict):
                node[key].pop("_scope_", None)


def _called_by_data(cfg: Config, path: str) -> str | None:
    """The function that a config which is no program would call, or package that a scope imports.

    None if there is none. Modules of ``custom_imports`` are meant to be imported.
    """
    if _is_program(path):
        return None
    from .unregistered import unregistered  # here, as it needs mmseg, which `mmlhl doctor` may lack

    return unregistered(cfg.to_dict())


def _is_program(path: str | os.PathLike) -> bool:
    return os.path.splitext(path)[1].lower() == ".py"


def refuse_repeated(path: str | os.PathLike) -> None:
    """Refuse a key that a config file, or one of its bases, gives twice in one dictionary.

    Raises:
        ValueError: Naming file, key and line; or a file that is too large to be a config.
    """
    for file in with_bases(os.path.abspath(path)):
        refuse_special(file)
        if _is_large(file):
            raise ValueError(
                f"{file}: the config cannot be read: it has {os.path.getsize(file) / 2**20:.1f} "
                f"MiB, of {LARGEST // 2**20} at most; keep long lists in files, such as the ids of "
                "a dataset"
            )
        twice = repeated_keys(file)
        if twice:
            raise ValueError(
                f"{file}: the config cannot be read: {first_few(twice)}, of which only the last "
                "would count; take one of them out"
            )


def with_bases(path: str, above: tuple[str, ...] = ()) -> Iterator[str]:
    """The paths of a config and of all files that it inherits from."""
    yield path
    for base in _bases(path):
        if base not in (*above, path):
            yield from with_bases(base, (*above, path))


def _is_large(path: str) -> bool:
    return os.path.isfile(path) and os.path.getsize(path) > LARGEST


def _lacking_module(error: BaseException) -> str | None:
    """What a failed ``custom_imports`` lacked, which mmengine hides below a list of folders."""
    if not isinstance(error, ImportError) or "import custom modules" not in str(error):
        return None
    first = error.__cause__ and error.__cause__.__context__
    if first is None:
        return None
    missing = isinstance(first, ModuleNotFoundError)
    hint = "; unless it is installed, put the folder that holds it into PYTHONPATH"
    return f"custom_imports: {explained_error(first)}{hint if missing else ''}"


def _wrong_imports(error: BaseException, path: str | os.PathLike) -> str | None:
    """What is wrong with the form of ``custom_imports``, which mmengine passes to a function."""
    if not isinstance(error, TypeError):
        return None
    try:
        given = Config.fromfile(path, import_custom_modules=False).get("custom_imports")
    except Exception:  # the error is another one
        return None
    modules = given.get("imports") if isinstance(given, Mapping) else given
    named = [each for each in as_list(modules) if isinstance(each, str)]
    right = named and len(named) == len(as_list(modules)) and not isinstance(modules, tuple)
    known = {"imports", "allow_failed_imports"}
    if given is None or (right and isinstance(given, Mapping) and set(given) <= known):
        return None
    return f"custom_imports must be dict(imports={named or ['my_module']}), got {given!r}"


def _leads_back(path: str, above: tuple[str, ...]) -> bool:
    """Whether bases inherit from each other in a circle, which takes mmengine ten seconds."""
    if path in above:
        return True
    return any(_leads_back(base, (*above, path)) for base in _bases(path))


def _bases(path: str) -> list[str]:
    """Absolute paths of the files that a config inherits from; errors are left to its reading."""
    if not os.path.isfile(path) or _is_large(path):
        return []
    try:
        bases = [_path_of(base, path) for base in Config._get_base_files(path)]
    except Exception:
        bases = []
    return [os.path.abspath(base) for base in [*bases, *_imported_bases(path)]]


@lru_cache
def _path_of(base: str, path: str) -> str:
    """The file that a base names; mmengine reads the lists of models of a package to find one."""
    return str(Config._get_cfg_path(base, path)[0])


def _imported_bases(path: str) -> Iterator[str]:
    """Paths of the files that a config in pure Python imports ``with read_base():``."""
    try:
        tree = ast.parse(Path(path).read_text(encoding="utf-8")) if _is_program(path) else None
    except (OSError, SyntaxError, ValueError, RecursionError):
        return
    for node in tree.body if tree is not None else ():
        calls = [item.context_expr for item in node.items] if isinstance(node, ast.With) else []
        if not any(isinstance(each, ast.Call) and _called(each) == "read_base" for each in calls):
            continue
        for base in node.body if isinstance(node, ast.With) else ():
            if isinstance(base, ast.ImportFrom) and base.module:
                parts = base.module.split(".")
                folder = os.path.join(os.path.dirname(path), *[".."] * (base.level - 1))
                if not base.level:
                    package = importlib.util.find_spec(parts.pop(0))
                    if package is None or not package.origin:  # said when the file is read
                        continue
                    folder = os.path.dirname(package.origin)
                yield f"{os.path.join(folder, *parts)}.py"


def _called(node: ast.Call) -> str | None:
    """The bare name of a function that is called."""
    return getattr(node.func, "id", None) or getattr(node.func, "attr", None)


def need_model(cfg: Config, path: str | os.PathLike) -> None:
    """Refuse a config without a model, such as one of the partial configs in ``_base_``.

    Raises:
        ValueError: If it has no model.
    """
    if not isinstance(cfg.get("model"), dict) or not cfg.model.get("type"):
        raise ValueError(
            f"{path}: a config needs model=dict(type=...), and this has {list(cfg) or 'no keys'}"
        )


def config_file(name: str) -> str:
    """Find a config file: the user's own, or else a shipped one.

    Args:
        name: Path of a file. Shipped configs are found from any folder, for example as
            ``had/rooms_seg_depth_normal.py``, also after ``configs/`` or ``mmlhl::``.

    Raises:
        FileNotFoundError: If there is neither; suggests the shipped config of the nearest name.
    """
    if os.path.exists(name):
        return name
    configs = shipped_dir("configs")
    below = name.removeprefix("mmlhl::").removeprefix("configs/")
    if not os.path.isabs(below) and (configs / below).is_file():
        return str(configs / below)
    known = (path.relative_to(configs) for path in configs.glob("[!_]*/**/*.py"))
    near = hint(below, [path.as_posix() for path in known])
    raise FileNotFoundError(f"there is no config {name!r}, here or shipped with mmlhl{near}")
