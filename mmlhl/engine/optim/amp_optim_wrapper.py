"""mmengine's mixed precision, on a CPU as well."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.device import get_device
from mmengine.optim import AmpOptimWrapper as DeviceAmpOptimWrapper
from mmengine.optim import OptimWrapper
from mmseg.registry import OPTIM_WRAPPERS

DTYPES = ("float16", "bfloat16", "float32", "float64")


@OPTIM_WRAPPERS.register_module()
class AmpOptimWrapper(DeviceAmpOptimWrapper):
    """mmengine's wrapper of that name, which also works on a CPU.

    mmengine refuses to train with mixed precision on a CPU. Here a CPU uses bfloat16, which has the
    range of float32 and needs no scaling of the loss. A phase that was begun on one of them goes on
    on the other, on a GPU with a new scale of the loss.

    Args:
        loss_scale: ``'dynamic'``, a number, or options of torch's ``GradScaler``; without effect
            on a CPU.
        dtype: ``'float16'`` or ``'bfloat16'``; by default that of the device, on a CPU
            ``'bfloat16'``.
        **kwargs: As in mmengine.

    Raises:
        ValueError: If ``dtype`` is unknown, or the device does not support it; if ``loss_scale`` is
            something else.
    """

    def __init__(
        self,
        loss_scale: str | float | dict = "dynamic",
        dtype: str | torch.dtype | None = None,
        **kwargs: Any,
    ) -> None:
        name = str(dtype).removeprefix("torch.")
        if dtype is not None and name not in DTYPES:
            raise ValueError(f"AmpOptimWrapper: dtype must be one of {DTYPES}, got {dtype!r}")
        if isinstance(loss_scale, int) and not isinstance(loss_scale, bool):
            loss_scale = float(loss_scale)
        if loss_scale != "dynamic" and not isinstance(loss_scale, (float, dict)):
            raise ValueError(
                "AmpOptimWrapper: loss_scale must be 'dynamic', a number or a dict of options, "
                f"got {loss_scale!r}"
            )
        if get_device() != "cpu":
            super().__init__(loss_scale=loss_scale, dtype=dtype, **kwargs)
            return
        if dtype is not None and name != "bfloat16":
            raise ValueError(
                f"AmpOptimWrapper: a CPU has mixed precision with dtype='bfloat16' only, got "
                f"{dtype!r}; leave it out, or train on a GPU"
            )
        kwargs.pop("use_fsdp", None)
        OptimWrapper.__init__(self, **kwargs)
        # a disabled scaler does nothing
        if hasattr(torch.amp, "GradScaler"):
            self.loss_scaler = torch.amp.GradScaler("cpu", enabled=False)
        else:
            self.loss_scaler = torch.cuda.amp.GradScaler(enabled=False)
        self._scale_update_param = None
        self.cast_dtype = torch.bfloat16

    def load_state_dict(self, state_dict: dict) -> None:
        """As in mmengine; a scaler keeps its scale if the state is of a CPU's, which has none."""
        if not state_dict.get("loss_scaler", True):
            state_dict = {key: part for key, part in state_dict.items() if key != "loss_scaler"}
        super().load_state_dict(state_dict)
