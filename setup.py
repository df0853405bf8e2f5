"""Build and install mmlhl; `configs/` and `tools/` travel inside the package as `mmlhl/.mim/`."""

import runpy
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
README = ROOT / "README.md"


class BuildWithConfigs(build_py):
    """Also copy `configs/` and `tools/`, to where OpenMMLab packages keep theirs.

    An editable install copies nothing: there `mmlhl.paths` finds them beside the package.
    """

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        for folder in ("configs", "tools"):
            target = Path(self.build_lib, "mmlhl", ".mim", folder)
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(
                ROOT / folder, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
            )


setup(
    name="mmlhl",
    version=runpy.run_path(str(ROOT / "mmlhl" / "version.py"))["__version__"],
    description="Lifelong heterogeneous learning of dense prediction for MMSegmentation",
    long_description=README.read_text(encoding="utf-8") if README.exists() else "",
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    keywords="continual learning, dense prediction, segmentation, depth, surface normals, "
    "knowledge distillation, mmsegmentation",
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Science/Research",
        "Programming Language :: Python :: 3",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
        "Topic :: Scientific/Engineering :: Image Recognition",
    ],
    packages=find_packages(include=["mmlhl", "mmlhl.*"]),
    entry_points={"console_scripts": ["mmlhl = mmlhl.cli:main"]},
    cmdclass={"build_py": BuildWithConfigs},
    python_requires=">=3.10",
    # Neither kind of mm* packages is here: the maintained and the classic one install the same
    # modules over each other, so each is an extra and the user takes one of the two.
    install_requires=[
        "torch>=2.0",
        "numpy>=1.23",
        "opencv-python>=4.6",
        "matplotlib>=3.6",
        "rich>=12",
        "scipy>=1.9",
    ],
    extras_require={
        # tools/dataset_converters/nyuv2.py reads the publisher's .mat file
        "nyuv2": ["h5py"],
        # ftfy and regex: mmseg.models imports them, and the classic release does not say so.
        "onedl": [
            "onedl-mmengine>=0.10.8",
            "onedl-mmcv>=2.3",
            "onedl-mmsegmentation>=1.4",
            "ftfy",
            "regex",
        ],
        # setuptools: the classic mmengine imports pkg_resources, gone since setuptools 81.
        "classic": [
            "mmengine>=0.10.4",
            "mmcv>=2.0.0rc4,<2.2",
            "mmsegmentation>=1.2.2,<1.3",
            "ftfy",
            "regex",
            "setuptools<81",
        ],
        "test": ["pytest>=7", "pytest-xdist>=3", "ruff>=0.6", "mypy>=1.8"],
        "docs": ["sphinx>=7", "myst-parser>=2", "furo"],
    },
)
