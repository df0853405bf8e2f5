"""Stock transforms that refuse samples of multi-task datasets by name."""

from __future__ import annotations

from mmseg.registry import TRANSFORMS

from .catalogue import refusal
from .maps import is_multi_task

# Refused ones that may also run outside a dataset's pipeline, as in MultiImageMixDataset.
_MOVING = (
    "BioMedical3DPad",
    "BioMedical3DRandomCrop",
    "BioMedical3DRandomFlip",
    "RandomDepthMix",
    "RandomMosaic",
    "SegRescale",
)


class _Refusing:
    """Refuses samples of multi-task datasets and accepts mmseg's."""

    def transform(self, results: dict) -> dict:
        """Apply the stock transform.

        Raises:
            ValueError: If the sample has annotations that the transform would not move.
        """
        if is_multi_task(results):
            raise ValueError(refusal(type(self).__name__))
        return super().transform(results)  # type: ignore[misc]


def _refuse(name: str) -> None:
    stock = TRANSFORMS.get(name)
    made = type(name, (_Refusing, stock), dict(__module__=__name__, __doc__=stock.__doc__))
    globals()[name] = made  # so that it can be pickled for worker processes
    TRANSFORMS.register_module(name=name, force=True, module=made)


for _name in _MOVING:
    _refuse(_name)
