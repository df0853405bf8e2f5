"""Put `configs/` and `tools/` inside the package as `mmlhl/.mim/`; pyproject.toml has the rest."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent


class BuildWithConfigs(build_py):
    """Also copy `configs/` and `tools/`, to where OpenMMLab packages keep theirs.

    An editable install copies nothing: there `mmlhl.paths` finds them beside the package.
    """

    def run(self) -> None:
        """Build the package, then copy the folders into it."""
        super().run()
        if self.editable_mode:
            return
        for folder in ("configs", "tools"):
            target = Path(self.build_lib, "mmlhl", ".mim", folder)
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(
                ROOT / folder, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
            )


setup(cmdclass={"build_py": BuildWithConfigs})
