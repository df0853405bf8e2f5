"""Gradients of a model's losses with respect to its backbone: their lengths and directions."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from ..config_values import as_list
from .seeds import over_seeds
from .sheet import Column, Sheet


def gradients(model: nn.Module, data: dict) -> dict[str, tuple[float, Tensor]]:
    """Value of each loss of a batch, and its gradient of the backbone's weights as one vector.

    Args:
        model: Segmentor with a ``backbone``, in training mode.
        data: Batch of a train loader.

    Returns:
        Value and gradient by the loss's name; the gradient is 0 if the loss does not depend on the
        backbone.
    """
    weights = [weight for weight in model.backbone.parameters() if weight.requires_grad]
    losses = model(**model.data_preprocessor(data, True), mode="loss")
    found = {}
    for name, loss in losses.items():
        if "loss" not in name:
            continue
        loss = sum(part.mean() for part in as_list(loss))
        given = torch.autograd.grad(loss, weights, retain_graph=True, allow_unused=True)
        parts = [
            torch.zeros_like(weight) if part is None else part
            for weight, part in zip(weights, given, strict=True)
        ]
        found[name] = loss.item(), torch.cat([part.flatten() for part in parts])
    return found


def sheet_of(batches: Iterable[dict[str, tuple[float, Tensor]]]) -> Sheet:
    """Means over batches, one row per loss."""
    rows: dict[str, list[tuple[float, ...]]] = {}
    for found in batches:
        first = next(iter(found.values()))[1]
        for name, (value, vector) in found.items():
            cosine = torch.cosine_similarity(first, vector, dim=0).item()
            share = float(vector.norm() / first.norm())
            rows.setdefault(name, []).append((value, float(vector.norm()), share, cosine))
    columns = [
        Column("value", digits=4),
        Column("gradient", digits=4),
        Column("gradient / first loss", digits=3),
        Column("cosine with first loss", digits=3),
    ]
    count = max(map(len, rows.values()), default=0)
    title = f"gradients of the backbone's weights, mean over {count} batch(es)"
    sheet = Sheet("losses", title, columns, corner="loss")
    for name, values in rows.items():
        sheet.rows.append((name, [over_seeds(column) for column in zip(*values, strict=True)]))
    return sheet
