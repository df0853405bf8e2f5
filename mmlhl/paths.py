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

    mmengine has a fixed list of packages whose configs it finds, in their folder `.mim/configs`.
    A wheel carries that folder and an editable install links it.
    """
    from mmengine.config.utils import MODULE2PACKAGE

    # It looks for the folder of an installed distribution of this name, which for an editable
    # install mmengine 0.10 takes to be in site-packages. No distribution has the name of a module
    # of ours, so that both kinds of mmengine take the folder that this module is in.
    MODULE2PACKAGE.setdefault("mmlhl", __name__)
