"""The progress of a sequence at one moment, and its remaining time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from mmengine.logging import MessageHub
from mmengine.runner import EpochBasedTrainLoop, Runner

from ..phases.grammar import Phase

#: number of steps over which the duration of a step, and a loss, are averaged
WINDOW = 100
LOSS_WINDOW = 10
VALIDATES, EVALUATES = "validates", "evaluates"


@dataclass
class Plan:
    """The steps of a whole sequence.

    Attributes:
        phases: Its phases.
        steps: Steps of each phase: those taken, or those planned, None if unknown.
        evaluation: Seconds of the last evaluation at a phase's end.
    """

    phases: list[Phase]
    steps: list[int | None]
    evaluation: float = 0.0

    def offset(self, index: int) -> int:
        """Number of steps in all phases before this one."""
        return sum(count or 0 for count in self.steps[:index])

    def label(self, index: int) -> str:
        """Name of a phase in lines of the log."""
        return f"phase {index + 1}/{len(self.phases)} {self.phases[index].name}"


@dataclass(frozen=True)
class Moment:
    """The progress of a sequence.

    Attributes:
        label: The phase and the number of phases, in words.
        doing: The present activity, such as ``epoch 2/20``.
        done: Finished steps of the phase, or batches of an evaluation.
        total: Number of all steps or batches.
        sequence_done: Finished steps of the sequence.
        sequence_total: Number of all steps of the sequence.
        eta: Remaining seconds of the phase's training; None if unknown.
        eta_sequence: Remaining seconds of the sequence; None if unknown.
        losses: Losses by name, such as ``depth.loss_l1``.
    """

    label: str
    doing: str
    done: int
    total: int
    sequence_done: int
    sequence_total: int
    eta: float | None = None
    eta_sequence: float | None = None
    losses: Mapping[str, float] = field(default_factory=dict)


def moment(plan: Plan, index: int, runner: Runner) -> Moment:
    """The progress after a training step, while the runner's hooks are called."""
    done, total = runner.iter + 1, runner.max_iters
    later = known_steps(plan.steps[index + 1 :], total)
    by_epoch = isinstance(runner.train_loop, EpochBasedTrainLoop)
    return Moment(
        label=plan.label(index),
        doing=f"epoch {runner.epoch + 1}/{runner.max_epochs}" if by_epoch else "trains",
        done=done,
        total=total,
        sequence_done=plan.offset(index) + done,
        sequence_total=plan.offset(index) + total + sum(later),
        eta=_number(runner.message_hub.get_info("eta", None)),
        eta_sequence=sequence_eta(plan, index, runner),
        losses=_losses(runner.message_hub),
    )


def evaluating(plan: Plan, index: int, runner: Runner, done: int, total: int, what: str) -> Moment:
    """The progress after a batch of an evaluation."""
    trained = runner.iter
    later = known_steps(plan.steps[index + 1 :], trained)
    own = max(trained, plan.steps[index] or 0) if what == VALIDATES else trained
    return Moment(
        label=plan.label(index),
        doing=what,
        done=done,
        total=total,
        sequence_done=plan.offset(index) + trained,
        sequence_total=plan.offset(index) + own + sum(later),
        eta=_number(runner.message_hub.get_info("eta", None)),
        eta_sequence=_rest(
            plan, index, runner.message_hub, trained, own - trained, what != VALIDATES
        ),
    )


def beginning(plan: Plan, index: int) -> Moment:
    """The progress at the start of a phase, before its data and model are built."""
    own = plan.steps[index] or 0
    done = plan.offset(index)
    total = done + own + sum(known_steps(plan.steps[index + 1 :], own))
    return Moment(plan.label(index), "begins", 0, own, done, total)


def sequence_eta(plan: Plan, index: int, runner: Runner) -> float | None:
    """Seconds until the sequence is done, during training; None without mmengine's timer."""
    return _rest(plan, index, runner.message_hub, runner.max_iters)


def _rest(
    plan: Plan, index: int, hub: MessageHub, present: int, due: int = 0, evaluated: bool = False
) -> float | None:
    """As :func:`sequence_eta`, for a phase of ``present`` steps.

    ``due`` of them are not in mmengine's estimate; an evaluation at the phase's end may have begun.
    """
    eta, times = _number(hub.get_info("eta", None)), hub.log_scalars.get("train/time")
    if eta is None or times is None:
        return None
    step, later = times.mean(WINDOW), known_steps(plan.steps[index + 1 :], present)
    evaluations = len(plan.phases) - index - evaluated
    return sequence_seconds(eta + due * step, later, step, evaluations, plan.evaluation)


def sequence_seconds(
    phase: float,
    later: Sequence[int],
    step: float,
    evaluations: int = 0,
    evaluation: float = 0.0,
) -> float:
    """Seconds until the whole sequence is done.

    Steps of later phases are assumed to take as long as in the present phase, evaluations as long
    as the last one.

    Args:
        phase: Remaining seconds of training in the present phase.
        later: Steps of each later phase; 0 for one that is not trained.
        step: Seconds per step in the present phase.
        evaluations: Number of phases still to be evaluated, the present one included.
        evaluation: Seconds of the last evaluation; 0 if there was none.
    """
    return phase + sum(later) * step + evaluations * evaluation


def known_steps(steps: Sequence[int | None], present: int) -> list[int]:
    """Steps of phases, with that of the present phase where the length is unknown."""
    return [present if count is None else count for count in steps]


def clock(seconds: float) -> str:
    """Format seconds as in mmengine's log lines, ``1 day, 2:03:04``."""
    return str(timedelta(seconds=max(0, int(seconds))))


def _losses(hub: MessageHub) -> dict[str, float]:
    found = {}
    for key, values in hub.log_scalars.items():
        stage, _, name = key.partition("/")
        if stage == "train" and "loss" in name.rpartition(".")[2]:
            found[name] = float(values.mean(LOSS_WINDOW))
    return found


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
