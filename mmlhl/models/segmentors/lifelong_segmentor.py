"""A segmentor with one encoder, one head per task, and a method that preserves old tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmengine.model import ModuleDict
from mmseg.models.segmentors.base import BaseSegmentor
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from mmseg.utils import add_prefix
from torch import Tensor, nn

from ..data_preprocessor import for_all_labels
from ..methods.base_method import BaseMethod
from ..methods.step import Step, TeacherOutputs
from ..padding import valid_pixels
from ..teachers import read_labels
from ..views import labels_back, undo_view
from .growing import GrowsOnLoad
from .has_teacher import HasTeacher
from .inference import check_maps, check_test_cfg, input_metas, slide, sliding_window


@MODELS.register_module()
class LifelongSegmentor(HasTeacher, GrowsOnLoad, BaseSegmentor):
    """A segmentor that learns one dense task after another.

    It does not depend on any particular method or output space: the losses of new tasks come from
    their heads, everything that preserves old tasks comes from ``method``.

    Args:
        backbone: Config of any mmseg backbone.
        heads: Config of every head that the sequence needs, by task name.
        neck: Config of any mmseg neck.
        tasks: Tasks whose heads exist, old ones first. None builds all of ``heads`` and, when
            a checkpoint is loaded, keeps those in the checkpoint; meant for testing.
        new_tasks: Tasks that learn from ground truth in this phase; the others of ``tasks`` are
            old. None means all.
        method: Config of a :class:`~mmlhl.models.methods.BaseMethod`.
        train_cfg: As in mmseg.
        test_cfg: ``mode='whole'``, or ``mode='slide'`` with ``crop_size`` and ``stride``.
        data_preprocessor: As in mmseg, see :func:`~mmlhl.models.data_preprocessor.for_all_labels`.
        pretrained: As in mmseg, weights of the backbone; its apis set it to None.
        init_cfg: As in mmengine.

    Raises:
        ValueError: On a task without a head, a task named twice, a new task that does not
            exist, two heads of one field, or a method of the wrong kind.
    """

    #: whether old tasks' pseudo labels come with the data samples instead of from a teacher
    stored_labels = False

    def __init__(
        self,
        backbone: dict,
        heads: dict[str, dict],
        neck: dict | None = None,
        tasks: Sequence[str] | None = None,
        new_tasks: Sequence[str] | None = None,
        method: dict = dict(type="Naive"),  # noqa: B006
        train_cfg: dict | None = None,
        test_cfg: dict | None = None,
        data_preprocessor: dict | None = None,
        pretrained: str | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(data_preprocessor=for_all_labels(data_preprocessor), init_cfg=init_cfg)
        self.head_cfgs = {task: dict(cfg) for task, cfg in heads.items()}
        self.follow_checkpoint = tasks is None
        tasks = list(heads) if tasks is None else list(tasks)
        new_tasks = tasks if new_tasks is None else list(new_tasks)
        self._check_tasks(tasks, new_tasks)
        if pretrained is not None:
            backbone = {**backbone, "pretrained": pretrained}
        self.backbone = MODELS.build(backbone)
        if neck is not None:
            self.neck = MODELS.build(neck)
        self.heads = ModuleDict({task: self._build_head(task) for task in tasks})
        fields = {head.field: task for task, head in self.heads.items()}
        for task, head in self.heads.items():
            if fields[head.field] != task:
                raise ValueError(
                    f"model.heads: {task!r} and {fields[head.field]!r} both write "
                    f"pred_{head.field}; give one of them another field"
                )
        self.new_tasks = new_tasks
        self.method = MODELS.build(method)
        if not isinstance(self.method, BaseMethod):
            raise ValueError(f"model.method: {method['type']!r} is not a method of mmlhl")
        self.train_cfg = train_cfg
        self.test_cfg = test_cfg or dict(mode="whole")
        check_test_cfg(self.test_cfg)
        if not self.method.trains_old_heads:
            for task in self.old_tasks:
                self.heads[task].requires_grad_(False)
        self.distillers = self.method.build_modules(self)

    def _check_tasks(self, tasks: list[str], new_tasks: list[str]) -> None:
        for key, names in (("tasks", tasks), ("new_tasks", new_tasks)):
            if len(set(names)) < len(names):
                raise ValueError(f"model.{key} names a task twice: {names}")
        for task in tasks:
            if task not in self.head_cfgs:
                raise ValueError(
                    f"model.tasks names {task!r}, but model.heads has only {list(self.head_cfgs)}"
                )
            if hasattr(ModuleDict(), task):
                raise ValueError(
                    f"model.heads: {task!r} cannot be the name of a task, since torch's ModuleDict "
                    f"has an attribute of that name; choose another, such as {task + '_task'!r}"
                )
        missing = set(new_tasks) - set(tasks)
        if missing:
            raise ValueError(f"model.new_tasks names {sorted(missing)}, not among tasks {tasks}")

    # -- tasks -----------------------------------------------------------------------------
    @property
    def tasks(self) -> list[str]:
        """Tasks whose heads exist."""
        return list(self.heads.keys())

    @property
    def old_tasks(self) -> list[str]:
        """Tasks of earlier phases."""
        return [task for task in self.heads.keys() if task not in self.new_tasks]

    def train(self, mode: bool = True) -> LifelongSegmentor:
        """Set the mode as torch does, but keep frozen heads, with their BN, in evaluation mode."""
        super().train(mode)
        if mode and not self.method.trains_old_heads:
            for task in self.old_tasks:
                self.heads[task].eval()
        return self

    # -- attributes that mmseg's apis and tools read ------------------------------------------
    @property
    def decode_head(self) -> nn.Module | None:
        """The decoder of the head that predicts ``pred_sem_seg``, if there is one."""
        for head in self.heads.values():
            if head.field == "sem_seg":
                return head.decoder
        return None

    @property
    def num_classes(self) -> int | None:
        """Number of semantic classes, None without a segmentation head."""
        return getattr(self.decode_head, "num_classes", None)

    @property
    def out_channels(self) -> int | None:
        """Channels of the segmentation map, None without a segmentation head."""
        return getattr(self.decode_head, "out_channels", None)

    @property
    def align_corners(self) -> bool | None:
        """``align_corners`` of the segmentation head, None without one."""
        return getattr(self.decode_head, "align_corners", None)

    # -- forward ---------------------------------------------------------------------------
    def extract_feat(self, inputs: Tensor) -> Sequence[Tensor]:
        """Feature maps of the shared encoder."""
        feats = self.backbone(inputs)
        return self.neck(feats) if self.with_neck else feats

    def loss(self, inputs: Tensor, data_samples: Sequence[SegDataSample]) -> dict[str, Tensor]:
        """Losses of a batch, named ``<task>.<loss>``: those of new tasks and of the method."""
        self.unfilled = {}
        step = self.make_step(inputs, data_samples, with_teacher=self.method.needs_teacher)
        losses: dict[str, Tensor] = {}
        for task in self.new_tasks:
            losses.update(add_prefix(self.heads[task].loss(step.feats, data_samples), task))
        losses.update(self.method.losses(self, step))
        return losses

    def parse_losses(self, losses: dict[str, Any]) -> tuple[Tensor, dict[str, Tensor]]:
        """Sum up the losses as mmengine does, which trains every entry with ``loss`` in its name.

        Here the task's part of the name is ignored, since a task may be called "loss ...".
        """
        shown = {k: v for k, v in losses.items() if "loss" not in k.rpartition(".")[2]}
        rest = super().parse_losses(shown)[1]
        trained = {k: v for k, v in losses.items() if k not in shown}
        total, logged = super().parse_losses(trained)
        return total, {**logged, **{k: rest[k] for k in shown}}

    def make_step(
        self, inputs: Tensor, data_samples: Sequence[SegDataSample], with_teacher: bool
    ) -> Step:
        """Run the encoder on a batch, and the teacher if ``with_teacher`` and there are old tasks.

        With ``stored_labels`` the pseudo labels are read from the samples instead.
        """
        feats = self.extract_feat(inputs)
        step = Step(inputs, data_samples, feats, valid_pixels(inputs, data_samples))
        if with_teacher and self.old_tasks and self.stored_labels:
            labels, step.valid = read_labels(self.heads, self.old_tasks, data_samples, step.valid)
            step.teacher = TeacherOutputs((), labels)
        elif with_teacher and self.old_tasks:
            step.teacher = self.teach(inputs, data_samples)
        return step

    def encode_decode(self, inputs: Tensor, batch_img_metas: list[dict]) -> dict[str, Tensor]:
        """Raw maps ``(N, K, H, W)`` of all tasks at the size of the input."""
        feats = self.extract_feat(inputs)
        return {
            task: head.resize(head(feats), inputs.shape[2:]) for task, head in self.heads.items()
        }

    def inference(self, inputs: Tensor, batch_img_metas: list[dict]) -> dict[str, Tensor]:
        """Raw maps of all tasks, on the whole image or by a sliding window.

        Raises:
            ValueError: If ``test_cfg`` has another mode, or windows that leave gaps.
        """
        check_test_cfg(self.test_cfg)
        if self.test_cfg.get("mode", "whole") == "slide":
            return slide(
                lambda crop: self.encode_decode(crop, batch_img_metas),
                inputs,
                *sliding_window(self.test_cfg),
            )
        return self.encode_decode(inputs, batch_img_metas)

    def predict(
        self, inputs: Tensor, data_samples: Sequence[SegDataSample] | None = None
    ) -> list[SegDataSample]:
        """Predictions of all tasks at the images' original size, written into data samples.

        Labels that were padded or flipped with the image are restored as well.

        Raises:
            ValueError: If a view cannot be undone, see :mod:`mmlhl.models.views`; if the loaded
                checkpoint did not fill all weights; if a raw map is not finite.
        """
        self.check_filled()
        if data_samples is None:
            data_samples = [SegDataSample() for _ in inputs]
        metas = input_metas(inputs, data_samples)
        maps = self.inference(inputs, metas)
        check_maps(maps, metas)
        for task, raw in maps.items():
            head = self.heads[task]
            for raw_map, meta, sample in zip(raw, metas, data_samples, strict=True):
                raw_map, size = undo_view(raw_map[None], meta, head)
                head.to_sample(head.activate(raw_map, size)[0], sample)
        for sample in data_samples:
            labels_back(sample)
        return list(data_samples)

    def _forward(
        self, inputs: Tensor, data_samples: Sequence[SegDataSample] | None = None
    ) -> dict[str, Tensor]:
        """Raw maps ``(N, K, h, w)`` of all tasks at the heads' resolution."""
        feats = self.extract_feat(inputs)
        return {task: head(feats) for task, head in self.heads.items()}
