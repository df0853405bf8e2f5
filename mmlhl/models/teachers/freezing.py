"""Frozen models that move with a module and stay hidden from everything else."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

if TYPE_CHECKING:
    from typing_extensions import Self


def freeze(model: nn.Module) -> nn.Module:
    """Put ``model`` into evaluation mode and switch off all its gradients."""
    return model.eval().requires_grad_(False)


class FrozenModels(nn.Module):
    """Mixin for an ``nn.Module`` that holds frozen models, such as a teacher.

    An attached model is hidden from ``state_dict()``, ``parameters()``, ``modules()`` and
    ``train()``, hence from DDP and optimisers; but ``to()``, ``cuda()``, ``half()`` and so on apply
    to it. A deep copy of the module (EMA makes one) shares it instead of copying it.

    Put the mixin before the ``nn.Module`` in the list of bases::

        class Student(FrozenModels, BaseSegmentor):
            def __init__(self, teacher):
                super().__init__()
                self.attach_frozen('_teacher', teacher)
    """

    def attach_frozen(self, name: str, model: nn.Module | None) -> None:
        """Freeze ``model`` and set it as the attribute ``name``, in place of an earlier one.

        Args:
            name: Name of the attribute; not that of a registered submodule.
            model: None detaches the earlier model; the attribute is then None.

        Raises:
            ValueError: If there is another attribute ``name`` that was not attached here.
        """
        models = self.__dict__.setdefault("_frozen_models", {})
        if name not in models and hasattr(self, name):
            raise ValueError(f"attach_frozen: {type(self).__name__} has an attribute {name!r}")
        # Written to __dict__, because nn.Module.__setattr__ would register it as a submodule.
        models[name] = self.__dict__[name] = None if model is None else freeze(model)

    @property
    def frozen_models(self) -> dict[str, nn.Module]:
        """The attached models by name."""
        models = self.__dict__.get("_frozen_models", {})
        return {name: model for name, model in models.items() if model is not None}

    def _apply(self, fn: Callable[[Tensor], Tensor], *args: Any, **kwargs: Any) -> Self:
        """Move or cast the frozen models too; ``to()``, ``half()`` and the like all call this."""
        for model in self.frozen_models.values():
            model._apply(fn, *args, **kwargs)
        return super()._apply(fn, *args, **kwargs)

    def __deepcopy__(self, memo: dict) -> Self:
        """Copy all but the frozen models."""
        for model in self.frozen_models.values():
            memo[id(model)] = model
        copy = type(self).__new__(type(self))
        memo[id(self)] = copy
        copy.__dict__.update(deepcopy(self.__dict__, memo))
        return copy
