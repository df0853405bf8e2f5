"""Random numbers and position in the data that do not depend on interruptions."""

from __future__ import annotations

import logging
import os.path as osp
from typing import Any

from mmengine.config import Config
from mmengine.dist import get_rank, get_world_size
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import EpochBasedTrainLoop, Runner
from mmseg.registry import HOOKS
from torch.utils.data import DataLoader

from ...datasets.image_set import image_set
from ...datasets.seeding import ResumableBatchSampler, ResumableSampler
from ...draws import draw_by, mixed_seed
from ..checkpoint_files import TRAINING_KEY, name_training

PROCESSES_KEY = "processes"
IMAGES_KEY = "image_set"


@HOOKS.register_module()
class ReproducibleHook(Hook):
    """Makes each step's random numbers and images depend on its number only.

    - Before each step, each evaluation and the phase's end, Python, numpy and torch are seeded by
      (seed, phase, purpose, number, rank), for dropout and for random numbers in methods.
    - Before each epoch the train loader's sampler gets the epoch; an interrupted epoch continues
      after its last step.
    - A training that resumes with another number of processes or images per step continues at the
      same image, with a warning that results will differ.
    - One that resumes with other images, because files were added or removed, is refused unless
      the config has ``resume_changed``.
    """

    priority = "VERY_HIGH"

    def __init__(self) -> None:
        self._training: str | None = None
        self._before: dict | None = None
        self._images_before: dict | None = None
        self._images: dict | None = None
        self._left_out = 0

    # -- draws -----------------------------------------------------------------------------
    @staticmethod
    def _draw(runner: Runner, purpose: str, number: int) -> None:
        # the folder's name identifies the phase, even if the sequence is moved
        phase = osp.basename(osp.abspath(runner.work_dir))
        draw_by(mixed_seed(runner.seed, phase, purpose, number, get_rank()))

    def before_train_iter(self, runner: Runner, *_: Any, **__: Any) -> None:
        """Seed the step."""
        self._draw(runner, "step", runner.iter)

    def before_val_epoch(self, runner: Runner) -> None:
        """Seed the evaluation."""
        self._draw(runner, "val", runner.iter)

    def before_test_epoch(self, runner: Runner) -> None:
        """Seed the evaluation."""
        self._draw(runner, "test", 0)

    def after_train(self, runner: Runner) -> None:
        """Seed the method's work at the phase's end."""
        self._draw(runner, "end", 0)

    # -- place -----------------------------------------------------------------------------
    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Store the training's name, its images, and the processes and images per step."""
        checkpoint["meta"][TRAINING_KEY] = name_training(runner.work_dir, self._training)
        checkpoint["meta"][PROCESSES_KEY] = self._processes(runner)
        checkpoint["meta"][IMAGES_KEY] = self._image_set(runner)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Read name, images, and processes and images per step of the training so far."""
        if runner._resume:
            self._training = checkpoint["meta"].get(TRAINING_KEY)
            self._before = checkpoint["meta"].get(PROCESSES_KEY)
            self._images_before = checkpoint["meta"].get(IMAGES_KEY)

    @staticmethod
    def _processes(runner: Runner) -> dict:
        loader = runner.train_dataloader
        batch = loader.batch_size or getattr(loader.batch_sampler, "batch_size", None) or 1
        return dict(number=get_world_size(), images=int(batch), steps=len(loader))

    def _image_set(self, runner: Runner) -> dict:
        if self._images is None:
            self._images = image_set(runner.train_dataloader.dataset)
        return self._images

    def before_train(self, runner: Runner) -> None:
        """Find the position in the data at which an interrupted training continues.

        Raises:
            ValueError: If the images are not those of the interrupted training.
        """
        loop = runner.train_loop
        if self._images_before is not None:
            _check_images(self._images_before, self._image_set(runner), runner.cfg)
            self._images_before = None
        now = self._processes(runner)
        before = self._before or now
        self._before = None
        ratio = before["number"] * before["images"] / (now["number"] * now["images"])
        same = (before["number"], before["images"]) == (now["number"], now["images"])
        if not same:
            print_log(
                f"{before['number']} process(es) with {before['images']} images per step trained "
                f"so far, {now['number']} with {now['images']} go on: from the same images, but "
                "results are not those of an uninterrupted training",
                "current",
                logging.WARNING,
            )
        sampler = _sampler(runner.train_dataloader)
        if not isinstance(loop, EpochBasedTrainLoop):
            if sampler is not None:
                sampler.scale = ratio
            return
        same = same and before["steps"] == now["steps"]  # images came or went
        done = loop.iter - loop.epoch * before["steps"]
        self._left_out = int(max(done, 0) * now["images"] * ratio)
        if not same:
            remaining = max(len(runner.train_dataloader) - self._left_out // now["images"], 0)
            loop._iter = (loop.epoch + 1) * len(runner.train_dataloader) - remaining

    def before_train_epoch(self, runner: Runner) -> None:
        """Set the sampler's epoch and, in an interrupted epoch, the images to skip."""
        left_out, self._left_out = self._left_out, 0
        loader = runner.train_dataloader
        sampler = _sampler(loader)
        if sampler is None or not isinstance(runner.train_loop, EpochBasedTrainLoop):
            return
        if isinstance(loader.batch_sampler, ResumableBatchSampler):
            sampler.set_epoch(runner.epoch)
            loader.batch_sampler.skipped = left_out // self._processes(runner)["images"]
        else:
            sampler.start_at(runner.epoch, left_out)


def _check_images(then: dict, now: dict, cfg: Config) -> None:
    """Images that are not those of the training so far are refused, or warned of."""
    if then == now:
        return
    difference = (
        f"has {now['images']} images, and {then['images']} when the phase was interrupted"
        if then["images"] != now["images"]
        else f"has other images, though {now['images']} as before"
    )
    if not cfg.get("resume_changed"):
        raise ValueError(
            f"train_dataloader.dataset {difference}: files came or went, and part of the phase "
            "would be trained with each set. Bring them back; with --resume-changed "
            "(resume_changed=True in the config) training goes on all the same; without --resume "
            "the sequence starts anew"
        )
    print_log(f"train_dataloader.dataset {difference}: goes on", "current", logging.WARNING)


def _sampler(loader: DataLoader) -> ResumableSampler | None:
    """The loader's ResumableSampler; None if it has another sampler."""
    for found in (loader.sampler, getattr(loader.batch_sampler, "sampler", None)):
        if isinstance(found, ResumableSampler):
            return found
    return None
