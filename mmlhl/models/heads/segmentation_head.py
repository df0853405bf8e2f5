"""Classes: one label per pixel."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS, TASK_UTILS
from torch import Tensor

from ...config_values import is_whole
from ...explaining import explained_error
from ..losses.masking import full_precision
from .base_head import UNKNOWN, BaseDenseHead
from .class_losses import class_loss, pixel_losses, takes_ignore_index
from .class_weights import check_class_weights
from .loss_ranges import check_ranges
from .options import check_arguments
from .squares import mean_square


def likeliest(scores: Tensor) -> Tensor:
    """Class ``(N, H, W)`` int64 of the greatest score ``(N, C, H, W)``.

    ``max`` instead of ``argmax``, which is several times slower over channels on a CPU.
    """
    return scores.max(1).indices


@torch.no_grad()
def pixel_accuracy(scores: Tensor, label: Tensor, ignore_index: int = 255) -> Tensor:
    """Percentage of the labelled pixels whose greatest score is that of the right class.

    The same metric as mmseg's ``accuracy``, without its sort of all classes.

    Args:
        scores: ``(N, C, H, W)``.
        label: ``(N, H, W)`` int64.
        ignore_index: Label that does not count.

    Returns:
        ``(1,)``, zero where nothing is labelled.
    """
    right = (likeliest(scores) == label) & (label != ignore_index)
    return 100.0 * right.sum().view(1) / (label != ignore_index).sum().clamp(min=1)


def _built_sampler(sampler: Any, context: SimpleNamespace) -> Any:
    """One of mmseg's samplers of pixels."""
    where = f"SegmentationHead: decoder.sampler={sampler!r}"
    if not isinstance(sampler, Mapping):
        raise ValueError(f"{where} must be dict(type=...), such as OHEMPixelSampler")
    try:
        return TASK_UTILS.build(dict(sampler), default_args=dict(context=context))
    except (AssertionError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{where}: {explained_error(error)}") from error


@MODELS.register_module()
class SegmentationHead(BaseDenseHead):
    """Classes: semantic segmentation, human parts, anything with one label per pixel.

    The prediction is a map of log-probabilities; the pseudo label is the teacher's class and
    the distance the student's cross-entropy with it (HAD, section 2).

    Args:
        decoder: Config of any mmseg decode head; ``num_classes`` may be left out. A ``sampler``
            in it, such as ``OHEMPixelSampler``, chooses the pixels that the losses see, without
            ``thresh`` by their cross-entropy.
        num_classes: Number of classes C.
        field: ``sem_seg``, or another name for a second task of classes.
        loss: mmseg losses by config, which leave out unlabelled pixels and those that a sampler did
            not choose, see :mod:`.class_losses`. The default averages over labelled pixels only.
            Losses of probabilities (``TverskyLoss``, ``LovaszLoss``, ``DiceLoss``) are flat where
            the softmax saturates, so on their own they give no gradient to a pixel that is wrong by
            20 logits or more: use them together with ``CrossEntropyLoss``.
        ignore_index: Label that is not learned, in addition to 255, which is no class unless there
            are more than 255 of them.
        soft_pseudo_label: Distil the teacher's probabilities instead of its class. Not in the
            paper; the groups remain the teacher's classes.
        init_cfg: As in mmengine.

    Raises:
        ValueError: On fewer than two classes, 255 as ``ignore_index`` if it is one of the classes,
            or options that would have no effect.
    """

    kind = "classes"

    def __init__(
        self,
        decoder: dict,
        num_classes: int,
        field: str = "sem_seg",
        loss: dict | Sequence[dict] = dict(type="CrossEntropyLoss", avg_non_ignore=True),  # noqa: B006
        ignore_index: int = 255,
        soft_pseudo_label: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        if not is_whole(num_classes) or num_classes < 2:
            one = "; one class against the rest is a BinaryHead" if num_classes == 1 else ""
            raise ValueError(
                f"SegmentationHead: num_classes must be >= 2, got {num_classes!r}{one}"
            )
        if ignore_index == UNKNOWN < num_classes:
            raise ValueError(
                f"SegmentationHead: ignore_index={ignore_index} is one of the {num_classes} "
                f"classes, which would not be learned; set it to -1 or {num_classes}, and "
                "model.data_preprocessor.seg_pad_val likewise"
            )
        decoder = dict(decoder)
        sampler = decoder.pop("sampler", None)
        super().__init__(decoder, num_classes, field, loss, init_cfg)
        check_class_weights(self.losses, num_classes, type(self).__name__)
        if type(self).loss_by_map is SegmentationHead.loss_by_map:
            named = [loss for loss in self.losses if takes_ignore_index(loss)]
            check_arguments(named, type(self).__name__, "ignore_index")
        self.num_classes = self.num_groups = num_classes
        self.ignore_index = ignore_index
        self.sampler = None
        if sampler is not None:
            ranking = pixel_losses(self.losses)
            context = SimpleNamespace(loss_decode=ranking, ignore_index=ignore_index)
            self.sampler = _built_sampler(sampler, context)
            check_ranges([self.sampler], f"{type(self).__name__}: decoder.sampler")
        self.soft_pseudo_label = soft_pseudo_label

    @property
    def _knows_void(self) -> bool:
        """Whether 255 is padding and void, whatever ``ignore_index`` is, and not a class."""
        return self.channels <= UNKNOWN

    def activation(self, resized: Tensor) -> Tensor:
        """Log-probabilities ``(N, C, H, W)``."""
        return resized.log_softmax(1)

    def loss_by_map(self, raw: Tensor, gt: Tensor) -> dict[str, Tensor]:
        """Losses and pixel accuracy; ``gt`` is ``(N, 1, H, W)`` int64."""
        logits, label = self.resize(raw, gt.shape[2:]), gt[:, 0].long()
        if self.ignore_index != UNKNOWN and self._knows_void:
            label = label.masked_fill(label == UNKNOWN, self.ignore_index)
        losses: dict[str, Tensor] = {}
        if (label == self.ignore_index).all():  # zero losses, but connected to the graph
            losses = {loss.loss_name: logits.sum() * 0.0 for loss in self._named_losses()}
        else:
            weight = None
            if self.sampler is not None:
                weight = self.sampler.sample(logits, label[:, None])
            for loss in self._named_losses():
                value = class_loss(loss, logits, label, self.ignore_index, weight)
                losses[loss.loss_name] = losses.get(loss.loss_name, 0.0) + value
        losses["acc_seg"] = pixel_accuracy(logits, label, self.ignore_index)
        return losses

    def measured(self, gt: Tensor) -> Tensor:
        """Labelled pixels, ``(N, H, W)`` bool."""
        labelled = gt[:, 0] != self.ignore_index
        return labelled & (gt[:, 0] != UNKNOWN) if self._knows_void else labelled

    def replay_output(self, raw: Tensor) -> Tensor:
        """The logits, as in the paper of DER."""
        return full_precision(raw)

    def replay_distance(self, now: Tensor, then: Tensor) -> Tensor:
        """Squared difference of the logits, mean over classes."""
        return mean_square(now, then)

    def merge(self, preds: Tensor) -> Tensor:
        """Logarithm of the views' mean probabilities."""
        return preds.logsumexp(0) - math.log(len(preds))

    def pseudo_label(self, pred: Tensor) -> Tensor:
        """The teacher's class ``(N, H, W)`` int64, or its log-probabilities if soft."""
        return pred.detach() if self.soft_pseudo_label else likeliest(pred.detach())

    def distance(self, student: Tensor, teacher: Tensor) -> Tensor:
        """Cross-entropy with the pseudo label.

        Args:
            student: Log-probabilities ``(N, C, H, W)``.
            teacher: Classes ``(N, H, W)``, or log-probabilities ``(N, C, H, W)``; of these only
                the likeliest class is used unless ``soft_pseudo_label`` is set.
        """
        if teacher.is_floating_point():
            if self.soft_pseudo_label:
                return -(teacher.exp() * student).sum(1)
            teacher = likeliest(teacher)
        return F.nll_loss(student, teacher, reduction="none")

    def soft_distance(self, student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
        """Cross-entropy with the teacher's probabilities, both softened by the temperature."""
        target = (teacher / temperature).softmax(1)
        return -(target * (student / temperature).log_softmax(1)).sum(1)

    def groups(
        self, teacher: Tensor, valid: Tensor | None = None, bins: int | None = None
    ) -> Tensor:
        """One group per class of the teacher; ``bins`` does not apply."""
        return likeliest(teacher) if teacher.is_floating_point() else teacher.to(torch.int64)
