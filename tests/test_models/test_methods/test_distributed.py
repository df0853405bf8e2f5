"""Two processes train two phases with each method and must agree on everything."""

from pathlib import Path

import pytest
import torch
import warm
from mmengine.config import Config

JOB = Path(__file__).with_name("distributed_job.py")
METHODS = ("EWC", "ICaRL", "DER", "DERpp", "SPG", "SGP", "Composite")


@pytest.fixture(scope="module")
def states(tmp_path_factory, model_config):
    """What each of two processes has after two phases, by method."""
    folder = tmp_path_factory.mktemp("two_processes")
    Config(dict(model=model_config())).dump(str(folder / "model.py"))
    jobs = [
        warm.Command(
            *(JOB, rank, 2, folder / "meet", folder / f"{rank}.pth", folder / "model.py"),
            log=folder / f"{rank}.log",
        )
        for rank in range(2)
    ]
    for job in jobs:
        assert job.finish() == 0, job.output[-3000:]
    return [torch.load(folder / f"{rank}.pth", weights_only=True) for rank in range(2)]


def tensors(state, prefix=""):
    """All leaves of a state by path."""
    if isinstance(state, (list, tuple)):
        state = dict(enumerate(state))
    if not isinstance(state, dict):
        return {prefix: torch.as_tensor(state) if state is not None else torch.zeros(0)}
    return {
        name: leaf
        for key, value in state.items()
        for name, leaf in tensors(value, f"{prefix}/{key}").items()
    }


@pytest.mark.parametrize("method", METHODS)
def test_ranks_agree(states, method):
    first, second = (tensors(each[method]) for each in states)
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert torch.equal(value.nan_to_num(-1.0), second[name].nan_to_num(-1.0)), name


def test_states_are_what_they_should_be(states):
    state = {name: entry["method"] for name, entry in states[0].items()}
    assert [item["phase"] for item in state["ICaRL"]["buffer"]["items"]] == [0, 0, 0, 1, 1]
    for method in ("DER", "DERpp"):
        assert state[method]["seen"] == 24  # two phases, two epochs, six images
        assert len(state[method]["buffer"]["items"]) == 3
        assert all(item["outputs"] for item in state[method]["buffer"]["items"])
    assert sum(value.sum() for value in state["EWC"]["fisher"].values()) > 0
    assert state["SGP"]["phases"] == 2
