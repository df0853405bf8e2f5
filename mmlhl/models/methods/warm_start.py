"""Warm start: a new decoder is initialised with the weights of an old one."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import torch
from mmengine.logging import print_log
from mmseg.registry import MODELS
from torch import Tensor

from .base_method import BaseMethod
from .protocols import Learner, PhaseRunner

#: mmseg's name of a decode head's last layer, which outputs its channels
PREDICTION = "conv_seg"


def inherited(new: Mapping[str, Tensor], old: Mapping[str, Tensor]) -> dict[str, Tensor] | None:
    """Tensors that a new head takes from an old one: the decoder's, without the prediction layer.

    Returns:
        The old head's tensors by name. None if the decoders' architectures differ: a tensor is
        missing, or its shape differs in more than the number of output channels.
    """
    found = {}
    for name, tensor in new.items():
        if not name.startswith("decoder.") or PREDICTION in name.split("."):
            continue
        source = old.get(name)
        if source is None or source.dim() != tensor.dim() or source.shape[1:] != tensor.shape[1:]:
            return None
        if source.shape == tensor.shape:  # otherwise a prediction layer with another name
            found[name] = source
    return found or None


@MODELS.register_module()
class WarmStart(BaseMethod):
    r"""Initialises new decoders with an old task's decoder instead of random weights.

    .. math:: \theta^{dec}_{t} \leftarrow \theta^{dec}_{j}, \quad j < t

    for all tensors but the last layer, running BN statistics included. Decoders of dense tasks have
    much in common, such as contours and layout, and a short phase does not get far from scratch. A
    decoder that already fits the encoder's features also changes the encoder less, so less of the
    old tasks is lost.

    It costs nothing per step, stores nothing besides the model and can be combined with any other
    method in :class:`Composite`. The decoders must have the same architecture, as in the configs of
    this project. Weights that a new decoder's own ``init_cfg`` loads are overwritten.

    Args:
        source: The old task whose decoder is used; None for the latest one that fits. If none fits,
            the new decoder starts from scratch, with a warning.

    Raises:
        ValueError: If ``source`` is neither None nor a name.
    """

    def __init__(self, source: str | None = None) -> None:
        if source is not None and (not isinstance(source, str) or not source):
            raise ValueError(f"WarmStart: source must be None or a task, got {source!r}")
        self.source = source
        self.started = False

    def check_phase(
        self, model: Learner, runner: PhaseRunner, previous: Learner | None = None
    ) -> None:
        """Check that ``source``, if given, is an old task with a decoder that fits.

        Raises:
            ValueError: If ``source`` is no old task, or its decoder does not fit.
        """
        if self.source is None or not model.old_tasks:
            return
        start = f"model.method.source={self.source!r} of WarmStart"
        if self.source not in model.old_tasks:
            raise ValueError(
                f"{start} is not a task of an earlier phase; when {model.new_tasks} are learned, "
                f"those are {model.old_tasks}"
            )
        for task in model.new_tasks:
            own, old = (model.heads[name].state_dict() for name in (task, self.source))
            if inherited(own, old) is None:
                raise ValueError(
                    f"{start}: its decoder is of another architecture than that of {task!r}; give "
                    "both the same model.heads.*.decoder, or leave source out"
                )

    @torch.no_grad()
    def begin_phase(self, model: Learner, runner: PhaseRunner) -> None:
        """Initialise the new decoders, unless the phase is resumed.

        Raises:
            ValueError: If ``source`` is no old task, or its decoder does not fit.
        """
        if self.started or not model.old_tasks:
            return
        self.check_phase(model, runner)
        for task in model.new_tasks:
            self._start(model, task)
        self.started = True

    def _start(self, model: Learner, task: str) -> None:
        own = model.heads[task].state_dict()
        for source in [self.source] if self.source else reversed(model.old_tasks):
            taken = inherited(own, model.heads[source].state_dict())
            if taken is not None:
                for name, tensor in taken.items():
                    own[name].copy_(tensor)
                print_log(
                    f"WarmStart: the decoder of {task!r} starts from that of {source!r}", "current"
                )
                return
        print_log(
            f"WarmStart: no old decoder has the architecture of {task!r}'s, which starts from "
            "scratch",
            "current",
            logging.WARNING,
        )

    def end_phase(self, model: Learner, runner: PhaseRunner) -> None:
        """Let the next phase initialise its own decoders."""
        self.forget_phase()

    def forget_phase(self) -> None:
        """Let the next phase initialise its own decoders."""
        self.started = False

    def state_dict(self) -> dict:
        """Whether this phase's decoders were initialised, which a resume must not repeat."""
        return dict(started=True) if self.started else {}

    def load_state_dict(self, state: dict) -> None:
        """Restore what :meth:`state_dict` returned."""
        started = state.get("started", False)
        if not isinstance(started, bool):
            raise ValueError(f"started is a {type(started).__name__}, it must be True or False")
        self.started = started
