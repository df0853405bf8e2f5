"""mmseg's own train.py and test.py, as its wheel ships them, run a sequence unchanged."""

import json
import runpy
import sys
from pathlib import Path

import cv2
import mmseg
import numpy as np
import pytest

from mmlhl.evaluation import LifelongRecord

STOCK = Path(mmseg.__path__[0]) / ".mim" / "tools"
OURS = Path(__file__).resolve().parents[2] / "tools"
TESTERS = [pytest.param(STOCK, id="stock"), pytest.param(OURS, id="ours")]
TASKS = ["seg", "depth", "normal"]
FRAMES = 5  # of the validation set in tests/shared_fixtures.py

pytestmark = pytest.mark.skipif(
    not all((STOCK / name).is_file() for name in ("train.py", "test.py")),
    reason="the installed mmseg has no .mim/tools/{train,test}.py",
)


def run_tool(tool, *args):
    """Run a command line in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [str(tool), *map(str, args)])
        patch.setenv("LOCAL_RANK", "0")
        runpy.run_path(str(tool), run_name="__main__")


def metrics_in(work_dir):
    """The metrics of a test, from the JSON file of mmengine with any time stamp."""
    (path,) = work_dir.glob("*/*.json")
    return {key: value for key, value in json.loads(path.read_text()).items() if "/" in key}


def row_of(record, index):
    """Metrics of a record after one phase, for the tasks learned by then."""
    return {
        f"{task}/{name}": entry["values"][index]
        for task, results in record.metrics.items()
        for name, entry in results.items()
        if entry["values"][index] is not None
    }


@pytest.fixture(scope="module")
def sequence(sequence_config, tmp_path_factory):
    """Config file and record of a sequence that mmseg's train.py has trained."""
    folder = tmp_path_factory.mktemp("stock")
    tta_pipeline = [
        dict(type="LoadImageFromFile"),
        dict(type="LoadMultiTaskAnnotations"),
        dict(
            type="TestTimeAug",
            transforms=[
                [
                    dict(type="MultiTaskRandomFlip", prob=0.0),
                    dict(type="MultiTaskRandomFlip", prob=1.0),
                ],
                [dict(type="PackMultiTaskInputs")],
            ],
        ),
    ]
    cfg = sequence_config(
        folder / "unused", tta_model=dict(type="MultiTaskTTAModel"), tta_pipeline=tta_pipeline
    )
    cfg.dump(folder / "sequence.py")
    run_tool(STOCK / "train.py", folder / "sequence.py", "--work-dir", folder / "trained")
    return folder / "sequence.py", LifelongRecord.load(folder / "trained" / "lifelong.json")


def test_stock_train_runs_all_phases(sequence):
    _, record = sequence
    assert record.method == "HAD" and record.tasks == TASKS
    assert [phase["tasks"] for phase in record.phases] == [[task] for task in TASKS]
    # rows differ by more than the tolerance below, so that another phase's would be noticed
    values = record.values("seg", "aAcc")
    assert min(abs(a - b) for a, b in zip(values, values[1:], strict=False)) > 1e-3


@pytest.mark.parametrize("tools", TESTERS)
@pytest.mark.parametrize("index", range(3))
def test_each_checkpoint_gives_its_row_of_the_record(sequence, tmp_path, tools, index):
    config, record = sequence
    checkpoint = record.path.parent / record.phases[index]["checkpoint"]
    out, work_dir = tmp_path / "maps", tmp_path / "metrics"
    # mmengine's loggers are global by this name, also across runs of one process
    name = f"experiment_name={tmp_path.name}"
    options = ["--work-dir", work_dir, "--out", out, "--cfg-options", name]
    run_tool(tools / "test.py", config, checkpoint, *options)

    row = row_of(record, index)
    assert {key.split("/")[0] for key in row} == set(TASKS[: index + 1])
    assert metrics_in(work_dir) == pytest.approx(row, abs=1e-4)
    # --out wrote one map per frame for each task of the checkpoint, and for no other
    written = {task: sorted((out / task).rglob("*.*")) for task in TASKS}
    assert [len(written[task]) for task in TASKS] == [FRAMES] * (index + 1) + [0] * (2 - index)
    label = cv2.imread(str(written["seg"][0]), cv2.IMREAD_UNCHANGED)
    assert label.dtype == np.uint8 and label.max() < 13


def test_stock_test_with_augmentation_merges_all_tasks(sequence, tmp_path):
    config, record = sequence
    checkpoint = record.path.parent / record.phases[-1]["checkpoint"]
    options = ["--work-dir", tmp_path, "--cfg-options", f"experiment_name={tmp_path.name}"]
    run_tool(STOCK / "test.py", config, checkpoint, "--tta", *options)
    metrics, row = metrics_in(tmp_path), row_of(record, 2)
    assert metrics.keys() == row.keys()
    assert metrics["normal/mean_err"] != pytest.approx(row["normal/mean_err"], abs=1e-4)
