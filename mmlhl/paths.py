"""Where the shipped `configs/` and `tools/` lie, in an installed package and in a checkout."""

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
            return folder
    places = " nor ".join(str(folder) for folder in candidates)
    raise FileNotFoundError(f"mmlhl ships no folder '{name}': there is neither {places}")
