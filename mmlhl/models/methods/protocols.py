"""The members of heads, the model and the runner that a method may use.

Methods depend on heads and the segmentor through these protocols only; neither is imported here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

from torch import Tensor, nn

from .step import Step


class DenseHead(Protocol):
    """A head: an output space, see :class:`~mmlhl.models.heads.BaseDenseHead`."""

    @property
    def field(self) -> str:
        """Name of the task's maps in a data sample."""

    @property
    def num_classes(self) -> int | None:
        """Classes of the output space, None if it has none."""

    @property
    def num_groups(self) -> int | None:
        """Number of groups, None if it depends on the data."""

    @property
    def ignore_index(self) -> int:
        """Integer label that is not learned."""

    @property
    def has_directions(self) -> bool:
        """Whether a pseudo label is a unit vector."""

    @property
    def has_temperature(self) -> bool:
        """Whether :meth:`soft_distance` depends on its temperature."""

    def __call__(self, feats: Sequence[Tensor]) -> Tensor:
        """Raw map ``(N, K, h, w)``."""

    def resize(self, raw: Tensor, size: Sequence[int]) -> Tensor:
        """Raw map at another size."""

    def activate(self, raw: Tensor, size: Sequence[int]) -> Tensor:
        """The prediction ``(N, K, H, W)``."""

    def loss(self, feats: Sequence[Tensor], samples: Sequence) -> dict[str, Tensor]:
        """Losses against ground truth."""

    def pseudo_label(self, pred: Tensor) -> Tensor:
        """The student's target, from the teacher's prediction."""

    def distance(self, student: Tensor, teacher: Tensor) -> Tensor:
        """Pixel distillation map ``(N, H, W)``."""

    def soft_distance(self, student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
        """Pixel distillation map ``(N, H, W)`` at a temperature."""

    def groups(
        self, teacher: Tensor, valid: Tensor | None = None, bins: int | None = None
    ) -> Tensor:
        """Group of each pixel ``(N, H, W)``."""

    def bounded(self, pred: Tensor, valid: Tensor | None = None) -> Tensor:
        """A response ``(N, H, W)`` for an absolute threshold."""

    def replay_output(self, raw: Tensor) -> Tensor:
        """What replay stores of a raw map."""

    def replay_distance(self, now: Tensor, then: Tensor) -> Tensor:
        """Distance of an output to the stored one, ``(N, h, w)``."""

    def replay_loss(
        self, feats: Sequence[Tensor], samples: Sequence, chosen: Sequence[int]
    ) -> dict[str, Tensor]:
        """Losses against ground truth of some images of a batch."""


class ByTask(Protocol):
    """Modules by task name."""

    def __getitem__(self, task: str) -> Any:
        """The module of a task."""

    def __contains__(self, task: object) -> bool:
        """Whether there is a module of the task."""

    def items(self) -> Iterable[tuple[str, Any]]:
        """Tasks with their modules."""


class ModuleTree(Protocol):
    """The part of ``nn.Module`` that concerns modes."""

    def modules(self) -> Iterator[nn.Module]:
        """The module and all its descendants."""

    def train(self, mode: bool = True) -> Any:
        """Set training mode for all modules."""

    def eval(self) -> Any:
        """Set evaluation mode for all modules."""


class Learner(ModuleTree, Protocol):
    """The model: a shared encoder, and heads by task."""

    @property
    def heads(self) -> ByTask:
        """The heads that exist, each a :class:`DenseHead`."""

    @property
    def head_cfgs(self) -> dict[str, dict]:
        """Config of every head that the sequence needs."""

    @property
    def tasks(self) -> list[str]:
        """Tasks whose heads exist."""

    @property
    def old_tasks(self) -> list[str]:
        """Tasks of earlier phases."""

    @property
    def new_tasks(self) -> list[str]:
        """Tasks that learn from ground truth in this phase."""

    @property
    def distillers(self) -> nn.Module | None:
        """Modules that the method trains beside the model in this phase."""

    @property
    def data_preprocessor(self) -> Any:
        """Turns a loader's batch into inputs and data samples."""

    def extract_feat(self, inputs: Tensor) -> Sequence[Tensor]:
        """Feature maps of the shared encoder."""

    def make_step(self, inputs: Tensor, samples: Sequence, with_teacher: bool) -> Step:
        """A step of other images, with the teacher's outputs if ``with_teacher``."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """All parameters."""

    def named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]:
        """All parameters, with their names."""

    def named_buffers(self) -> Iterator[tuple[str, Tensor]]:
        """All buffers, BN statistics among them, with their names."""

    def named_modules(self) -> Iterator[tuple[str, nn.Module]]:
        """All modules, with their names."""


class PhaseRunner(Protocol):
    """The phase's runner: its images, its optimiser and its length."""

    @property
    def train_dataloader(self) -> Any:
        """Loader of the phase's training images."""

    @property
    def optim_wrapper(self) -> Any:
        """mmengine's wrapper of the optimiser."""

    @property
    def max_iters(self) -> int:
        """Iterations of the phase."""
