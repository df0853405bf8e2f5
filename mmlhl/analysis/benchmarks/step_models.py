"""Students, teachers and batches of any number of tasks, for measuring steps."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from mmengine.config import Config
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import Tensor

from ...engine.phases.grammar import learning_model

#: types of the tasks' heads, in turn
KINDS = ("SegmentationHead", "DepthHead", "NormalHead", "ChannelHead")
CLASSES = 13


def task_names(count: int) -> list[str]:
    """``t1`` to ``t<count>``; the last is the new one."""
    return [f"t{number}" for number in range(1, count + 1)]


def model_of(cfg: Config, count: int, classes: int = CLASSES) -> dict[str, Any]:
    """The model of a config with heads for a number of tasks of all kinds.

    Args:
        cfg: Any sequence's config; all tasks use the decoder of its first head.
        count: Number of tasks.
        classes: Number of classes of each class task.
    """
    model = copy.deepcopy(dict(Config(dict(model=learning_model(cfg))).model.to_dict()))
    decoder = next(iter(model["heads"].values()))["decoder"]
    decoder.pop("num_classes", None)
    own: dict[str, dict] = dict(
        SegmentationHead=dict(num_classes=classes), ChannelHead=dict(channels=1)
    )
    model["heads"] = {}
    for number, task in enumerate(task_names(count)):
        kind = KINDS[number % len(KINDS)]
        head = dict(type=kind, decoder=decoder, field=f"{task}_map", **own.get(kind, {}))
        model["heads"][task] = head
    for node in (model["backbone"], model):
        node.pop("init_cfg", None)
    return model


@dataclass
class Workload:
    """A batch and the models that are trained with it.

    Attributes:
        model: Config of the model.
        inputs: Preprocessed images.
        samples: Data samples with ground truth of all tasks.
        teacher: The frozen model of the phase before.
    """

    model: dict[str, Any]
    inputs: Tensor
    samples: list[SegDataSample]
    teacher: Any = field(repr=False)

    @property
    def tasks(self) -> list[str]:
        """All tasks, the new one last."""
        return list(self.model["heads"])

    def student(self, method: dict, new_tasks: Sequence[str] | None = None) -> Any:
        """A model in training mode with the teacher's weights.

        Args:
            method: Config of its method.
            new_tasks: Tasks that are trained with ground truth; None for the last one only.
        """
        new = list(new_tasks) if new_tasks is not None else self.tasks[-1:]
        made: Any = MODELS.build({**self.model, "method": method, "new_tasks": new})
        made.load_state_dict({**made.state_dict(), **self.teacher.state_dict()})
        with torch.no_grad():  # otherwise all distances would be zero
            for parameter in made.parameters():
                parameter.add_(0.01 * torch.randn_like(parameter))
        if made.old_tasks and made.method.needs_teacher:
            made.set_teacher(self.teacher)
        return made.to(self.inputs.device).train()

    def labelled(self) -> list[SegDataSample]:
        """The samples with the teacher's labels as annotations of old tasks."""
        student: Any = self.student(dict(type="LwF"))
        labels = student.teach(self.inputs, self.samples).labels
        made = []
        for index, sample in enumerate(self.samples):
            sample = sample.clone()
            for task, label in labels.items():
                one = label[index] if label.ndim == 4 else label[index][None]
                sample.set_data({f"gt_{task}_map": PixelData(data=one)})
            made.append(sample)
        return made


def workload(
    cfg: Config, count: int, batch: int, size: Sequence[int], device: str = "cpu", seed: int = 0
) -> Workload:
    """A batch of random images and labels, and a teacher of random weights.

    Args:
        cfg: Any sequence's config.
        count: Number of tasks, of which the last is new.
        batch: Number of images.
        size: (height, width).
        device: Device of models and batch.
        seed: Seed of all random numbers.
    """
    torch.manual_seed(seed)
    model = model_of(cfg, count)
    tasks = list(model["heads"])
    teacher: Any = MODELS.build(
        {**model, "tasks": tasks[:-1] or tasks, "method": dict(type="Naive")}
    )
    inputs = torch.rand(batch, 3, *size, device=device)
    samples = []
    for _ in range(batch):
        sample = SegDataSample(metainfo=dict(img_shape=tuple(size), ori_shape=tuple(size)))
        for task, head in model["heads"].items():
            sample.set_data({f"gt_{task}_map": PixelData(data=_truth(head["type"], size, device))})
        samples.append(sample)
    return Workload(model, inputs, samples, teacher.to(device).eval())


def _truth(kind: str, size: Sequence[int], device: str) -> Tensor:
    if kind == "SegmentationHead":
        return torch.randint(CLASSES, (1, *size), device=device)
    if kind == "NormalHead":
        return torch.nn.functional.normalize(torch.randn(3, *size, device=device), dim=0)
    return torch.rand(1, *size, device=device) + 0.5
