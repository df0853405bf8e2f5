"""A segmentor that learns from a frozen one of any other architecture."""

from __future__ import annotations

import copy
import inspect
from typing import Any

import torch
from mmengine.config import ConfigDict
from mmengine.model import ModuleList
from mmseg.models.segmentors import BaseSegmentor
from mmseg.registry import MODELS
from torch import Tensor, nn

from ...config_values import is_size
from ...registered import registered
from ..teachers import (
    FeatureTaps,
    FrozenModels,
    Tap,
    build_frozen_segmentor,
    convert_inputs,
    find_channels,
    run_for_taps,
)
from .distillers import build_distiller, check_distillers, compared
from .inference import check_maps, predict_classes

_NOTHING_DISTILLED = (
    "model.distillers is empty, so only the plain student would be trained: add a loss such as "
    "dict(type='KDLoss'), or train the config in model.student"
)


def _of_student(name: str) -> Any:
    """A property with an attribute of the student."""
    return property(lambda self: getattr(self._student, name), doc=f"``{name}`` of the student.")


@MODELS.register_module()
class DistilledSegmentor(FrozenModels, BaseSegmentor):
    """Trains any mmseg segmentor with its own losses and those of distillation from a teacher.

    From outside it looks like the student: the same submodules under the same names, hence the same
    checkpoint keys, optimiser options and predictions, plus ``distillers`` if a distiller has
    parameters. A checkpoint therefore loads into the plain student's config, which reports the
    ``distillers.*`` keys as unexpected; ``tools/model_converters/publish.py`` removes them. The
    teacher is not part of checkpoints and gets no gradient.

    The teacher sees the student's batch in its own normalisation and channel order, resized if
    ``input_size`` is given. It may have another decode head and another output stride.

    Args:
        student: Config of a segmentor.
        teacher: ``dict(config=..., checkpoint=..., input_size=None)``: a config file, a config or
            a model's config; its checkpoint; and the (height, width) that its input is resized
            to, None for the student's size. None for a model that is only tested.
        distillers: Configs of losses that are called with the student's map, the teacher's map
            and the label, such as :class:`HeteroAKDLoss`, :class:`KDLoss` or :class:`CWDLoss`.
            ``student_tap`` and ``teacher_tap`` say which maps, see :class:`FeatureTaps`; the
            loss's ``default_tap`` if absent. ``num_classes``, ``ignore_index``,
            ``student_channels`` and ``teacher_channels`` are filled in.
        data_preprocessor: Used where the student's config has none.
        pretrained: Must be None, which mmseg's ``init_model`` sets in every config.

    Raises:
        FileNotFoundError: If a file of the teacher is missing.
        ValueError: If teacher and student differ in their classes, the teacher's checkpoint does
            not fit, a tap does not exist, a key of ``teacher`` is unknown or its ``input_size`` is
            no (height, width), or there is a teacher without ``distillers``.
    """

    # torch annotates a module's attributes as tensors or modules, but these are segmentors
    _student: Any
    _teacher: Any
    data_preprocessor: Any
    decode_head: Any

    def __init__(
        self,
        student: dict,
        teacher: dict | None = None,
        distillers: list[dict] | tuple[dict, ...] = (),
        data_preprocessor: dict | None = None,
        pretrained: None = None,
    ) -> None:
        if pretrained is not None:
            raise ValueError("DistilledSegmentor: write init_cfg into student.backbone instead")
        super().__init__()
        student = ConfigDict(copy.deepcopy(student))
        if student.get("data_preprocessor") is None and data_preprocessor is not None:
            student["data_preprocessor"] = data_preprocessor
        model = MODELS.build(student)
        # Both share one module tree: the student stays usable, but is not a submodule.
        self.__dict__["_student"] = model
        for tree in ("_modules", "_parameters", "_buffers"):
            self.__dict__[tree] = model.__dict__[tree]

        self.teacher_size: tuple[int, int] | None = None
        self.attach_frozen("_teacher", None)
        self.taps: list[tuple[Tap, Tap]] = []
        if teacher is not None:
            self._add_teacher(dict(teacher))
        self.distillers = ModuleList()
        check_distillers(distillers, self._ignore_index)
        if distillers:
            self._add_distillers(distillers)
        elif teacher is not None:
            raise ValueError(_NOTHING_DISTILLED)

    def _add_teacher(self, teacher: dict) -> None:
        unknown = set(teacher) - {"config", "checkpoint", "input_size"}
        if unknown or "config" not in teacher:
            raise ValueError(
                f"teacher has the keys {sorted(teacher)}; it takes config (needed), checkpoint "
                "and input_size"
            )
        self.teacher_size = _checked_size(teacher.get("input_size"))
        model = build_frozen_segmentor(teacher["config"], teacher.get("checkpoint"))
        student_classes, teacher_classes = self.out_channels, model.out_channels
        if student_classes != teacher_classes:
            raise ValueError(
                f"the teacher has {teacher_classes} classes (decode_head.num_classes in "
                f"teacher.config), the student has {student_classes}; they must be the same"
            )
        if student_classes == 1:
            raise ValueError(
                "the student has out_channels=1; distillation needs one channel per class: "
                "student.decode_head.out_channels=2"
            )
        self.attach_frozen("_teacher", model)

    def _add_distillers(self, distillers: list[dict] | tuple[dict, ...]) -> None:
        # Without a teacher the channels are unknown; loss() then raises an error.
        if self._teacher is None:
            self.taps = [(-1, -1)] * len(distillers)
            return
        for config in distillers:
            config = dict(config)
            kind = config["type"]
            cls = registered(MODELS, kind) if isinstance(kind, str) else kind
            if cls is None:
                raise ValueError(f"distillers: there is no loss {config['type']!r} in the registry")
            default = getattr(cls, "default_tap", -1)
            taps = (config.pop("student_tap", default), config.pop("teacher_tap", default))
            taken = inspect.signature(cls.__init__).parameters
            known = dict(num_classes=self.num_classes, ignore_index=self._ignore_index)
            wanted = {"student_channels", "teacher_channels"} & set(taken) - set(config)
            if wanted:
                known["student_channels"] = find_channels(self._student, taps[:1])[taps[0]]
                known["teacher_channels"] = find_channels(self._teacher, taps[1:])[taps[1]]
            else:
                FeatureTaps(self._student, taps[:1])
                FeatureTaps(self._teacher, taps[1:])
            for key, value in known.items():
                if key in taken:
                    config.setdefault(key, value)
            self.distillers.append(build_distiller(config, len(self.taps)))
            self.taps.append(taps)

    @property
    def _final_head(self) -> Any:
        """The decode head, or the last one of a cascade."""
        head = self.decode_head
        return head[-1] if isinstance(head, nn.ModuleList) else head

    @property
    def _ignore_index(self) -> int:
        return self._final_head.ignore_index

    num_classes = _of_student("num_classes")
    out_channels = _of_student("out_channels")
    align_corners = _of_student("align_corners")
    train_cfg = _of_student("train_cfg")
    test_cfg = _of_student("test_cfg")

    def init_weights(self) -> None:
        """Initialise the student and the distillers."""
        self._student.init_weights()
        self._is_init = True

    def train(self, mode: bool = True) -> DistilledSegmentor:
        """Set the mode of the student and the distillers, never of the teacher."""
        self._student.train(mode)
        self.training = mode
        return self

    def _teach(self, inputs: Tensor, data_samples: list) -> FeatureTaps:
        """The teacher's maps for a batch that was preprocessed for the student."""
        with torch.no_grad():
            inputs = convert_inputs(
                inputs,
                data_samples,
                self.data_preprocessor,
                self._teacher.data_preprocessor,
                self.teacher_size,
            )
            return run_for_taps(self._teacher, inputs, [tap for _, tap in self.taps])

    def loss(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Losses of the student, and those of distillation with the prefix ``distill.``.

        Args:
            inputs: Preprocessed images ``(N, 3, H, W)``.
            data_samples: Data samples with ``gt_sem_seg``.

        Raises:
            ValueError: Without distillers or a teacher, or if maps do not fit.
        """
        if not self.taps:
            raise ValueError(_NOTHING_DISTILLED)
        if self._teacher is None:
            raise ValueError("model.distillers are set, but model.teacher is None: cannot train")
        with FeatureTaps(self._student, [tap for tap, _ in self.taps]) as student:
            losses = self._student.loss(inputs, data_samples)
        teacher = self._teach(inputs, data_samples)
        label = torch.stack([sample.gt_sem_seg.data for sample in data_samples]).squeeze(1)
        for index, (distiller, taps) in enumerate(zip(self.distillers, self.taps, strict=True)):
            found = compared(distiller, index, student[taps[0]], teacher[taps[1]], label)
            for name, value in found.items():
                key = f"distill.{name}"
                losses[f"distill_{index}.{name}" if key in losses else key] = value
        return losses

    def predict(self, inputs: Tensor, data_samples: list | None = None) -> list:
        """The student's prediction, with the pipeline's geometric transforms undone.

        Raises:
            ValueError: If a view cannot be undone, or the logits are not finite.
        """
        if data_samples and any(sample.metainfo.get("geometry") for sample in data_samples):
            samples = predict_classes(self._student, inputs, data_samples)
        else:
            samples = self._student.predict(inputs, data_samples)
        for sample in samples:
            check_maps({"sem_seg": sample.seg_logits.data[None]}, [sample.metainfo])
        return samples

    def _forward(self, inputs: Tensor, data_samples: list | None = None) -> Tensor:
        """The student's raw logits."""
        return self._student._forward(inputs, data_samples)

    def extract_feat(self, inputs: Tensor) -> list[Tensor]:
        """The student's features."""
        return self._student.extract_feat(inputs)

    def encode_decode(self, inputs: Tensor, batch_img_metas: list[dict]) -> Tensor:
        """The student's logits, resized to the image."""
        return self._student.encode_decode(inputs, batch_img_metas)

    def inference(self, inputs: Tensor, batch_img_metas: list[dict]) -> Tensor:
        """The student's logits, by slide or whole inference."""
        return self._student.inference(inputs, batch_img_metas)


def _checked_size(size: Any) -> tuple[int, int] | None:
    """The (height, width) of the teacher's input, None for the student's."""
    if size is None:
        return None
    if not is_size(size):
        raise ValueError(
            f"teacher.input_size is {size!r}; it must be (height, width), each > 0, in pixels"
        )
    return size[0], size[1]
