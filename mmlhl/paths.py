"""Where the shipped `configs/` and `tools/` are, and mmengine's prefix `mmlhl::` for configs."""

from collections.abc import Callable
from pathlib import Path


def shipped_dir(name: str) -> Path:
    """Find a folder that is shipped with the package.

    Returns:
        The folder inside the installed package (`mmlhl/.mim/<name>`), or the one beside the
        package in a checkout or an editable install.

    Raises:
        FileNotFoundError: If there is neither.
    """
    package = Path(__file__).resolve().parent
    candidates = [package / ".mim" / name, package.parent / name]
    for folder in candidates:
        if folder.is_dir():
            return folder.resolve()
    places = " nor ".join(str(folder) for folder in candidates)
    raise FileNotFoundError(f"mmlhl ships no folder '{name}': there is neither {places}")


def register_config_prefix() -> None:
    """Let configs inherit ours as `_base_ = "mmlhl::had/rooms_seg_depth_normal.py"`.

    mmengine has a fixed list of packages in whose `.mim/configs` it looks for configs. A wheel
    contains that folder and an editable install links it. A checkout that is not installed, only in
    `PYTHONPATH`, has no such folder: there the prefix means the `configs` beside the package.
    """
    from mmengine.config import Config
    from mmengine.config.utils import MODULE2PACKAGE

    # mmengine looks for an installed distribution of this name; mmengine 0.10 expects it in
    # site-packages, where an editable install is not. No distribution has the name of this module,
    # so every version of mmengine falls back to the module's own folder.
    MODULE2PACKAGE.setdefault("mmlhl", __name__)
    installed = Path(__file__).with_name(".mim").is_dir()
    if not installed and not isinstance(Config._get_cfg_path, _BesidePackage):
        Config._get_cfg_path = _BesidePackage(Config._get_cfg_path)


class _BesidePackage:
    """mmengine's lookup of a base, except for `mmlhl::`."""

    def __init__(self, lookup: Callable[[str, str], tuple[str, str | None]]) -> None:
        self.lookup = lookup

    def __call__(self, cfg_path: str, filename: str) -> tuple[str, str | None]:
        """Path and scope of a base that a file names."""
        package, prefix, name = cfg_path.partition("::")
        if not prefix or package != "mmlhl":
            return self.lookup(cfg_path, filename)
        path = shipped_dir("configs") / name
        if not path.is_file():
            raise FileNotFoundError(f"{filename}: mmlhl ships no config {name!r}: no file {path}")
        return str(path), package
