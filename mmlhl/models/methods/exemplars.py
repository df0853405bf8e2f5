"""Images stored from earlier phases, and how they become a batch again."""

from __future__ import annotations

import random
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmengine.dist import get_rank
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch import Tensor

from ...option_rules import check_option, whole
from .protocols import Learner
from .stored_exemplars import read_exemplars
from .stored_state import whole_number

Exemplar = dict
"""``image`` (3, H, W), ``valid`` (H, W) bool or None, ``labels`` {task: (K, H, W)}, ``outputs``
{task: (K, h, w)} and ``phase``, the number of the image's phase; tensors on the CPU."""

#: greatest values of a map that half precision holds with 11 bits: above it may overflow, and below
#: it loses digits until, at 3e-8, all is 0
HALF_MIN, HALF_MAX = 2.0**-14, 6e4


def compact(tensor: Tensor) -> Tensor:
    """A copy on the CPU in the smallest type that holds it: uint8, int32, float16 or float32.

    Half precision has 11 bits, an error of 0.05 % of the greatest value, far below any label's.
    """
    tensor = tensor.detach().cpu()
    if tensor.dtype == torch.bool:
        return tensor.clone()
    if not tensor.is_floating_point():
        small = not tensor.numel() or (tensor.min() >= 0 and tensor.max() <= 255)
        return tensor.to(torch.uint8 if small else torch.int32, copy=True)
    finite = tensor[tensor.isfinite()]
    greatest = float(finite.abs().max()) if len(finite) else 0.0
    half = greatest == 0 or HALF_MIN <= greatest < HALF_MAX
    return tensor.to(torch.float16 if half else torch.float32, copy=True)


def make_exemplar(
    model: Learner, image: Tensor, sample: SegDataSample, valid: Tensor, phase: int
) -> Exemplar:
    """Store one preprocessed image with the ground truth of the phase's new tasks.

    Args:
        model: The segmentor, whose new tasks are stored.
        image: ``(3, H, W)``.
        sample: Its data sample.
        valid: ``(H, W)`` bool, False on padding.
        phase: Number of the phase, from 0.
    """
    fields = {task: f"gt_{model.heads[task].field}" for task in model.new_tasks}
    return dict(
        phase=phase,
        image=compact(image),
        valid=None if valid.all() else compact(valid),
        labels={task: compact(sample.get(field).data) for task, field in fields.items()},
        outputs={},
    )


def stack_maps(maps: Sequence[Tensor], size: Sequence[int], fill: float) -> Tensor:
    """Stack maps ``(K, h, w)`` into ``(N, K, H, W)``, padded at the right and bottom.

    Args:
        maps: Maps of any sizes up to ``size``.
        size: ``(H, W)``.
        fill: Value of the padding.
    """
    height, width = size
    return torch.stack(
        [F.pad(m, (0, width - m.shape[-1], 0, height - m.shape[-2]), value=fill) for m in maps]
    )


def restored(label: Tensor) -> Tensor:
    """A stored label in the type that data samples have: int64 or float32."""
    return label.float() if label.is_floating_point() else label.long()


class ExemplarBuffer:
    """Exemplars of all phases so far, the same on every rank.

    Args:
        size: Greatest number of images.
        seed: Seed of the draws.

    Raises:
        ValueError: If ``size`` is not positive.
    """

    def __init__(self, size: int, seed: int = 0) -> None:
        check_option(size, whole(1), "buffer_size")
        self.size = size
        self.seed = seed
        self.items: list[Exemplar] = []
        self.draws = 0

    def __len__(self) -> int:
        return len(self.items)

    def draw(self, count: int, items: Sequence[Exemplar] | None = None) -> list[Exemplar]:
        """Draw at most ``count`` different exemplars; each rank makes its own draw.

        The draw depends on the seed, the rank and the number of earlier draws. Checkpoints store
        that number, so a resumed run continues with the draws of the uninterrupted one.
        """
        items = self.items if items is None else items
        self.draws += 1
        generator = random.Random(f"{self.seed}/{get_rank()}/{self.draws}")
        return generator.sample(list(items), min(count, len(items)))

    def state_dict(self) -> dict:
        """Plain tensors, numbers, lists and dicts."""
        return dict(items=self.items, draws=self.draws)

    def load_state_dict(self, state: dict) -> None:
        """Restore what :meth:`state_dict` returned."""
        self.items = read_exemplars(state)
        self.draws = whole_number(state, "draws")


def to_batch(
    items: Sequence[Exemplar], model: Learner, device: torch.device
) -> tuple[Tensor, list[SegDataSample]]:
    """Exemplars as a preprocessed batch.

    Exemplars of different sizes are padded as by the data preprocessor: images with its ``pad_val``
    at the right and bottom, with a ``valid_map`` that is False there.

    Returns:
        Images ``(N, 3, H, W)`` float32, and data samples with ``gt_*`` of the tasks of each.
    """
    size = [max(item["image"].shape[axis] for item in items) for axis in (1, 2)]
    images = [item["image"].to(device).float() for item in items]
    inputs = stack_maps(images, size, getattr(model.data_preprocessor, "pad_val", 0.0))
    samples = []
    for item in items:
        shape = tuple(item["image"].shape[1:])
        valid = torch.ones(shape, dtype=torch.bool) if item["valid"] is None else item["valid"]
        maps = {"valid_map": stack_maps([valid[None]], size, False)[0]}
        for task, label in item["labels"].items():
            head = model.heads[task]
            fill = float("nan") if label.is_floating_point() else head.ignore_index
            maps[f"gt_{head.field}"] = stack_maps([restored(label)], size, fill)[0]
        sample = SegDataSample(metainfo=dict(img_shape=shape, pad_shape=tuple(size)))
        sample.set_data({key: PixelData(data=value.to(device)) for key, value in maps.items()})
        samples.append(sample)
    return inputs, samples
