"""Predictions that a head writes into a data sample."""

import pytest
import torch
from mmseg.structures import SegDataSample

from mmlhl.models.heads import ChannelHead


def test_predictions_go_into_the_sample(decoder_config):
    sample = SegDataSample()
    ChannelHead(decoder_config(), 2, "edge_map").to_sample(torch.ones(2, 4, 6), sample)
    assert sample.pred_edge_map.data.shape == (2, 4, 6)


class Levels(ChannelHead):
    """A head whose readout is an integer."""

    def readout(self, pred):
        return (pred > 0.5).sum(1, keepdim=True)


class Kinds(ChannelHead):
    """Classes of one's own."""

    kind, num_classes = "classes", 2


@pytest.mark.parametrize(
    "head, key, expected",
    [(Levels, "edge_map_prediction", [[1, 2]]), (Kinds, "edge_map_logits", [[0, 1]])],
)
def test_a_sample_has_what_is_read_out_and_the_prediction(decoder_config, head, key, expected):
    built, sample = head(decoder_config(), 2, "edge_map"), SegDataSample()
    pred = torch.tensor([[[0.7, 0.6]], [[0.2, 0.9]]])
    built.to_sample(pred, sample)
    assert sample.pred_edge_map.data.tolist() == [expected]
    assert torch.equal(sample.get(key).data, pred)
    assert torch.equal(built.from_sample(sample), pred)  # several views are merged from it
