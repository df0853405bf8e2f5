"""HAD at the outputs, HeteroAKD at the features of old tasks of classes."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, cast

import torch
from mmengine.model import ModuleDict
from mmseg.registry import MODELS
from torch import Tensor, nn

from ...draws import undisturbed
from ..losses import HeteroAKDLoss
from ..teachers import encoder_channels
from .had import HAD
from .pixel_maps import pixel_groups
from .protocols import Learner
from .step import Step

TAPS = ("student_tap", "teacher_tap")
CHANNELS = ("student_channels", "teacher_channels")


@MODELS.register_module()
class HADHeteroAKD(HAD):
    r"""HAD at the outputs, and HeteroAKD in the aligned logits space for old tasks of classes.

    For a phase with another encoder: outputs of two architectures can be compared directly,
    features only after projectors to one channel per class (AAAI 2025, arXiv 2504.07691). No old
    image or label is needed: the label of HeteroAKD is the teacher's class, ignored where
    ``step.valid`` is False.

    .. math:: L = L_{HAD} + \sum_{j \in hakd} \lambda_{2,j} L_{hakd,j}
        + L_{projectors,j}

    The added terms are weighted by their own options, not by lambda or the 1/(t-1) of HAD.
    Projectors exist only in phases in which their task is old.

    Args:
        hakd: Options by task: those of :class:`~mmlhl.models.losses.HeteroAKDLoss` and
            ``student_tap`` and ``teacher_tap``, indices into the feature maps of the encoder
            (-1 if absent). ``num_classes`` is the head's. ``student_channels`` may be left out;
            ``teacher_channels`` only if the teacher's map has the same number, as in a phase that
            keeps its encoder.
        **kwargs: See :class:`HAD`.

    Raises:
        ValueError: If ``hakd`` names no task, or an option that does not exist or is wrong.
    """

    takes_stored_labels = False  # it needs the teacher's feature maps
    needs_one_teacher = True  # likewise

    def __init__(self, hakd: dict[str, dict], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not hakd:
            raise ValueError(f"HADHeteroAKD: hakd={hakd!r} names no task; use HAD instead")
        if not isinstance(hakd, dict) or not all(isinstance(own, dict) for own in hakd.values()):
            raise ValueError(
                "HADHeteroAKD: hakd must be a dict of options by task, such as "
                f"dict(seg=dict(loss_weight=1.0)), got {hakd!r}"
            )
        self.hakd = {task: dict(options) for task, options in hakd.items()}
        known = {*TAPS, *inspect.signature(HeteroAKDLoss.__init__).parameters}
        known -= {"self", "num_classes"}
        for task, options in self.hakd.items():
            unknown = sorted(set(options) - known)
            if unknown:
                raise ValueError(
                    f"HADHeteroAKD: hakd.{task} has unknown options {unknown}; known are "
                    f"{sorted(known)}"
                )
            for tap in TAPS:
                if not isinstance(options.get(tap, -1), int):
                    raise ValueError(
                        f"HADHeteroAKD: hakd.{task}.{tap}={options[tap]!r} must be an index into "
                        "the encoder's feature maps"
                    )
            # Built once here, so that wrong values are refused in phase one already.
            plain = {key: options[key] for key in options if key not in TAPS + CHANNELS}
            with undisturbed():
                HeteroAKDLoss(num_classes=2, student_channels=1, teacher_channels=1, **plain)

    def build_modules(self, model: Learner) -> nn.Module | None:
        """Projectors and losses of the old tasks that ``hakd`` names, by task.

        Raises:
            ValueError: If such a task has no head or one without classes, or the student has no
                such tap.
        """
        for task in self.hakd:
            if task not in model.head_cfgs:
                raise ValueError(
                    f"model.method.hakd names {task!r}, but model.heads has only "
                    f"{list(model.head_cfgs)}"
                )
            if task in model.heads and getattr(model.heads[task], "num_classes", None) is None:
                raise ValueError(
                    f"model.method.hakd names {task!r}, which is not a task of classes "
                    f"({type(model.heads[task]).__name__}); HeteroAKD needs one channel per class"
                )
        tasks = [task for task in model.old_tasks if task in self.hakd]
        if not tasks:
            return None
        return ModuleDict({task: self._build_distiller(model, task) for task in tasks})

    def _build_distiller(self, model: Learner, task: str) -> nn.Module:
        options = {key: value for key, value in self.hakd[task].items() if key not in TAPS}
        if options.get("student_channels") is None:
            channels = encoder_channels(cast(nn.Module, model))
            tap = self.hakd[task].get("student_tap", -1)
            if not -len(channels) <= tap < len(channels):
                raise ValueError(
                    f"model.method.hakd.{task}.student_tap={tap}: the encoder gives "
                    f"{len(channels)} maps only"
                )
            options["student_channels"] = channels[tap]
        if options.get("teacher_channels") is None:
            options["teacher_channels"] = options["student_channels"]
        count = model.heads[task].num_classes
        if count > 255:  # the default mark of ignored pixels would be a class
            options.setdefault("ignore_index", -1)
        return HeteroAKDLoss(num_classes=count, **options)

    def losses(self, model: Learner, step: Step) -> dict[str, Tensor]:
        """Losses of HAD, and ``<task>.loss_hakd`` with its projectors' supervision."""
        losses = super().losses(model, step)
        for task, distiller in (model.distillers or {}).items():
            student = self._feature(task, "student", step.feats, distiller.student_projector)
            teacher = self._feature(
                task, "teacher", step.teacher.feats, distiller.teacher_projector
            )
            with torch.no_grad():
                # The group of a pixel is the teacher's class even if its label is soft.
                label, _ = pixel_groups(model.heads[task], step.teacher.labels[task], step.valid)
                label = label.masked_fill(~step.valid | (label < 0), distiller.ignore_index)
            for name, loss in distiller(student, teacher, label).items():
                losses[f"{task}.{name}"] = loss
        return losses

    def _feature(
        self, task: str, side: str, feats: Sequence[Tensor], projector: nn.Module
    ) -> Tensor:
        """The tapped map ``(N, C, h, w)`` of the student or the teacher."""
        key = f"model.method.hakd.{task}.{side}"
        tap = self.hakd[task].get(f"{side}_tap", -1)
        if not -len(feats) <= tap < len(feats):
            raise ValueError(f"{key}_tap={tap}: the {side}'s encoder gives {len(feats)} maps only")
        feature = feats[tap]
        wanted = projector.conv.in_channels
        if feature.shape[1] != wanted:
            raise ValueError(
                f"{key}_channels is {wanted} (the student's where it is not given), but the "
                f"{side}'s map {tap} has {feature.shape[1]} channels; set it in the phase that "
                "brings the new encoder"
            )
        return feature
