from types import SimpleNamespace

import pytest
import torch
from mmseg.structures import SegDataSample

from mmlhl.models.teachers import label_images


class Head:
    """Scores of classes as they are; the pseudo label is the greatest."""

    def from_sample(self, sample):
        return sample.scores

    def pseudo_label(self, pred):
        return pred.argmax(1)


def teacher(scores):
    """A model that predicts its input."""

    def predict(inputs, samples):
        for sample in samples:
            sample.scores = scores
        return samples

    return SimpleNamespace(
        heads={"seg": Head()},
        predict=predict,
        data_preprocessor=lambda batch, training: dict(
            inputs=torch.stack(batch["inputs"]), data_samples=batch["data_samples"]
        ),
    )


def labels(scores):
    sample = SegDataSample(metainfo=dict(img_path="a/b.png", ori_shape=(1, 2)))
    image = dict(inputs=torch.zeros(3, 1, 2), data_samples=sample)
    ((_, found),) = label_images(teacher(scores), [image], ["seg"])
    return found["seg"].tolist()


def test_classes_of_a_sound_and_of_a_spoilt_teacher():
    scores = torch.tensor([[[0.0, 2.0]], [[1.0, -torch.inf]]])
    assert labels(scores) == [[1, 0]]
    scores[0, 0, 1] = torch.nan
    with pytest.raises(ValueError, match=r"teacher's map of 'seg' is not finite on a/b\.png"):
        labels(scores)
