"""Where the shipped `configs/` and `tools/` are, and mmengine's prefix `mmlhl::` for configs."""

from pathlib import Path


def shipped_dir(name: str) -> Path:
    """Find a folder that is shipped with the package.

    Args:
        name: `"configs"` or `"tools"`.

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
    contains that folder and an editable install links it.
    """
    from mmengine.config.utils import MODULE2PACKAGE

    # mmengine looks for an installed distribution of this name; mmengine 0.10 expects it in
    # site-packages, where an editable install is not. No distribution has the name of this module,
    # so every version of mmengine falls back to the module's own folder.
    MODULE2PACKAGE.setdefault("mmlhl", __name__)
