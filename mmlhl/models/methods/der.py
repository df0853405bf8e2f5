"""DER and DER++: replay of images with the model's earlier outputs as targets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.dist import all_gather_object, get_rank, get_world_size
from mmseg.registry import MODELS
from torch import Tensor

from ...option_rules import FROM_0, check_option, one_of
from ...ranks import from_first_rank
from .exemplars import Exemplar, compact, make_exemplar, read_exemplars
from .matching import match
from .measuring import evaluating
from .protocols import Learner, PhaseRunner
from .replay import ReplayMethod, labelled_losses
from .reservoir import reservoir_slots
from .step import Step
from .stored_state import entry, whole_number

OUTPUTS = ("phase_end", "trajectory")
HEADS = ("all", "new")


@MODELS.register_module()
class DER(ReplayMethod):
    r"""Dark experience replay (Buzzega et al., 2020), adapted to dense prediction.

    A reservoir over the stream of training images stores some of them with the model's outputs at
    that time; later outputs are pulled towards these:

    .. math:: L = L_{new} + \alpha\, E_{(x, z) \sim M} \| h_\theta(x) - z \|^2

    Choices that heterogeneity, or dense output, makes necessary:

    - "Outputs" are the maps at the resolution of the decoder. The head defines what is stored and
      how it is compared: logits for classes and for binary probabilities, as in the paper; for
      depth, normals and channels the prediction itself (a normal's unit vector, since the length
      of the raw vector has no meaning); for a head without such a definition its prediction, by its
      distance. The squared error is a mean over channels and pixels, so alpha weighs each task in
      its own unit, squared.
    - An image is stored with the outputs of all heads that exist at that time, as in the paper,
      whose single head has all classes, so old tasks never run out of exemplars. With
      ``heads='new'`` only those of the phase's new tasks are stored; an old task then runs out of
      exemplars as images of later phases replace its own.
    - The outputs are stored in half precision, from the head in evaluation mode (no dropout) on the
      training step's features.
    - One draw per step is used for DER and for the labels of :class:`DERpp`, where the paper draws
      twice, since the encoder dominates the cost here.

    In the paper the reservoir is independent of phases: it fills during training with the outputs
    of that step and is replayed from the first step on, images of the present phase included
    (``outputs='trajectory'``). Here each phase is short and starts a decoder from scratch, so such
    outputs mostly come from a decoder that has learned little: on rooms they slow the task down
    while it is being learned and pull it back afterwards. By default images are also stored during
    training, but get the outputs of the phase's final model, and are replayed from the next phase
    on.

    Args:
        alpha: Weight of the matching loss (the paper's 0.3 on Split CIFAR-10).
        buffer_size: Number of images in the reservoir.
        replay_batch: Exemplars per step; as many as new images if None.
        outputs: ``'phase_end'`` or ``'trajectory'`` (paper).
        seed: Seed of the reservoir and the draws.
        heads: Heads whose outputs are stored with an image, ``'all'`` (paper) or ``'new'``.

    Raises:
        ValueError: If ``alpha`` is negative, or on other ``outputs`` or ``heads``.
    """

    #: weight of the loss against labels; 0 in plain DER
    beta: float = 0.0

    def __init__(
        self,
        alpha: float = 0.3,
        buffer_size: int = 50,
        replay_batch: int | None = None,
        outputs: str = "phase_end",
        seed: int = 0,
        heads: str = "all",
    ) -> None:
        super().__init__(buffer_size, replay_batch, seed)
        name = type(self).__name__
        check_option(alpha, FROM_0, f"{name}: alpha")
        check_option(outputs, one_of(OUTPUTS), f"{name}: outputs")
        check_option(heads, one_of(HEADS), f"{name}: heads")
        self.alpha = alpha
        self.outputs, self.heads = outputs, heads
        self.seen = 0
        self._mark: tuple[int, list[Exemplar]] | None = None

    # -- replay ------------------------------------------------------------------------------
    def replayed_tasks(self, model: Learner) -> list[str]:
        """All tasks if images of the present phase are replayed, too, otherwise the old ones."""
        return model.tasks if self.outputs == "trajectory" else super().replayed_tasks(model)

    def losses(self, model: Learner, step: Step) -> dict[str, Tensor]:
        """Matching losses ``<task>.loss_der``; also offers the step's images to the reservoir."""
        losses = {}
        items = self.draw(step, [item for item in self.buffer.items if item["outputs"]])
        if items or model.old_tasks:
            replay = self.replay(model, items, step) if items else step
            tasks = [task for task in model.tasks if self._takes_part(model, items, task)]
            for task in tasks:
                value = match(model.heads[task], task, items, replay)
                losses[f"{task}.loss_der"] = self.alpha * value
            if self.beta:
                for name, value in labelled_losses(model, items, replay, tasks).items():
                    losses[name] = self.beta * value
        self.observe(model, step)
        return losses

    @staticmethod
    def _takes_part(model: Learner, items: Sequence[Exemplar], task: str) -> bool:
        # always true for old tasks: distributed training must not find their parameters unused
        return task in model.old_tasks or any(task in item["outputs"] for item in items)

    # -- storing -----------------------------------------------------------------------------
    @torch.no_grad()
    def observe(self, model: Learner, step: Step) -> None:
        """Offer the step's images of all ranks to the reservoir, in the order of ranks."""
        counts = [len(step.inputs)]
        if get_world_size() > 1:
            counts = all_gather_object(counts[0])
        slots = reservoir_slots(self.seen, sum(counts), self.buffer.size, self.buffer.seed)
        first = sum(counts[: get_rank()])
        self.seen += sum(counts)
        if all(slot is None for slot in slots):  # the same on all ranks, so none waits for another
            return
        # if two images take the same slot, the later one stays
        taken = {slot: n for n, slot in enumerate(slots) if slot is not None}
        own = {slot: n - first for slot, n in taken.items() if 0 <= n - first < len(step.inputs)}
        found: dict[int, Exemplar] = {}
        for part in all_gather_object(self._store(model, step, own)):
            found.update(part)
        for slot in sorted(found):
            if slot < len(self.buffer):
                self.buffer.items[slot] = found[slot]
            else:
                self.buffer.items.append(found[slot])

    def mark_step(self) -> None:
        """Note the reservoir before a step."""
        self._mark = self.seen, list(self.buffer.items)

    def undo_step(self) -> None:
        """Take the images of a skipped step out of the reservoir, and put back those it replaced.

        The next step makes another draw, as a stored image may be the reason.
        """
        if self._mark is not None:
            self.seen, self.buffer.items = self._mark[0], list(self._mark[1])

    def _store(self, model: Learner, step: Step, own: dict[int, int]) -> dict[int, Exemplar]:
        stored = {
            slot: make_exemplar(
                model, step.inputs[i], step.samples[i], step.valid[i], phase=self.phases
            )
            for slot, i in own.items()
        }
        if own and self.outputs == "trajectory":
            rows = list(own.values())
            feats = [level[rows] for level in step.feats]
            for task, outputs in self._outputs(model, feats).items():
                for item, output in zip(stored.values(), outputs, strict=True):
                    item["outputs"][task] = compact(output)
        return stored

    @torch.no_grad()
    def end_phase(self, model: Learner, runner: PhaseRunner) -> None:
        """Compute the outputs of this phase's stored images, unless they were stored with them."""
        waiting = [item for item in self.buffer.items if not item["outputs"]]
        with evaluating(model):
            for item in waiting:
                image = item["image"][None].float().to(next(model.parameters()).device)
                for task, output in self._outputs(model, model.extract_feat(image)).items():
                    item["outputs"][task] = compact(output[0])
        for item, outputs in zip(
            waiting, from_first_rank([item["outputs"] for item in waiting]), strict=True
        ):
            item["outputs"] = outputs
        self.phases += 1
        self._mark = None

    def _outputs(self, model: Learner, feats: Sequence[Tensor]) -> dict[str, Tensor]:
        """Outputs to store, by task, from the heads in evaluation mode."""
        outputs = {}
        for task in model.tasks if self.heads == "all" else model.new_tasks:
            head = model.heads[task]
            with evaluating(head):
                outputs[task] = head.replay_output(head(feats))
        return outputs

    def state_dict(self) -> dict:
        """The buffer, the number of images seen so far, and both before a step that may be undone.

        A checkpoint may lie within a step for which gradients accumulate. The images of both
        buffers are stored once, since they share their tensors.
        """
        state = dict(**super().state_dict(), seen=self.seen)
        if self._mark is not None:
            state["mark"] = dict(seen=self._mark[0], items=self._mark[1])
        return state

    def load_state_dict(self, state: dict) -> None:
        """Restore what :meth:`state_dict` returned."""
        super().load_state_dict(state)
        self.seen = whole_number(state, "seen")
        self._mark = None
        if "mark" in state:
            mark = entry(state, "mark")
            self._mark = whole_number(mark, "seen"), read_exemplars(mark)


@MODELS.register_module()
class DERpp(DER):
    r"""DER++: dark experience replay that also learns the exemplars' labels.

    .. math:: L = L_{new} + \alpha\, E \| h_\theta(x) - z \|^2 + \beta\, E\, \ell(h_\theta(x), y)

    where the second loss is the head's own. See :class:`DER`.

    Args:
        alpha: Weight of the matching loss (the paper's 0.1 on Split CIFAR-10).
        beta: Weight of the loss against labels (the paper's 0.5 there).
        **kwargs: As in :class:`DER`.

    Raises:
        ValueError: As in :class:`DER`, or if ``beta`` is negative.
    """

    def __init__(self, alpha: float = 0.1, beta: float = 0.5, **kwargs: Any) -> None:
        super().__init__(alpha, **kwargs)
        check_option(beta, FROM_0, "DERpp: beta")
        self.beta = beta
