"""Bases of layer inputs and their importance: the linear algebra of SGP."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def paddings(
    module: nn.Conv2d, shape: Sequence[int], size: Sequence[int] | None
) -> list[tuple[int, int]]:
    """How many pixels a convolution pads its input by: before and after, by axis.

    Some convolutions pad their input themselves, so that there is one output per stride (mmcv's
    ``Conv2dAdaptivePadding``, timm's ``Conv2dSame``, both after TensorFlow). They are recognised by
    the size of their output.

    Args:
        module: The convolution.
        shape: Height and width of its input.
        size: Height and width of its output; None if it is what ``module.padding`` gives.
    """
    spans = [d * (k - 1) for k, d in zip(module.kernel_size, module.dilation, strict=True)]
    if module.padding == "same":
        return [(span // 2, span - span // 2) for span in spans]
    stated = (0, 0) if module.padding == "valid" else tuple(int(p) for p in module.padding)
    axes = list(zip(shape, spans, module.stride, stated, strict=True))
    fits = [(n + 2 * p - span - 1) // s + 1 for n, span, s, p in axes]
    if size is None or fits == list(size):
        return [(p, p) for p in stated]
    lacking = [max((-(-n // s) - 1) * s + span + 1 - n, 0) for n, span, s, _ in axes]
    return [(pixels // 2, pixels - pixels // 2) for pixels in lacking]


def input_patches(
    module: nn.Conv2d | nn.Linear, inputs: Tensor, size: Sequence[int] | None = None
) -> Tensor:
    """The vectors that a layer multiplies its weight with, as columns.

    Args:
        module: A convolution or a linear layer.
        inputs: Its input, ``(N, C, H, W)`` or ``(..., C)``.
        size: Height and width of a convolution's output, see :func:`paddings`.

    Returns:
        ``(D, P)`` with D the length of a row of ``weight.flatten(1)``: im2col patches of a
        convolution (of all its groups, which share one basis), or the inputs themselves.
    """
    if isinstance(module, nn.Linear):
        return inputs.reshape(-1, inputs.shape[-1]).T
    pads = paddings(module, inputs.shape[2:], size)
    if any(map(any, pads)):
        mode = "constant" if module.padding_mode == "zeros" else module.padding_mode
        inputs = F.pad(inputs, (*pads[1], *pads[0]), mode=mode)
    # (N, C * kh * kw, L)
    columns = F.unfold(inputs, module.kernel_size, dilation=module.dilation, stride=module.stride)
    n, _, length = columns.shape
    rows = columns.view(n, module.groups, -1, length)  # channels of a group lie together
    return rows.permute(2, 0, 1, 3).reshape(rows.shape[2], -1)


def left_singular(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Left singular vectors and singular values, greatest first, by the smaller Gram matrix.

    For a wide layer (D in the thousands) and a sketch of P columns this costs O(D P^2 + P^3)
    instead of a full decomposition. In float64, since squaring doubles the range of exponents.

    Args:
        matrix: ``(D, P)``.

    Returns:
        ``(D, r)`` orthonormal, and ``(r,)``, without directions that are numerically zero.
    """
    matrix = matrix.double()
    d, p = matrix.shape
    gram = matrix @ matrix.T if d <= p else matrix.T @ matrix
    values, vectors = torch.linalg.eigh(gram)
    values, vectors = values.flip(0).clamp(min=0), vectors.flip(1)
    keep = values > values[0].clamp(min=1e-30) * 1e-10
    values, vectors = values[keep].sqrt(), vectors[:, keep]
    if d > p:
        vectors = matrix @ vectors / values
    return vectors, values


def scaled_importance(values: Tensor, alpha: float) -> Tensor:
    """``(alpha + 1) s / (alpha s + max s)``: 1 for the greatest singular value, less below."""
    if not len(values):
        return values
    return (alpha + 1) * values / (alpha * values + values.max()).clamp(min=1e-30)


def extend_basis(
    basis: Tensor | None,
    importance: Tensor | None,
    patches: Tensor,
    alpha: float,
    threshold: float,
    max_rank: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Add the important directions of a new phase's inputs to a layer's basis (SGP, section 4).

    New directions are added, greatest first, until old and new ones together contain the share
    ``threshold`` of the inputs' squared norm. The singular values along old directions are those of
    the new inputs projected onto them. Importances are computed from old and new singular values
    together; those of old directions are added to their previous ones, up to 1.

    Args:
        basis: ``(D, k)`` orthonormal; None before the first phase.
        importance: ``(k,)`` in [0, 1].
        patches: ``(D, P)`` inputs of the new phase.
        alpha: Scale of the importance; infinite makes every direction 1 (GPM).
        threshold: Share of the squared norm that the basis must contain, in (0, 1].
        max_rank: Greatest number of directions that one phase adds; None for no limit.

    Returns:
        The extended basis and importance, float32.

    Raises:
        ValueError: If the inputs are not finite.
    """
    patches = patches.double()
    basis = patches.new_zeros(len(patches), 0) if basis is None else basis.to(patches)
    importance = patches.new_zeros(0) if importance is None else importance.to(patches)
    inside = basis.T @ patches
    old_values = inside.square().sum(1).sqrt()
    total = patches.square().sum()
    if not total.isfinite():
        raise ValueError("a layer's inputs hold NaN or infinity, so they span no directions")
    if not total > 0:
        return basis.float(), importance.float()
    vectors, values = left_singular(patches - basis @ inside)
    held = (total - values.square().sum() + values.square().cumsum(0) - values.square()) / total
    count = int((held < threshold - 1e-12).sum())  # those needed before the threshold is reached
    count = min(count, len(basis) - basis.shape[1], max_rank or count)
    together = torch.cat([old_values, values[:count]])
    scaled = scaled_importance(together, alpha)
    scaled[: len(importance)] += importance
    return torch.cat([basis, vectors[:, :count]], 1).float(), scaled.clamp(max=1.0).float()


def project(step: Tensor, basis: Tensor, importance: Tensor) -> Tensor:
    """``G - G M diag(importance) M^T`` for a step of a layer's weight.

    Args:
        step: Shaped as the weight, whose first axis is the output.
        basis: ``(D, k)``, M.
        importance: ``(k,)``.
    """
    rows = step.flatten(1)
    basis = basis.to(rows)
    return (rows - ((rows @ basis) * importance.to(rows)) @ basis.T).view_as(step)
