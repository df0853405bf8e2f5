"""Unknown transforms: tried when the pipeline is built, and checked while they run."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .erase import note_late
from .maps import annotation_maps, label_kinds
from .trace import read_again_message, was_moved
from .trials.label_spots import label_message, try_on_labels, try_on_labels_of
from .trials.mirrors import mirrored
from .trials.packed import PackedChecks
from .trials.read_keys import read_keys, reads_image
from .trials.rounds import MovedAlone
from .trials.sample_checks import Call, SampleChecks
from .trials.spots import image_message, try_on_images, try_on_sample
from .witness import add_witness, move_labels, read_witness, unread_message

LOOKS = 2
"""Number of real samples that a transform is tried on: the trial sample may lack what it needs."""


class Watched:
    """Wraps a third-party transform and moves all labels in the same way as it moves the image.

    The transform is tried on small images when it is built, see
    :func:`~.trials.spots.try_on_images`, then with the labels of its dataset, see
    :meth:`try_labels`, and on its first samples. It must move labels in ``seg_fields`` itself, as
    in mmseg; every other map is moved here unless the transform moved it. Labels that it reads
    after the image was moved are at rest, and an image it must not read again. A class with
    ``moves_pixels = False`` is neither wrapped nor tried.

    Attributes:
        name: Name of the transform.
        bends: Whether it bends the image, so that normals cannot be rotated with it.
        moves: Whether it moves the image.
        moves_at_random: Whether it does so, and draws random numbers.
        final: Whether it does so in a way that a test cannot undo.
        reads: Keys of the image and of labels that it reads, as far as is known by now.

    Raises:
        ValueError: If it moves the image without its labels.
    """

    def __init__(self, step: Callable) -> None:
        self.step = step
        self.name = transform_name(step)
        tried = try_on_images(step, self.name)
        self.bends, self.moves, self.moves_at_random, self.final = tried
        self.reads: tuple[str, ...] = ("img",) if reads_image(step) else ()
        self._looks = LOOKS
        self._checks = SampleChecks(self.name)
        self._packed = PackedChecks(step, self.name)

    def try_labels(self, kinds: Mapping[str, str]) -> None:
        """Try the transform on small samples with a dataset's labels.

        Raises:
            ValueError: If it moves a label without the image, see :mod:`.trials.label_spots`.
        """
        try_on_labels(self.step, self.name, kinds)

    def __call__(self, results: dict) -> dict | None:
        """Apply the transform.

        Raises:
            ValueError: If a label was not moved, or if the transform cannot take one more field.
        """
        if results.get("img") is None:
            return self._packed(results)
        if self._looks:
            self._looks -= 1
            turn = LOOKS - 1 - self._looks
            self.reads = tuple({*self.reads, *read_keys(self.step, results)})
            try_on_sample(self.step, self.name, results, turn)
            try_on_labels_of(self.step, self.name, results, turn)
        late = was_moved(results)
        if late and "img" in self.reads:
            raise ValueError(read_again_message(self.name, results))
        size = tuple(results["img"].shape[:2])
        # copied, since a transform may write into them
        had = {key: results[key].copy() for key, _ in annotation_maps(results)}
        call = Call(self.step, results, had)
        without = {**results, "seg_fields": list(results.get("seg_fields", []))}
        witness = add_witness(results)
        try:
            moved = self.step(results)
        except (IndexError, KeyError, TypeError, ValueError) as error:
            self.step(without)  # the transform's own errors are raised as they are
            raise ValueError(unread_message(self.name, str(error))) from error
        if moved is None or moved.get("img") is None:
            return moved
        source = read_witness(moved, witness, self.name)
        self._checks.look(call, moved, source)
        if source is not None:
            move_labels(moved, source, had, size, self.name, moved["seg_fields"])
        elif mirrored(call.results["img"], moved["img"]):
            raise MovedAlone(image_message(self.name))
        else:
            for key, before in had.items():
                if mirrored(before, moved.get(key)):
                    raise MovedAlone(label_message(self.name, key))
        note_late(moved, [key for key in self.reads if key in label_kinds(moved)], late)
        self._check(moved)
        return moved

    def _check(self, results: dict) -> None:
        size = tuple(results["img"].shape[:2])
        for key, _ in annotation_maps(results):
            if tuple(results[key].shape[:2]) != size:
                raise ValueError(
                    f"{results.get('img_path', 'a sample')}: {self.name} leaves {key} at "
                    f"{results[key].shape[0]}x{results[key].shape[1]} (height x width), but its "
                    f"image at {size[0]}x{size[1]}"
                )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.step!r})"


def transform_name(step: object) -> str:
    """Name of a transform or a function as a config has it, for messages."""
    name = getattr(step, "__name__", None) or type(step).__name__
    ours = type(step).__module__.split(".")[0] == "mmlhl"
    return name.removeprefix("Stock") if ours else name
