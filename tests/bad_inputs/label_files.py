"""Bad inputs: files of images and labels."""

import io

import cv2
import numpy as np
from PIL import Image

from .registry import bad
from .setting import HEIGHT, WIDTH

GREY = np.zeros((HEIGHT, WIDTH), np.uint8)
RGB = np.zeros((HEIGHT, WIDTH, 3), np.uint8)


def first(name, array, *expected, task=None, tasks=None, error=ValueError, path="0.png", **options):
    """Register other content of the first file of a kind."""
    kind = task or "image"

    @bad("files", name, f"{kind}/{path}", *expected, error=error)
    def spoil(setting):
        setting.write(f"{kind}/{path}", array)
        setting.edit({"phases": [dict(tasks=[task or "seg"])]})
        for key, value in options.items():
            setting.edit({f"train_dataloader.dataset.annotations.{task}.{key}": value})


def encoded(suffix, array):
    return cv2.imencode(suffix, array)[1].tobytes()


first("an image of 0 bytes", b"", "image")
first("an image that is text", b"not an image", "image")
first("an image that is cut off", encoded(".png", RGB)[:60], "image")
first("a label of 0 bytes", b"", task="seg")
first("a label that is text", b"<html>404</html>", task="seg")
first("a label that is cut off", encoded(".png", GREY + 3)[:60], task="seg")
first("a label of another size", GREY[:-1], "31", "32", task="seg")
first("a depth of another size", np.uint16(GREY[:, ::2] + 1), "24", "48", task="depth")
first("a label stored as JPEG", encoded(".jpg", GREY), "JPEG", task="seg")
first("a label in colours", RGB + 7, "3", task="seg")
first("an id beyond the classes", GREY + 9, "9", task="seg")
first("ids of 16 bits beyond the classes", np.uint16(GREY) + 300, "300", task="seg")
first("nothing labelled", GREY + 255, "void", "allow_void", task="seg")
first(
    "a mask of three values",
    np.uint8(np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH) % 3),
    "2",
    task="mask",
)
first("normals in grey", GREY, "channel", task="normal")
first("depth in colours", np.uint16(RGB) + 1, "channel", task="depth")


def array(name, content, *expected, task="depth"):
    """Register other values in the first annotation, which is an array."""

    @bad("files", name, f"{task}/0.npy", *expected)
    def spoil(setting):
        for index in range(6):
            stream = io.BytesIO()
            np.save(stream, content, allow_pickle=True)
            setting.write(f"{task}/{index}.npy", stream.getvalue())
        key = f"train_dataloader.dataset.annotations.{task}"
        setting.edit({f"{key}.suffix": ".npy", "phases": [dict(tasks=[task])]})


array("an array of Python objects", np.array([{}]), "objects")
array(
    "NaN in depth that nobody expects",
    np.full((HEIGHT, WIDTH), np.nan, np.float32),
    "NaN",
    "invalid",
)
array("negative depth", np.full((HEIGHT, WIDTH), -2.0, np.float32), "negative depth", "scale")
array("an array of one axis", np.ones(7, np.float32), "(7,)")
array("an empty array", np.ones((0, 0), np.float32), "0")
array(
    "class ids that are fractions",
    np.full((HEIGHT, WIDTH), 0.5, np.float32),
    "fractions",
    task="seg",
)
array("complex numbers", np.ones((HEIGHT, WIDTH), np.complex64), "complex")
array("an array of text", np.full((HEIGHT, WIDTH), "wall"), task="seg")


@bad("files", "a folder in place of a label", "seg/0.png", error=OSError)
def folder(setting):
    (setting.root / "train/seg/0.png").unlink()
    (setting.root / "train/seg/0.png").mkdir()


@bad("files", "a first label that is missing", "seg/0.png", "suffix", error=FileNotFoundError)
def missing(setting):
    (setting.root / "train/seg/0.png").unlink()


@bad("files", "a later label that is missing", "3.png", error=FileNotFoundError)
def later(setting):
    (setting.root / "train/seg/3.png").unlink()


@bad("files", "two images of one id", "0.PNG", "0.png")
def twice(setting):
    setting.write("image/0.PNG", b"")


@bad("files", "a folder without images", "image", "*.png")
def empty(setting):
    for path in (setting.root / "train/image").iterdir():
        path.unlink()


def picture(pixels, second=None, orientation=1):
    """A PNG with an orientation tag, or with two pictures."""
    exif = Image.Exif()
    exif[274] = orientation
    more = (
        dict(save_all=True, append_images=[Image.fromarray(second)]) if second is not None else {}
    )
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", exif=exif.tobytes(), **more)
    return stream.getvalue()


first(
    "normals with an orientation tag",
    picture(RGB + 3, orientation=3),
    "orientation tag (3)",
    task="normal",
)
first("an animated label", picture(GREY, second=GREY + 1), "one image, got 2", task="seg")
