"""A cost model of a sequence for any number of images, tasks and processes.

Per image, training runs the encoder and one head per task forward and backward, and a teacher runs
the encoder and the old heads forward. Per step, processes add up the gradients of trained
parameters. A teacher has no gradients, so it adds computation but no communication.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Network:
    """A network's costs on one processor.

    Attributes:
        train_encoder: Seconds per image, forward and backward.
        train_head: Likewise of a head.
        encoder: Seconds per image, forward alone.
        head: Likewise of a head.
        encoder_parameters: Parameters of the encoder.
        head_parameters: Parameters of a head.
    """

    train_encoder: float
    train_head: float
    encoder: float
    head: float
    encoder_parameters: float
    head_parameters: float

    def train(self, tasks: int) -> float:
        """Seconds per image to train a number of heads."""
        return self.train_encoder + tasks * self.train_head

    def predict(self, tasks: int) -> float:
        """Seconds per image to run a number of heads."""
        return self.encoder + tasks * self.head

    def faster(self, factor: float) -> Network:
        """The same network on a faster processor."""
        return replace(
            self,
            train_encoder=self.train_encoder / factor,
            train_head=self.train_head / factor,
            encoder=self.encoder / factor,
            head=self.head / factor,
        )


@dataclass(frozen=True)
class Link:
    """The connection of processes.

    Attributes:
        bandwidth: Bytes per second that a process sends.
        latency: Seconds per message.
        overlap: Share of a step's backward pass that can overlap with communication.
    """

    bandwidth: float
    latency: float = 0.0
    overlap: float = 0.0


@dataclass(frozen=True)
class Plan:
    """A sequence.

    Attributes:
        tasks: Number of phases, with one task each.
        images: Images of the whole training set, of which each phase has its own part.
        epochs: Epochs of a phase.
        batch: Images per step and process.
        processes: Number of processes.
        test_images: Number of test images, on which all tasks so far are evaluated after each
            phase.
        stored: Whether the teacher's labels are stored.
        teacher: Whether there is a teacher.
        label_bytes: Bytes of an image's stored labels, per task.
    """

    tasks: int
    images: int
    epochs: int = 1
    batch: int = 16
    processes: int = 1
    test_images: int = 0
    stored: bool = False
    teacher: bool = True
    label_bytes: float = 0.0


@dataclass(frozen=True)
class PhaseCost:
    """Cost of one phase; times are seconds of wall time.

    Attributes:
        steps: Number of steps.
        training: Time of the student's forward and backward passes.
        teaching: Time of the teacher, online or labelling once.
        communication: Time of the gradients' exchange that does not overlap with computation.
        evaluation: Time of the evaluation after the phase.
        disk: Bytes of stored labels.
    """

    steps: int
    training: float
    teaching: float
    communication: float
    evaluation: float
    disk: float

    @property
    def seconds(self) -> float:
        """Total time."""
        return self.training + self.teaching + self.communication + self.evaluation

    @property
    def efficiency(self) -> float:
        """Share of computation in a training step."""
        computing = self.training + self.teaching
        return computing / (computing + self.communication) if computing else 1.0


def all_reduce_seconds(size: float, processes: int, link: Link) -> float:
    """Time of an all-reduce over a ring, where each process sends 2 (P - 1) / P of the bytes.

    Args:
        size: Bytes.
        processes: Number of processes P.
        link: Their connection.
    """
    if processes < 2:
        return 0.0
    hops = 2 * (processes - 1)
    return size * hops / processes / link.bandwidth + hops * link.latency


def phase_cost(network: Network, plan: Plan, link: Link, number: int) -> PhaseCost:
    """Cost of one phase.

    Args:
        network: Costs per image.
        plan: The sequence.
        link: Connection of the processes.
        number: Number of the phase and its task, from 1.
    """
    share = plan.images / plan.tasks / plan.processes
    steps = max(1, round(plan.epochs * share / plan.batch))
    seen = steps * plan.batch
    # without a teacher old heads are not run
    trained = number if plan.teacher else 1
    training = seen * network.train(trained)
    old = number - 1
    teaching = 0.0
    if plan.teacher and old:
        teaching = (share if plan.stored else seen) * network.predict(old)
    parameters = network.encoder_parameters + trained * network.head_parameters
    exchange = all_reduce_seconds(4 * parameters, plan.processes, link)
    backward = plan.batch * (network.train(trained) - network.predict(trained))
    exposed = max(exchange - link.overlap * backward, 0.0)
    disk = plan.label_bytes * old * plan.images / plan.tasks if plan.stored else 0.0
    evaluation = plan.test_images / plan.processes * network.predict(number)
    return PhaseCost(steps, training, teaching, steps * exposed, evaluation, disk)


def sequence_cost(network: Network, plan: Plan, link: Link) -> list[PhaseCost]:
    """Cost of each phase, see :func:`phase_cost`."""
    return [phase_cost(network, plan, link, number) for number in range(1, plan.tasks + 1)]


def fit_network(
    training: Mapping[int, float],
    predicting: Mapping[int, float],
    encoder_parameters: float,
    head_parameters: float,
) -> Network:
    """Fit a network's costs to measured times, by least squares of relative errors.

    Args:
        training: Seconds per image by number of trained heads, at least two.
        predicting: Seconds per image by number of heads that are run, at least two.
        encoder_parameters: Parameters of the encoder.
        head_parameters: Parameters of a head.
    """
    fitted = [_line(each) for each in (training, predicting)]
    return Network(*fitted[0], *fitted[1], encoder_parameters, head_parameters)


def _line(points: Mapping[int, float]) -> tuple[float, float]:
    heads = np.array(list(points), float)
    seconds = np.array(list(points.values()))
    matrix = np.stack([np.ones_like(heads), heads], 1) / seconds[:, None]
    start, slope = np.linalg.lstsq(matrix, np.ones_like(heads), rcond=None)[0]
    return float(start), float(slope)
