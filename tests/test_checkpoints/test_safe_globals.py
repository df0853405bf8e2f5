"""Checkpoints of real mmengine runs load and resume under torch's weights-only restriction."""

import collections
import pickle

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.logging import HistoryBuffer
from mmengine.model import BaseModel
from mmengine.runner import Runner, load_checkpoint
from torch.utils.data import Dataset

from mmlhl.checkpoints import register_safe_globals

needs_restriction = pytest.mark.skipif(
    tuple(int(part) for part in torch.__version__.split(".")[:2]) < (2, 6),
    reason="torch before 2.6 loads without restriction by default",
)


class ToyModel(BaseModel):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def forward(self, inputs, mode="tensor"):
        output = self.layer(inputs)
        return {"loss": output.pow(2).mean()} if mode == "loss" else output.detach()


class ToyDataset(Dataset):
    # As in segmentation datasets: names, a palette as an array, nested config dictionaries.
    metainfo = {
        "classes": ("wall", "floor"),
        "palette": np.array([[1, 2, 3]], dtype=np.uint8),
        "extra": ConfigDict(camera=ConfigDict(focal=[1.0, 2.0])),
    }

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return {"inputs": torch.tensor([float(index)])}


class NumpyScore(BaseMetric):
    """A metric that, like many, returns a numpy scalar; `save_best` stores it."""

    def process(self, data_batch, data_samples):
        self.results.extend(float(sample) for sample in data_samples)

    def compute_metrics(self, results):
        return {"score": np.float64(sum(results)), "half": np.float32(0.5)}


def build_runner(work_dir, name, epochs, **options):
    loader = {
        "dataset": ToyDataset(),
        "batch_size": 2,
        "sampler": {"type": "DefaultSampler", "shuffle": False},
        "collate_fn": {"type": "default_collate"},
    }
    return Runner(
        model=ToyModel(),
        work_dir=str(work_dir),
        train_dataloader=loader,
        val_dataloader=loader,
        val_evaluator=Evaluator(NumpyScore()),
        val_cfg={},
        train_cfg={"by_epoch": True, "max_epochs": epochs},
        optim_wrapper={"optimizer": {"type": "Adam", "lr": 0.1}},
        param_scheduler=[
            {"type": "LinearLR", "start_factor": 0.1, "begin": 0, "end": 2, "by_epoch": False},
            {"type": "StepLR", "step_size": 1, "by_epoch": True},
        ],
        default_hooks={
            "checkpoint": {
                "type": "CheckpointHook",
                "interval": 1,
                "save_best": "score",
                "rule": "greater",
            },
            "logger": {"type": "LoggerHook", "interval": 1},
        },
        custom_hooks=[{"type": "EMAHook"}],
        experiment_name=name,
        log_level="ERROR",
        **options,
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The work dir of a finished one-epoch run."""
    work_dir = tmp_path_factory.mktemp("run")
    build_runner(work_dir, "safe_globals_first", epochs=1).train()
    return work_dir


@needs_restriction
def test_registering_is_needed_and_enough(trained):
    checkpoint = trained / "epoch_1.pth"
    before = torch.serialization.get_safe_globals()
    torch.serialization.clear_safe_globals()
    try:
        with pytest.raises(pickle.UnpicklingError):
            torch.load(checkpoint, weights_only=True)
        register_safe_globals()
        loaded = torch.load(checkpoint, weights_only=True)
    finally:
        torch.serialization.add_safe_globals(before)
    assert loaded["meta"]["epoch"] == 1
    assert isinstance(loaded["message_hub"]["runtime_info"]["best_score"], np.float64)
    assert loaded["meta"]["dataset_meta"]["palette"].tolist() == [[1, 2, 3]]
    assert loaded["meta"]["dataset_meta"]["extra"].camera.focal == [1.0, 2.0]


def test_mmengine_loads_weights(trained):
    model = ToyModel()
    load_checkpoint(model, str(trained / "epoch_1.pth"))
    stored = torch.load(trained / "epoch_1.pth", weights_only=False)["state_dict"]
    assert torch.equal(model.layer.weight.data, stored["layer.weight"])


def test_mmengine_resumes(trained, tmp_path):
    runner = build_runner(
        tmp_path,
        "safe_globals_second",
        epochs=2,
        load_from=str(trained / "epoch_1.pth"),
        resume=True,
    )
    starts = []
    before_epoch = runner.call_hook

    def spy(name, **kwargs):
        if name == "before_train_epoch":
            starts.append((runner.epoch, runner.iter))
        before_epoch(name, **kwargs)

    runner.call_hook = spy
    runner.train()
    assert starts == [(1, 2)]  # the second epoch only, after two iterations of the first
    assert len(runner.message_hub.get_scalar("train/loss")._log_history) == 4
    assert (tmp_path / "epoch_2.pth").exists()


@needs_restriction
@pytest.mark.parametrize("value", [np.float32(1), np.int64(2), np.bool_(True), np.arange(3.0)])
def test_numpy_values_load(tmp_path, value):
    torch.save({"value": value}, tmp_path / "value.pth")
    assert np.array_equal(torch.load(tmp_path / "value.pth")["value"], value)


class AsksForAttribute:
    """Pickles as `getattr(owner, name)`, like a method of a class does."""

    def __init__(self, owner, name):
        self.call = (getattr, (owner, name))

    def __reduce__(self):
        return self.call


@needs_restriction
def test_getattr_reaches_only_the_statistics(tmp_path):
    register_safe_globals()
    for name in ("min", "max", "current", "mean"):
        torch.save(AsksForAttribute(HistoryBuffer, name), tmp_path / "method.pth")
        assert torch.load(tmp_path / "method.pth") is getattr(HistoryBuffer, name)
    for owner, name in ((HistoryBuffer, "__init__"), (ConfigDict, "get"), (np.ndarray, "min")):
        torch.save(AsksForAttribute(owner, name), tmp_path / "method.pth")
        with pytest.raises(pickle.UnpicklingError, match=name):
            torch.load(tmp_path / "method.pth")


@needs_restriction
def test_listed_globals_survive_a_load_by_mmengine(trained):
    load_checkpoint(ToyModel(), str(trained / "epoch_1.pth"))
    assert torch.load(trained / "epoch_1.pth")["meta"]["epoch"] == 1


@needs_restriction
@pytest.mark.parametrize("value", [eval, collections.deque, np.load])
def test_everything_else_stays_refused(tmp_path, value):
    torch.save({"value": value}, tmp_path / "value.pth")
    with pytest.raises(pickle.UnpicklingError):
        torch.load(tmp_path / "value.pth")
