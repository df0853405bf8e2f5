"""Steps of any number of tasks, and a plain implementation of HAD with the same losses."""

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmlhl.analysis.benchmarks.plain_had import plain_losses
from mmlhl.analysis.benchmarks.step_models import workload
from mmlhl.analysis.benchmarks.step_price import ALL, FLOOR, PLAIN, STORED, report, step_functions
from mmlhl.analysis.benchmarks.turns import Turns, add_turns, take_turns


@pytest.fixture(scope="module")
def given(model_config):
    """A workload of five tasks: two of classes, depth, normals, channels."""
    init_default_scope("mmseg")
    return workload(Config(dict(model=model_config())), 5, 2, (16, 24))


def test_a_plain_reading_has_the_same_losses(given):
    model = given.student(dict(type="HAD"))
    model.eval()  # so that both see the same statistics
    plain = plain_losses(model, given.inputs, given.samples)
    ours = model.loss(given.inputs, given.samples)
    assert model.old_tasks == ["t1", "t2", "t3", "t4"]
    for task in model.old_tasks:
        value = ours[f"{task}.loss_had_db"] + ours[f"{task}.loss_had_sg"]
        torch.testing.assert_close(plain[f"{task}.loss_had"], value, rtol=1e-3, atol=1e-6)


def test_every_step_runs_and_stored_labels_are_those_of_the_teacher(given):
    functions = step_functions(given)
    assert {ALL, FLOOR, STORED, PLAIN, "HAD", "LwF", "Naive"} == set(functions)
    for function in functions.values():
        function()
    online = given.student(dict(type="HAD")).teach(given.inputs, given.samples).labels
    for task, label in online.items():
        stored = torch.stack([s.get(f"gt_{task}_map").data for s in given.labelled()])
        assert torch.equal(stored if label.ndim == 4 else stored[:, 0], label)


def test_functions_take_turns_and_ratios_are_taken_within_one():
    order = []
    found = take_turns(dict(a=lambda: order.append("a"), b=lambda: order.append("b")), 2)
    assert order == ["a", "b"] * 3 and [len(s) for s in found.seconds.values()] == [2, 2]
    turns = Turns(dict(a=[2.0, 30.0, 4.0], b=[1.0, 10.0, 4.0]))
    assert turns.ratio("a", "b") == 2.0
    assert turns.spread("a", "b") == 1.0


def test_turns_of_several_calls_add_up_on_one_network_only(tmp_path):
    path, one = tmp_path / "times.json", dict(x=Turns(dict(a=[1.0])))
    add_turns(path, one, "small")
    assert add_turns(path, dict(y=Turns(dict(a=[5.0]))), "small").keys() == {"x", "y"}
    assert add_turns(path, one, "small")["x"].seconds == dict(a=[1.0, 1.0])
    assert add_turns(path, one, "large")["x"].seconds == dict(a=[1.0])
    assert add_turns(None, one, "large") == one


def test_report_has_one_row_per_number_of_tasks():
    names = (ALL, FLOOR, STORED, PLAIN, "HAD", "LwF", "Naive")
    seconds = {name: [2.0, 2.0] for name in names} | {"HAD": [3.0, 3.0]}
    text = report({"10": Turns(seconds), "2": Turns(seconds)}, "tiny", "python x")
    rows = [line for line in text.splitlines() if line.startswith(("| 2 ", "| 10 "))]
    assert [row.split("|")[1].strip() for row in rows] == ["2", "10"]
    assert rows[0].split("|")[4].strip() == "1.50 ± 0.00"
    assert "`python x`" in text and "tiny" in text
