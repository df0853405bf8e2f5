"""Heads like users' own, and an encoder of one convolution."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import nn

from mmlhl.models.heads import BaseDenseHead, ChannelHead


class TinyEncoder(nn.Module):
    """A convolution of stride 2 and batch normalisation."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3, 2, 1), nn.BatchNorm2d(4)

    def forward(self, inputs):
        return [self.norm(self.conv(inputs)).relu()]


class WrappedHead(BaseDenseHead):
    """A head of angles, where pi equals -pi, without groups, delta or replay distance."""

    def __init__(self, decoder, field="angle_map", init_cfg=None):
        super().__init__(decoder, 1, field, dict(type="DenseL1Loss"), init_cfg)

    def activation(self, resized):
        return math.pi * resized.tanh()

    def distance(self, student, teacher):
        return 1 - (student - teacher).cos().mean(1)

    def compare(self, loss, pred, gt, measured):
        return loss.loss_weight * self.distance(pred, gt)[measured].mean()


class DerivedHead(ChannelHead):
    """The same on top of another head, which compares stored outputs by their square."""

    def __init__(self, decoder, field="derived_map", init_cfg=None):
        super().__init__(decoder, 1, field, init_cfg=init_cfg)

    activation = WrappedHead.activation
    distance = WrappedHead.distance
    compare = WrappedHead.compare


class KindsHead(BaseDenseHead):
    """A head of classes that does not derive from SegmentationHead; 9 is ignored."""

    ignore_index, num_classes = 9, 3

    def __init__(self, decoder, field="kind_map", init_cfg=None):
        super().__init__(decoder, 3, field, dict(type="mmseg.CrossEntropyLoss"), init_cfg)

    def activation(self, resized):
        return resized.log_softmax(1)

    def pseudo_label(self, pred):
        return pred.detach().argmax(1)

    def distance(self, student, teacher):
        return F.nll_loss(student, teacher, reduction="none")

    def groups(self, teacher, valid=None, bins=None):
        return teacher

    def loss(self, feats, samples):
        pred = self.activate(self(feats), samples[0].gt_kind_map.data.shape[-2:])
        label = torch.stack([sample.gt_kind_map.data[0] for sample in samples]).long()
        return {"loss_kinds": F.nll_loss(pred, label, ignore_index=self.ignore_index)}


class MinimalHead(BaseDenseHead):
    """Two methods, and nothing else."""

    def activation(self, resized):
        return resized

    def distance(self, student, teacher):
        return (student - teacher).abs().mean(1)


for _cls in (TinyEncoder, WrappedHead, DerivedHead, KindsHead, MinimalHead):
    if _cls.__name__ not in MODELS.module_dict:
        MODELS.register_module(module=_cls)
