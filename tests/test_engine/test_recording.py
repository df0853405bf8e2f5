"""The name of the data set in a record."""

import pytest
from mmengine.config import Config

from mmlhl.datasets import RoomsDataset
from mmlhl.engine.recording import dataset_name

ROOMS = dict(type="RoomsDataset")
OTHER = dict(type="CamVidDataset")


@pytest.mark.parametrize(
    ("dataset", "name"),
    [
        (ROOMS, "RoomsDataset"),
        (dict(type=RoomsDataset), "RoomsDataset"),
        (dict(type="mmlhl.RoomsDataset"), "RoomsDataset"),
        (dict(type="RepeatDataset", times=2, dataset=ROOMS), "RoomsDataset"),
        (
            dict(type="ConcatDataset", datasets=[dict(type="RepeatDataset", dataset=ROOMS), OTHER]),
            "RoomsDataset",
        ),
    ],
)
def test_innermost_class(dataset, name):
    loaders = dict(train_dataloader=dict(dataset=dataset), test_dataloader=dict(dataset=OTHER))
    assert dataset_name(Config(loaders)) == name


def test_test_set_where_nothing_is_trained():
    cfg = Config(dict(train_dataloader=None, test_dataloader=dict(dataset=OTHER)))
    assert dataset_name(cfg) == "CamVidDataset"
    assert dataset_name(Config(dict(train_dataloader=None))) is None


def test_a_sequence_tells_its_data_set(trained):
    _, record = trained
    assert record.dataset == "RoomsDataset"
    assert record.label == "HAD"
