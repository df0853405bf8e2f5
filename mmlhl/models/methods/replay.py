"""Base of methods that replay old images."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from ...config_values import is_number
from ...option_rules import check_option, or_none, whole
from ..teachers import blank_image, input_normalisation
from .base_method import BaseMethod
from .exemplars import Exemplar, ExemplarBuffer, to_batch
from .measuring import keeping_modes, reduced
from .protocols import Learner, PhaseRunner
from .step import Step
from .stored_exemplars import check_exemplars
from .stored_state import MOST_PHASES, entry, whole_number


class ReplayMethod(BaseMethod):
    """A method that stores some images of earlier phases and trains on them again.

    Exemplars go through the encoder in a separate pass instead of being concatenated with the new
    images: they may have another size, batch normalisation uses separate statistics, and the
    segmentor needs no code for replay.

    Args:
        buffer_size: Number of stored images, of all phases together.
        replay_batch: Exemplars per step; as many as new images if None.
        seed: Seed of what is stored and drawn.

    Raises:
        ValueError: If ``replay_batch`` is below 1.
    """

    trains_old_heads = True

    def __init__(
        self, buffer_size: int = 50, replay_batch: int | None = None, seed: int = 0
    ) -> None:
        check_option(replay_batch, or_none(whole(1)), f"{type(self).__name__}: replay_batch")
        self.buffer = ExemplarBuffer(buffer_size, seed)
        self.replay_batch = replay_batch
        self.phases = 0
        self.normalisation: list | None = None

    @property
    def exemplars(self) -> int:
        """Number of images in the buffer."""
        return len(self.buffer)

    def replayed_tasks(self, model: Learner) -> list[str]:
        """Tasks whose heads see exemplars in this phase; none if there is no replay."""
        return model.old_tasks

    def draw(self, step: Step, items: Sequence[Exemplar] | None = None) -> list[Exemplar]:
        """Draw exemplars for a step, from ``items`` if given; none from an empty buffer."""
        return self.buffer.draw(self.replay_batch or len(step.inputs), items)

    def replay(self, model: Learner, items: Sequence[Exemplar], like: Step) -> Step:
        """Make a separate step of exemplars, on the device of ``like``."""
        inputs, samples = to_batch(items, model, like.inputs.device)
        return model.make_step(inputs, samples, with_teacher=self.needs_teacher)

    def begin_phase(self, model: Learner, runner: PhaseRunner) -> None:
        """Warn if there are old tasks but no exemplars, and drop those above ``buffer_size``.

        Raises:
            ValueError: If this phase's normalisation differs from that of the stored images.
        """
        self.warn_without_state(model, bool(self.buffer.items))
        check_exemplars(self.buffer.items, model, type(self).__name__)
        now = normalisation(model.data_preprocessor)
        if self.buffer.items and self.normalisation is not None:
            self._check_normalisation(self.normalisation, now)
        self.normalisation = now
        if len(self.buffer) > self.buffer.size:  # an earlier phase had a greater one
            self.buffer.items = self.reduced_buffer()

    def reduced_buffer(self) -> list[Exemplar]:
        """``buffer_size`` of the exemplars, chosen at random, the same on all ranks."""
        generator = random.Random(f"{self.buffer.seed}/{self.buffer.size}")
        chosen = generator.sample(range(len(self.buffer)), self.buffer.size)
        return [self.buffer.items[index] for index in sorted(chosen)]

    def check_phase(
        self, model: Learner, runner: PhaseRunner, previous: Learner | None = None
    ) -> None:
        """Compare the normalisation with that of the previous phase, and try a single exemplar.

        Raises:
            ValueError: If the normalisation differs, or there is one exemplar per step and batch
                normalisation needs several.
        """
        super().check_phase(model, runner, previous)
        self._check_single(model)
        if previous is not None:
            before = normalisation(previous.data_preprocessor)
            self._check_normalisation(before, normalisation(model.data_preprocessor))

    def _check_single(self, model: Learner) -> None:
        """Refuse one exemplar per step if a layer cannot be trained on one image."""
        tasks = self.replayed_tasks(model)
        if not tasks or min(self.replay_batch or 2, self.buffer.size) > 1:
            return
        if not trains_on_one(model, tasks):
            option = "replay_batch" if self.buffer.size > 1 else "buffer_size"
            raise ValueError(
                f"model.method ({type(self).__name__}): with {option}=1 each step replays a single "
                "image, and batch normalisation of a single pixel, as of a decoder that pools the "
                f"whole image, needs several: set {option} to 2 or more"
            )

    def _check_normalisation(self, before: list, now: list) -> None:
        if now != before:
            raise ValueError(
                f"{type(self).__name__} keeps images as they were normalised, by mean and std "
                f"{before}; this phase's model.data_preprocessor has {now}: keep that of the "
                "earlier phases"
            )

    def state_dict(self) -> dict:
        """The buffer, the number of phases in it and the normalisation of its images."""
        return dict(
            buffer=self.buffer.state_dict(), phases=self.phases, normalisation=self.normalisation
        )

    def load_state_dict(self, state: dict) -> None:
        """Restore what :meth:`state_dict` returned."""
        self.buffer.load_state_dict(entry(state, "buffer"))
        self.phases = whole_number(state, "phases", MOST_PHASES)
        self.normalisation = _read_normalisation(state.get("normalisation"))


@torch.no_grad()
def trains_on_one(model: Learner, tasks: Sequence[str]) -> bool:
    """Whether batch normalisation works on a single image, found by a trial with a blank one."""
    buffers = {name: buffer.clone() for name, buffer in model.named_buffers()}
    try:
        with keeping_modes(model):
            model.train()
            feats = model.extract_feat(blank_image(cast(nn.Module, model), 256))
            for task in tasks:
                model.heads[task](feats)
    except ValueError as error:  # other errors are those of any training step
        return "more than 1 value per channel" not in str(error)
    finally:
        for name, buffer in model.named_buffers():
            buffer.copy_(buffers[name])
    return True


def normalisation(preprocessor: nn.Module) -> list:
    """Mean and standard deviation that images are normalised by, and their channel order."""
    mean, std, swap = input_normalisation(preprocessor)
    return [v.flatten().tolist() if isinstance(v, Tensor) else [v] for v in (mean, std)] + [swap]


def _read_normalisation(stored: Any) -> list | None:
    """Check a stored :func:`normalisation`; older versions have none."""
    values = [each for part in stored[:2] for each in part] if _is_normalisation(stored) else [""]
    if stored is not None and not all(each is None or is_number(each) for each in values):
        raise ValueError("normalisation must be a list of mean, std and whether channels swap")
    return stored


def _is_normalisation(stored: Any) -> bool:
    whole = isinstance(stored, (list, tuple)) and len(stored) == 3 and isinstance(stored[2], bool)
    return whole and all(isinstance(part, (list, tuple)) for part in stored[:2])


def labelled_losses(
    model: Learner, items: Sequence[Exemplar], step: Step, tasks: Sequence[str]
) -> dict[str, Tensor]:
    """Each task's loss on the exemplars that have its label, named ``<task>.replay_<loss>``.

    A task without an exemplar in the batch gets a zero that depends on all its parameters, so that
    distributed training finds none unused.
    """
    losses = {}
    for task in tasks:
        head = model.heads[task]
        chosen = [i for i, item in enumerate(items) if task in item["labels"]]
        if not chosen:
            losses[f"{task}.replay_loss"] = head(step.feats).sum() * 0.0
            continue
        for name, value in head.replay_loss(step.feats, step.samples, chosen).items():
            if "loss" in name:
                losses[f"{task}.replay_{name}"] = reduced(value)
    return losses
