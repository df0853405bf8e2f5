"""The images of a phase that a method measures on when the phase ends."""

from __future__ import annotations

import logging

import torch
from mmengine.dist import all_gather_object
from mmengine.logging import print_log

from .measuring import (
    choose_images,
    gradients,
    measured_encoder,
    own_share,
    phase_batches,
    task_losses,
)
from .protocols import Learner, PhaseRunner


def measured_images(
    model: Learner, runner: PhaseRunner, samples: int | None, seed: int = 0
) -> list[int]:
    """Choose at most ``samples`` of the phase's training images, the same on all ranks.

    If ``FiniteHook`` has skipped steps of the phase, the chosen images are tried one by one, and
    those with NaN or infinity in features, losses or gradients are left out: one of them would make
    every sum over images NaN.

    Raises:
        ValueError: If no image is left.
    """
    chosen = choose_images(runner, samples, seed)
    if not getattr(runner, "skipped_steps", 0):
        return chosen
    bad: dict[int, str] = {}
    for part in all_gather_object(_not_finite(model, runner, own_share(chosen))):
        bad.update(part)
    if bad:
        files = ", ".join(bad[index] for index in sorted(bad))
        print_log(
            f"{len(bad)} of {len(chosen)} images are not measured, as a feature, loss or gradient "
            f"of each is not finite, like those of the skipped steps: {files}",
            "current",
            logging.WARNING,
        )
    if len(bad) == len(chosen):
        raise ValueError("nothing can be measured at the phase's end: no image is finite")
    return [index for index in chosen if index not in bad]


@torch.enable_grad()
def _not_finite(model: Learner, runner: PhaseRunner, indices: list[int]) -> dict[int, str]:
    """Files of the images with features, losses or gradients that are not finite, by index."""
    bad = {}
    with measured_encoder(model) as parameters:
        batches = phase_batches(model, runner, indices, batch_size=1)
        for index, (inputs, samples) in zip(indices, batches, strict=True):
            feats = model.extract_feat(inputs)
            loss = torch.stack(list(task_losses(model, feats, samples).values())).sum()
            found = [*feats, loss, *gradients(loss, parameters).values()]
            if not all(value.isfinite().all() for value in found):
                bad[index] = str(samples[0].metainfo.get("img_path", f"image {index}"))
    return bad
