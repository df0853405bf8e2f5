"""Another pass over a phase's images when it ends, for importances, exemplars and bases."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.dist import get_rank, get_world_size
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Subset

from ...draws import DrawnIndex, drawn_by
from .protocols import Learner, ModuleTree, PhaseRunner


class FixedDraws(Dataset):
    """A dataset whose random augmentation depends only on the index and the seed.

    Measurements at a phase's end are then the same for any number of processes and workers, and an
    image that was chosen by its features can be read again unchanged.

    Args:
        dataset: Any dataset with random transforms.
        seed: Seed of the augmentation.
    """

    def __init__(self, dataset: Dataset, seed: int = 0) -> None:
        self.dataset = dataset
        self.seed = seed

    def __len__(self) -> int:
        return len(self.dataset)  # type: ignore[arg-type]  # datasets of indices have a length

    def __getitem__(self, index: int) -> Any:
        seed = self.seed * 1_000_003 + index
        with drawn_by(seed):
            return self.dataset[DrawnIndex(index, seed)]


@contextmanager
def keeping_modes(model: ModuleTree) -> Iterator[None]:
    """Restore every module's mode at the end of the context."""
    modes = {module: module.training for module in model.modules()}
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


@contextmanager
def evaluating(model: ModuleTree) -> Iterator[None]:
    """Evaluation mode inside the context; afterwards every module's mode is restored."""
    with keeping_modes(model):
        model.eval()
        yield


def choose_images(runner: PhaseRunner, samples: int | None, seed: int = 0) -> list[int]:
    """Choose at most ``samples`` of the phase's training images, the same on all ranks."""
    count = len(runner.train_dataloader.dataset)
    if samples is None or samples >= count:
        return list(range(count))
    return sorted(random.Random(seed).sample(range(count), samples))


def own_share(indices: Sequence[int]) -> list[int]:
    """This rank's share of the indices: every ``world size``-th; all without distribution."""
    return list(indices[get_rank() :: get_world_size()])


def phase_batches(
    model: Learner, runner: PhaseRunner, indices: Sequence[int], batch_size: int | None = None
) -> Iterator[tuple[Tensor, Sequence]]:
    """Batches of the phase's training images, preprocessed on the model's device.

    Args:
        model: The segmentor.
        runner: The phase's runner, whose train loader's options are used.
        indices: Indices of the images, in order.
        batch_size: Images per batch; the train loader's if None.

    Yields:
        Images ``(N, 3, H, W)`` and their data samples.
    """
    loader = runner.train_dataloader
    if not indices:  # of a rank without a share
        return
    reader = DataLoader(
        Subset(FixedDraws(loader.dataset), list(indices)),
        batch_size=batch_size or loader.batch_size or 1,
        num_workers=loader.num_workers if len(indices) > 1 else 0,
        collate_fn=loader.collate_fn,
        multiprocessing_context=loader.multiprocessing_context,
    )
    for batch in reader:
        batch = model.data_preprocessor(batch, training=True)
        yield batch["inputs"], batch["data_samples"]


def in_encoder(name: str) -> bool:
    """Whether a parameter or module belongs to the encoder (backbone and neck), by its name."""
    return not name.startswith(("heads.", "distillers."))


def is_old(model: Learner, name: str) -> bool:
    """Whether a weight or buffer existed before this phase, by its name."""
    new = ("distillers.", *(f"heads.{task}." for task in model.new_tasks))
    return not name.startswith(new)


def encoder_parameters(model: Learner, frozen: bool = False) -> dict[str, nn.Parameter]:
    """Trainable parameters of the shared encoder (backbone and neck) by name."""
    return {
        name: parameter
        for name, parameter in model.named_parameters()
        if (frozen or parameter.requires_grad) and in_encoder(name)
    }


@contextmanager
def measured_encoder(model: Learner) -> Iterator[dict[str, nn.Parameter]]:
    """Evaluation mode with gradients for the whole encoder, frozen weights included.

    Old tasks depend on frozen weights as well, and a later phase may train these. ``with_cp`` is
    switched off meanwhile: ``autograd.grad`` refuses recomputed activations.

    Yields:
        The encoder's parameters by name.
    """
    saving: list[Any] = [each for each in model.modules() if getattr(each, "with_cp", False)]
    parameters = encoder_parameters(model, frozen=True)
    resting = [parameter for parameter in parameters.values() if not parameter.requires_grad]
    with evaluating(model):
        for module in saving:
            module.with_cp = False
        for parameter in resting:
            parameter.requires_grad_(True)
        try:
            yield parameters
        finally:
            for module in saving:
                module.with_cp = True
            for parameter in resting:
                parameter.requires_grad_(False)


def task_losses(model: Learner, feats: Sequence[Tensor], samples: Sequence) -> dict[str, Tensor]:
    """The loss of each new task against ground truth, summed over its parts, by task.

    Args:
        model: The student.
        feats: Feature maps of a batch ``(N, C, h, w)``.
        samples: Its ground truth.

    Returns:
        Scalars with gradients.
    """
    totals = {}
    for task in model.new_tasks:
        losses = model.heads[task].loss(feats, samples)
        found = [reduced(value) for name, value in losses.items() if "loss" in name]
        totals[task] = torch.stack(found).sum()
    return totals


def reduced(loss: Tensor | Sequence[Tensor]) -> Tensor:
    """Reduce a head's loss to a scalar as mmengine does.

    Args:
        loss: A scalar or a map, which is averaged; or several of these, which are added.
    """
    parts = [loss] if isinstance(loss, Tensor) else list(loss)
    return torch.stack([part.mean() for part in parts]).sum()


def gradients(
    loss: Tensor, parameters: dict[str, nn.Parameter], **options: Any
) -> dict[str, Tensor]:
    """Gradients by name, zero for parameters that ``loss`` does not depend on.

    ``autograd.grad`` does not touch ``.grad`` and does not trigger a distributed wrapper's hooks.
    """
    found = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True, **options)
    return {
        name: torch.zeros_like(parameter) if gradient is None else gradient
        for (name, parameter), gradient in zip(parameters.items(), found, strict=True)
    }
