"""SGP: steps with a scaled projection away from the important directions of old inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import cast

import torch
from mmengine.dist import all_gather_object, get_world_size
from mmseg.registry import MODELS
from torch import Tensor, nn

from ...option_rules import ABOVE_0_TO_1, FROM_0, check_option, or_none, whole
from ...ranks import from_first_rank
from .measured_images import measured_images
from .measuring import (
    encoder_parameters,
    evaluating,
    in_encoder,
    own_share,
    phase_batches,
)
from .protocols import Learner, PhaseRunner
from .sgp_maths import extend_basis, input_patches, project
from .step_editing import Edit, StepEditingMethod
from .stored_state import MOST_PHASES, tensors, whole_number


@MODELS.register_module()
class SGP(StepEditingMethod):
    r"""Scaled gradient projection (Saha & Roy, 2023).

    A layer's output on old inputs does not change if its weight moves orthogonally to them. After
    each phase a singular value decomposition of every layer's inputs gives their important
    directions M and, from the singular values, importances. Later steps lose this share of their
    component along each direction:

    .. math:: \Delta W \leftarrow \Delta W - \Delta W M \Lambda M^T \qquad
        \Lambda_{ii} = \frac{(\alpha + 1) \sigma_i}{\alpha \sigma_i + \max_j \sigma_j}

    :func:`extend_basis` combines directions and importances of several phases.

    For convolutions the inputs are im2col patches. A dense network has millions of them per phase,
    with thousands of dimensions in a wide layer. So a random sample of ``patches`` columns per
    layer, spread evenly over ``images`` images, represents them, and the decomposition uses the
    smaller Gram matrix: O(D P^2 + P^3) per layer and phase.

    Choices that this framework makes necessary:

    - Layers are the encoder's ``nn.Conv2d`` and ``nn.Linear``; groups of a grouped convolution
      share a basis. Old decoders get no loss and are frozen.
    - Biases, norm layers and other parameters without a basis (attention's packed projections)
      cannot be projected. They are frozen after the first phase, as in the authors' experiments,
      unless ``freeze_rest=False``. Running BN statistics are still updated unless the config's
      ``norm_eval`` prevents it; images of all phases come from one domain.
    - Steps are projected instead of gradients, since Adam would leave the subspace otherwise; under
      SGD it is the same; see :class:`StepEditingMethod`.
    - No labels are used, so the output spaces do not matter.

    Args:
        alpha: Scale of the importance; the greater, the closer to a full projection (GPM).
        threshold: Share of the inputs' squared norm that the basis must contain.
        threshold_step: Added to the threshold with each phase.
        images: Number of a phase's images whose layer inputs are sampled.
        patches: Columns per layer, over all images.
        max_rank: Greatest number of directions that a phase adds to a layer; None for no limit.
        freeze_rest: Whether to freeze parameters of the encoder that have no basis.
        edits: ``'update'`` or ``'gradient'``, see :class:`StepEditingMethod`.
        seed: Seed of the choice of images and patches.

    Raises:
        ValueError: If an option is out of range.
    """

    def __init__(
        self,
        alpha: float = 10.0,
        threshold: float = 0.97,
        threshold_step: float = 0.003,
        images: int = 125,
        patches: int = 2000,
        max_rank: int | None = None,
        freeze_rest: bool = True,
        edits: str = "update",
        seed: int = 0,
    ) -> None:
        super().__init__(edits)
        check_option(alpha, FROM_0, "SGP: alpha")
        check_option(threshold, ABOVE_0_TO_1, "SGP: threshold")
        check_option(threshold_step, FROM_0, "SGP: threshold_step")
        check_option(images, whole(1), "SGP: images")
        check_option(patches, whole(1), "SGP: patches")
        check_option(max_rank, or_none(whole(1)), "SGP: max_rank")
        self.alpha, self.threshold, self.threshold_step = alpha, threshold, threshold_step
        self.images, self.patches, self.max_rank = images, patches, max_rank
        self.freeze_rest, self.seed = freeze_rest, seed
        self.bases: dict[str, Tensor] = {}
        self.importance: dict[str, Tensor] = {}
        self.phases = 0

    def begin_phase(self, model: Learner, runner: PhaseRunner) -> None:
        """Move the bases to the model's device.

        Raises:
            ValueError: If they belong to another encoder.
        """
        super().begin_phase(model, runner)
        self.warn_without_state(model, bool(self.bases))
        layers = encoder_layers(model, frozen=True)
        for name, basis in self.bases.items():
            weight = layers[name].weight if name in layers else None
            if weight is None or weight.flatten(1).shape[1] != len(basis):
                raise ValueError(
                    "SGP remembers the inputs of the earlier phases' encoder layer by layer, and "
                    f"this phase's encoder has no such layer {name!r}; keep model.backbone and "
                    "model.neck, or use a method that distils (HAD, LwF)"
                )
            self.bases[name] = basis.to(weight.device)
            self.importance[name] = self.importance[name].to(weight.device)

    def step_edits(self, model: Learner) -> list[tuple[nn.Parameter, Edit]]:
        """Projections of the layers, and zeros for frozen parameters; none in the first phase."""
        if not self.bases:
            return []
        edits: list[tuple[nn.Parameter, Edit]] = []
        layers = encoder_layers(model)
        for name, layer in layers.items():
            if name in self.bases:
                edit = _projection(self.bases[name], self.importance[name])
                edits.append((cast(nn.Parameter, layer.weight), edit))
        if self.freeze_rest:
            covered = {id(parameter) for parameter, _ in edits}
            for parameter in encoder_parameters(model).values():
                if id(parameter) not in covered:
                    edits.append((parameter, torch.zeros_like))
        return edits

    def end_phase(self, model: Learner, runner: PhaseRunner) -> None:
        """Extend the bases by this phase's inputs."""
        threshold = min(self.threshold + self.phases * self.threshold_step, 1.0)
        for name, columns in self._collect(model, runner).items():
            basis, importance = extend_basis(
                self.bases.get(name),
                self.importance.get(name),
                columns,
                self.alpha,
                threshold,
                self.max_rank,
            )
            self.bases[name], self.importance[name] = basis, importance
        if get_world_size() > 1:  # decompositions on two machines may differ in the last digits
            state = {
                key: {name: value.cpu() for name, value in values.items()}
                for key, values in (("bases", self.bases), ("importance", self.importance))
            }
            state = from_first_rank(state)
            self.bases, self.importance = state["bases"], state["importance"]
        self.phases += 1

    @torch.no_grad()
    def _collect(self, model: Learner, runner: PhaseRunner) -> dict[str, Tensor]:
        """Sampled input columns ``(D, P)`` of each layer, of all ranks, in the order of images."""
        layers = encoder_layers(model, frozen=True)  # a later phase may train the frozen ones
        indices = measured_images(model, runner, self.images, self.seed)
        each = -(-self.patches // len(indices))
        found: dict[int, dict[str, Tensor]] = {}
        own = own_share(indices)
        batches = phase_batches(model, runner, own, batch_size=1)
        with evaluating(model):
            for index, (inputs, _) in zip(own, batches, strict=True):
                generator = torch.Generator().manual_seed(self.seed * 1_000_003 + index)
                with inputs_of(layers, each, generator) as columns:
                    model.extract_feat(inputs)
                found[index] = columns
        if get_world_size() > 1:
            own_part = {i: {n: c.cpu() for n, c in by.items()} for i, by in found.items()}
            found = {i: by for part in all_gather_object(own_part) for i, by in part.items()}
        device = next(model.parameters()).device
        names = found[indices[0]]
        return {
            name: torch.cat([found[index][name].to(device) for index in indices], 1)
            for name in names
        }

    def state_dict(self) -> dict:
        """Bases and importances by layer, and the number of phases."""
        return dict(bases=self.bases, importance=self.importance, phases=self.phases)

    def load_state_dict(self, state: dict) -> None:
        """Restore what :meth:`state_dict` returned."""
        self.bases = tensors(state, "bases")
        self.importance = tensors(state, "importance", least=0)
        self.phases = whole_number(state, "phases", MOST_PHASES)
        check_bases(self.bases, self.importance)


def encoder_layers(model: Learner, frozen: bool = False) -> dict[str, nn.Conv2d | nn.Linear]:
    """Trainable convolutions and linear layers of the shared encoder by name."""
    return {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, (nn.Conv2d, nn.Linear))
        and (frozen or module.weight.requires_grad)
        and in_encoder(name)
    }


@contextmanager
def inputs_of(
    layers: Mapping[str, nn.Conv2d | nn.Linear], count: int, generator: torch.Generator
) -> Iterator[dict[str, Tensor]]:
    """Record random input columns of each layer run in the context, ``(D, count)`` per run.

    A layer that is shared by several levels of an encoder runs several times.
    """
    columns: dict[str, Tensor] = {}

    def recorder(name: str) -> Callable[[nn.Module, tuple, Tensor], None]:
        def record(module: nn.Module, args: tuple, output: Tensor) -> None:
            found = input_patches(layers[name], args[0].detach().float(), output.shape[2:])
            chosen = torch.randperm(found.shape[1], generator=generator)[:count]
            kept = found[:, chosen.to(found.device)]
            columns[name] = torch.cat([columns[name], kept], 1) if name in columns else kept

        return record

    handles = [layer.register_forward_hook(recorder(name)) for name, layer in layers.items()]
    try:
        yield columns
    finally:
        for handle in handles:
            handle.remove()


def check_bases(bases: Mapping[str, Tensor], importance: Mapping[str, Tensor]) -> None:
    """Check that stored bases and importances belong together.

    Args:
        bases: ``(D, k)`` by layer.
        importance: ``(k,)`` by layer.

    Raises:
        ValueError: Naming the first layer whose shapes differ.
    """
    for name, basis in bases.items():
        found = tuple(importance[name].shape) if name in importance else None
        if basis.ndim != 2 or found != basis.shape[1:]:
            raise ValueError(
                f"bases[{name!r}] has the shape {tuple(basis.shape)}, its importance {found}: they "
                "must be (D, k) and (k,)"
            )


def _projection(basis: Tensor, importance: Tensor) -> Edit:
    return lambda step: project(step, basis, importance)
