"""The parts of the build that pyproject.toml cannot declare: `mmlhl/.mim/` and the description."""

import re
import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
SHIPPED = ("configs", "tools", "model-index.yml")


def long_description(readme: str, pyproject: str) -> str:
    """README for a package index, where links relative to the repository lead nowhere.

    With a `Repository` in `[project.urls]`, links become absolute; a fork sets its own there.
    Without one, a link is replaced by its text and the file's name, and pictures are left out.

    Args:
        readme: Text of README.md.
        pyproject: Text of pyproject.toml.

    Returns:
        Markdown without relative links.
    """
    found = re.search(r'^Repository = "(.+?)/?"', pyproject, re.MULTILINE)

    def link(match: re.Match) -> str:
        picture, text, target = match.groups()
        if found:
            return f"{picture}[{text}]({found[1]}/{'raw' if picture else 'blob'}/HEAD/{target})"
        name = target.partition("#")[0]
        if picture:
            return ""
        return text if name in text else f"{text} ({name})"

    return re.sub(r"(!?)\[([^\]]*)\]\((?!https?:|#)([^)\s]+)\)", link, readme).lstrip()


class BuildWithConfigs(build_py):
    """Also put `configs/` and `tools/` into the folder that OpenMMLab packages have for them.

    A wheel gets copies; an editable install gets links, so that `mmlhl::` finds them as well.
    """

    def run(self) -> None:
        """Build the package, then copy or link the shipped files."""
        super().run()
        inside = Path("mmlhl" if self.editable_mode else self.build_lib + "/mmlhl", ".mim")
        shutil.rmtree(inside, ignore_errors=True)
        inside.mkdir(parents=True)
        for name in SHIPPED:
            if self.editable_mode:
                (inside / name).symlink_to(Path("../..", name))
            elif (ROOT / name).is_file():
                shutil.copy(ROOT / name, inside / name)
            else:
                skip = shutil.ignore_patterns("__pycache__", "*.pyc")
                shutil.copytree(ROOT / name, inside / name, ignore=skip)


if __name__ == "__main__":  # as build backends run it; a test imports the rest
    setup(
        cmdclass={"build_py": BuildWithConfigs},
        long_description=long_description(
            (ROOT / "README.md").read_text(encoding="utf-8"),
            (ROOT / "pyproject.toml").read_text(encoding="utf-8"),
        ),
        long_description_content_type="text/markdown",
    )
