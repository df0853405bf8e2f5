"""Checks of every sample behind an unknown transform, whatever decides when it moves pixels.

Trials when a pipeline is built cannot make every transform move: one may look at the name of a
file, the values of an image or the clock. So each image and label that it changed is compared with
the one before. Where they are not alike, the transform is repeated with spots.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from ..maps import VALID, same_map
from .label_spots import try_on_labels_of
from .likeness import likeness
from .replays import Replay
from .rounds import MovedAlone
from .samples import own_label
from .spots import try_on_sample

ALIKE = 0.97
ALIKE_IDS = 0.998
"""Share of pixels: less is changed by a shift of the borders of ids by a pixel."""
_MARGIN = 0.02
_FIRST, _AGAIN = 8, 50
"""So many maps that are not alike are looked at closely, and then every so many."""
_TURNS = 5
"""Looks with other spots until they are found: they may have left the image."""


class SampleChecks:
    """The checks behind one transform.

    A filter makes every image unlike the one before. So the closer look is taken at the first 8
    that are not alike, at each that is less alike than all before, and at every 50th.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._least: dict[str, float] = {}
        self._unlike: dict[str, int] = {}

    def look(self, call: Call, moved: dict, source: np.ndarray | None) -> None:
        """Compare a sample with the one before the transform.

        Args:
            call: The call of the transform.
            moved: The sample after it, before labels were moved here.
            source: (H', W') index of the old pixel by which its labels moved; None if they did not.

        Raises:
            MovedAlone: If the image moved without its labels, or a label without the image.
        """
        for key in self.unlike(call.results["img"], call.labels, moved, source):
            self.look_closer(call, try_on_sample if key == "img" else try_on_labels_of)
            if key != "img":
                return  # at all labels

    def unlike(
        self,
        image: np.ndarray,
        labels: Mapping[str, np.ndarray],
        moved: Mapping,
        source: np.ndarray | None,
    ) -> Iterator[str]:
        """Maps that are so unlike those before the transform that a closer look is due.

        Args:
            image: The image before.
            labels: Labels before, by key.
            moved: The sample after the transform.
            source: As in :meth:`look`.

        Yields:
            ``img`` and keys of labels.
        """
        if _changed(image, moved["img"], source) and self._is_due(
            "img", likeness(image, moved["img"], source), ALIKE
        ):
            yield "img"
        for key, before in labels.items():
            if key == VALID:
                continue
            label = own_label(before, moved.get(key), moved["img"], source)
            if label is None or not _changed(before, label, source):
                continue
            enough = ALIKE_IDS if before.ndim == 2 and before.dtype.kind in "biu" else ALIKE
            if self._is_due(key, likeness(before, label, source), enough):
                yield key

    def _is_due(self, key: str, alike: float, enough: float) -> bool:
        if alike >= enough:
            return False
        number = self._unlike[key] = self._unlike.get(key, 0) + 1
        least = self._least.get(key, enough)
        self._least[key] = min(alike, least)
        return number <= _FIRST or alike < least - _MARGIN or number % _AGAIN == 0

    def look_closer(self, call: Call, look: Callable[..., bool]) -> None:
        """Look at a call with spots.

        Args:
            call: The call.
            look: What looks, such as :func:`~.spots.try_on_sample`.

        Raises:
            MovedAlone: If two looks with different spots agree that something moved alone.
        """
        seen = 0
        for turn in range(_TURNS if call.replay is not None else 0):
            try:
                if look(call.replay, self.name, call.results, turn) and not seen:
                    return
            except MovedAlone:
                seen += 1
                if seen == 2:
                    raise


class Call:
    """What is needed to repeat a call of a transform.

    Args:
        step: The transform, before the call.
        results: The sample before the call; maps are copied, as the transform may write into them.
        labels: Copies of its maps, by key.

    Attributes:
        replay: The call, to be repeated; None if the transform or the sample cannot be copied.
        results: The sample.
        labels: Its maps, by key.
    """

    def __init__(self, step: Callable, results: dict, labels: Mapping[str, np.ndarray]) -> None:
        self.labels = labels
        maps = {**labels, "img": results["img"].copy()}
        self.replay: Callable | None = None
        self.results = maps
        try:
            others = {key: value for key, value in results.items() if key not in maps}
            self.results = {**copy.deepcopy(others), **maps}
            self.replay = Replay(step)
        except Exception:  # something in it cannot be copied
            return


def _changed(before: np.ndarray, after: np.ndarray, source: np.ndarray | None) -> bool:
    if after is before:
        return False
    return source is not None or not same_map(before, after)
