"""The contract of a dense head: a decoder plus the meaning of its output space."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from mmengine.model import BaseModule
from mmengine.structures import PixelData
from mmseg.models.utils import resize
from mmseg.structures import SegDataSample
from torch import Tensor, nn

from ...option_rules import check_option, whole
from ..losses.masking import full_precision
from ..views import FLIP_AXES
from .decoders import build_decoder
from .loss_pulls import check_number_losses
from .loss_ranges import check_ranges
from .options import build_losses, check_arguments, check_losses
from .output_space import OutputSpace

#: The value of unlabelled pixels and padding in integer maps.
UNKNOWN = 255
#: Methods that call the losses.
_CALLS = ("loss", "loss_by_map", "compare")
#: Types of a map's height or width while a graph is traced.
SYMBOLS = (Tensor, torch.SymInt)


def is_exporting() -> bool:
    """Whether a graph is being traced by torch.export, torch.jit.trace or an ONNX export."""
    compiling = getattr(torch.compiler, "is_exporting", torch.compiler.is_compiling)()
    return bool(compiling) or torch.jit.is_tracing()


class BaseDenseHead(OutputSpace, BaseModule):
    """One task: a registered mmseg decode head as feature-to-map network, and an output space.

    A subclass defines what the raw map means. Methods and the segmentor use a head only through the
    members of this class and of :class:`OutputSpace`, so a new kind of task needs one new subclass
    and nothing else. It must define :meth:`activation` and :meth:`distance`.

    Args:
        decoder: Config of a registered mmseg decode head, see :mod:`.decoders`. ``num_classes`` is
            filled in with ``channels`` and may be left out.
        channels: K, the number of channels of the raw map.
        field: Name of the task's maps in a data sample: ``gt_<field>``, ``pred_<field>``.
        loss: Config, or list of configs, of the losses against ground truth.
        init_cfg: As in mmengine.

    Raises:
        ValueError: If the decoder cannot be used, or one of its options would have no effect.
    """

    #: how the task's maps are drawn and stored, one of ``mmlhl.datasets.annotation.KINDS``
    kind: str = "channels"
    #: integer label that is not learned
    ignore_index: int = UNKNOWN

    def __init__(
        self,
        decoder: dict,
        channels: int,
        field: str,
        loss: dict | Sequence[dict],
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        check_option(channels, whole(1), f"{type(self).__name__}: channels")
        self.decoder = build_decoder(decoder, channels, type(self).__name__, self.kind)
        self.channels = channels
        self.field = field
        built = build_losses(loss, type(self).__name__)
        if type(self).loss is BaseDenseHead.loss:
            check_losses(built, _declared_kind(type(self)), type(self).__name__)
            # classes have a call of their own, and so may a user's head
            if self.kind != "classes" and self._calls_plainly:
                check_arguments(built, type(self).__name__)
        check_ranges(built, type(self).__name__)
        self.losses = nn.ModuleList(built)

    @property
    def align_corners(self) -> bool:
        """The decoder's ``align_corners``, which every resize follows."""
        return bool(self.decoder.align_corners)

    @property
    def _calls_plainly(self) -> bool:
        """Whether losses are called as in this package, and not in a user's own way."""
        # None for a function that was defined by exec
        calls = [getattr(type(self), each).__module__ or "" for each in _CALLS]
        return all(each.startswith(__package__) for each in calls)

    def _check_pulls(self, target: Tensor, any_length: bool = False) -> None:
        """Refuse losses that do not pull predictions to ground truth, see :mod:`.loss_pulls`."""
        if self._calls_plainly:
            check_number_losses(
                list(self.losses), self.compare, target, type(self).__name__, any_length
            )

    # -- forward ---------------------------------------------------------------------------
    def forward(self, feats: Sequence[Tensor]) -> Tensor:
        """Raw map ``(N, K, h, w)`` from the encoder's feature maps.

        Raises:
            ValueError: If the decoder gives something else.
        """
        raw = self.decoder(feats)
        if not isinstance(raw, Tensor) or raw.shape[1] != self.channels:
            given = tuple(raw.shape) if isinstance(raw, Tensor) else f"a {type(raw).__name__}"
            raise ValueError(
                f"{type(self).__name__}: decoder {type(self.decoder).__name__} gives {given}; it "
                f"must give one map of {self.channels} channel(s), (N, {self.channels}, h, w)"
            )
        return raw

    def resize(self, raw: Tensor, size: Sequence[int]) -> Tensor:
        """Raw map resized bilinearly to ``size`` (H, W), in float32."""
        raw = full_precision(raw)
        # Symbolic sides stay symbolic while a model is exported: int() or a comparison would tie
        # the graph to the size of the example.
        size = tuple(side if isinstance(side, SYMBOLS) else int(side) for side in size)
        if not is_exporting() and raw.shape[2:] == size:
            return raw
        return resize(raw, size, mode="bilinear", align_corners=self.align_corners, warning=False)

    def activate(self, raw: Tensor, size: Sequence[int]) -> Tensor:
        """The prediction ``(N, K, H, W)`` at ``size``, from the raw map."""
        return self.activation(self.resize(raw, size))

    def readout(self, pred: Tensor) -> Tensor:
        """The map that users get: the prediction in real units, class ids for classes.

        Args:
            pred: The prediction ``(N, K, H, W)``.

        Returns:
            The prediction itself; for a head of kind ``classes`` the ids of the greatest score,
            ``(N, 1, H, W)`` int64. A subclass may override this.
        """
        return pred.argmax(1, keepdim=True) if self.kind == "classes" else pred

    def predict(self, feats: Sequence[Tensor], batch_img_metas: list[dict]) -> Tensor:
        """The prediction at the size of the network's input, as mmseg's heads give it."""
        meta = batch_img_metas[0]
        size = meta.get("pad_shape") or meta["img_shape"]
        return self.activate(self(feats), size[:2])

    def flip(self, raw: Tensor, direction: str) -> Tensor:
        """Undo a flip of the input on the raw map ``(N, K, h, w)``.

        Raises:
            ValueError: On a direction that is not mmcv's.
        """
        if direction not in FLIP_AXES:
            raise ValueError(
                f"flip_direction is {direction!r}; it must be one of {', '.join(FLIP_AXES)}"
            )
        return raw.flip(FLIP_AXES[direction])

    @property
    def changes_when_flipped(self) -> bool:
        """Whether flipping the image changes values as well as positions, as for normals."""
        return type(self).flip is not BaseDenseHead.flip

    @property
    def prediction_key(self) -> str:
        """Key of the prediction in a data sample; not ``pred_<field>`` if :meth:`readout` differs.

        For classes it is ``seg_logits``, as in mmseg, or ``<field>_logits``.
        """
        if self.kind == "classes":
            return "seg_logits" if self.field == "sem_seg" else f"{self.field}_logits"
        reads_out = type(self).readout is not BaseDenseHead.readout
        return f"{self.field}_prediction" if reads_out else f"pred_{self.field}"

    def to_sample(self, pred: Tensor, sample: SegDataSample) -> None:
        """Store a prediction ``(K, H, W)``, and its :meth:`readout` as ``pred_<field>``."""
        data = {self.prediction_key: PixelData(data=pred)}
        data[f"pred_{self.field}"] = PixelData(data=self.readout(pred[None])[0])
        sample.set_data(data)

    def from_sample(self, sample: SegDataSample) -> Tensor:
        """The prediction ``(K, H, W)`` that :meth:`to_sample` stored."""
        return sample.get(self.prediction_key).data

    def merge(self, preds: Tensor) -> Tensor:
        """Merge the predictions of several views ``(V, K, H, W)`` into one, by their mean."""
        return preds.mean(0)

    # -- ground truth ----------------------------------------------------------------------
    def stack_gt(self, samples: Sequence) -> Tensor:
        """Ground truth ``(N, K, H, W)`` of a batch.

        Raises:
            KeyError: If a sample lacks this head's annotation.
        """
        key = f"gt_{self.field}"
        for sample in samples:
            if key not in sample:
                raise KeyError(
                    f"{type(self).__name__} learns from {key!r}, which the sample of "
                    f"{sample.metainfo.get('img_path', 'an unnamed image')} lacks; "
                    "the train dataset has to load it"
                )
        return torch.stack([sample.get(key).data for sample in samples])

    def measured(self, gt: Tensor) -> Tensor:
        """Pixels with ground truth, ``(N, H, W)`` bool. NaN means unmeasured in every map."""
        return gt.isfinite().all(1)

    def loss(self, feats: Sequence[Tensor], samples: Sequence) -> dict[str, Tensor]:
        """Losses against ground truth over the measured pixels."""
        return self.loss_by_map(self(feats), self.stack_gt(samples))

    def loss_by_map(self, raw: Tensor, gt: Tensor) -> dict[str, Tensor]:
        """As :meth:`loss`, from the raw map and the stacked ground truth ``(N, K, H, W)``."""
        pred = self.trained_map(self.resize(raw, gt.shape[2:]))
        measured = self.measured(gt)
        if not measured.any():  # zero losses, but connected to the graph: backward() must work
            return {loss.loss_name: pred.sum() * 0.0 for loss in self._named_losses()}
        losses: dict[str, Tensor] = {}
        for loss in self._named_losses():
            value = self.compare(loss, pred, gt, measured)
            losses[loss.loss_name] = losses.get(loss.loss_name, 0.0) + value
        return losses

    def compare(self, loss: nn.Module, pred: Tensor, gt: Tensor, measured: Tensor) -> Tensor:
        """One loss over the batch's P measured pixels, as ``(P, K)`` tensors."""
        if pred.shape[1] != gt.shape[1]:  # which many losses would broadcast
            raise ValueError(
                f"{type(self).__name__} predicts {pred.shape[1]} channel(s), but its ground truth "
                f"gt_{self.field} has {gt.shape[1]}"
            )
        chosen = pred.movedim(1, -1)[measured]
        return loss(chosen, gt.movedim(1, -1)[measured].to(chosen))

    def trained_map(self, resized: Tensor) -> Tensor:
        """Input of the losses: the activated map, unless a subclass trains on logits."""
        return self.activation(resized)

    def _named_losses(self) -> Iterator[Any]:
        for loss in self.losses:
            if not hasattr(loss, "loss_name"):  # one of torch's own losses
                vars(loss)["loss_name"] = f"loss_{type(loss).__name__.lower()}"
            yield loss

    # -- replay ----------------------------------------------------------------------------
    def replay_loss(
        self, feats: Sequence[Tensor], samples: Sequence, chosen: Sequence[int]
    ) -> dict[str, Tensor]:
        """As :meth:`loss`, of some images of a batch.

        Args:
            feats: Feature maps of the whole batch, so that batch normalisation sees all images.
            samples: Its data samples.
            chosen: Indices of the images that have this head's annotation, at least one.
        """
        some, rows = [samples[i] for i in chosen], list(chosen)
        if type(self).loss is not BaseDenseHead.loss:  # an overridden loss may not use the raw map
            return self.loss([level[rows] for level in feats], some)
        return self.loss_by_map(self(feats)[rows], self.stack_gt(some))


def _declared_kind(head: type) -> str | None:
    """The ``kind`` that a class of heads sets itself; None for a user's head that sets none."""
    own = head.__mro__[: head.__mro__.index(BaseDenseHead)]
    return next((vars(each)["kind"] for each in own if "kind" in vars(each)), None)
