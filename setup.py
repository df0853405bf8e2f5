"""Put `configs/` and `tools/` inside the package as `mmlhl/.mim/`; pyproject.toml has the rest."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
SHIPPED = ("configs", "tools", "model-index.yml")


class BuildWithConfigs(build_py):
    """Also bring `configs/` and `tools/` to where OpenMMLab packages keep theirs.

    A wheel gets copies; an editable install gets links, so that `mmlhl::` finds them there, too.
    """

    def run(self) -> None:
        """Build the package, then copy or link what travels with it."""
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


setup(cmdclass={"build_py": BuildWithConfigs})
