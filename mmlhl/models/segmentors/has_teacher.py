"""A segmentor with the frozen model of the previous phase as its teacher."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, cast

import torch
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from ..methods.base_method import BaseMethod
from ..methods.step import Step, TeacherOutputs
from ..teachers import FrozenModels, convert_inputs, teaching


class HasTeacher(FrozenModels):
    """Base of a segmentor with a teacher, which is not part of its weights.

    Attributes:
        method: The method that preserves old tasks; declares which teacher outputs it needs.
        data_preprocessor: The segmentor's preprocessor, whose images the teacher gets.
    """

    method: BaseMethod
    data_preprocessor: Any

    @property
    def old_tasks(self) -> list[str]:
        """Tasks of earlier phases."""
        raise NotImplementedError

    @property
    def teacher(self) -> nn.Module | None:
        """The frozen model of the previous phase, if one is set."""
        return self.frozen_models.get("_teacher")

    def set_teacher(self, model: nn.Module | None) -> None:
        """Freeze ``model`` and make it the teacher; None releases the present one.

        Not a property setter, because ``nn.Module`` would register the assigned module.
        """
        self.attach_frozen("_teacher", model)

    @torch.no_grad()
    def teach(self, inputs: Tensor, data_samples: Sequence[SegDataSample]) -> TeacherOutputs:
        """The teacher's outputs for a batch, with one pass through its encoder.

        The teacher sees the batch in its own normalisation and channel order. Each model of a
        :class:`~mmlhl.models.teachers.Committee` runs once; their feature maps are not returned.

        Raises:
            RuntimeError: If no teacher is set; the phase hook sets it.
        """
        if self.teacher is None:
            raise RuntimeError(
                f"method {type(self.method).__name__} needs the previous phase's model; train "
                "through LifelongRunner, or add LifelongPhaseHook to custom_hooks"
            )
        own = cast(nn.Module, self.data_preprocessor)
        outputs = TeacherOutputs((), {})
        for teacher, tasks in teaching(self.teacher, self.old_tasks):
            seen = convert_inputs(inputs, list(data_samples), own, teacher.data_preprocessor)
            feats = teacher.extract_feat(seen)
            if teacher is self.teacher:
                outputs.feats = feats
            for task in tasks:
                head = teacher.heads[task]
                raw = head(feats)
                if self.method.needs_teacher_maps:
                    outputs.maps[task] = raw
                if not (self.method.needs_teacher_labels or self.method.needs_teacher_predictions):
                    continue
                prediction = head.activate(raw, inputs.shape[2:])
                outputs.labels[task] = head.pseudo_label(prediction)
                if self.method.needs_teacher_predictions:
                    outputs.predictions[task] = prediction
        return outputs

    def teacher_labels(self, step: Step) -> dict[str, Tensor]:
        """The teacher's pseudo labels of a step; deprecated, ``step.teacher`` has them."""
        warnings.warn("read step.teacher.labels", DeprecationWarning, stacklevel=2)
        if step.teacher is None:
            step.teacher = self.teach(step.inputs, step.samples)
        return step.teacher.labels
