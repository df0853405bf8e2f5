"""PostScript under the name of an image: Pillow would let Ghostscript run it."""

import io
import os
import stat

import mmcv
import numpy as np
import pytest
from PIL import Image
from PIL.EpsImagePlugin import EpsImageFile

from mmlhl.datasets.reading import decode_image, orientation_of, read_raw, refuse_several
from mmlhl.datasets.reading.pillow import open_with_pillow
from mmlhl.datasets.transforms import LoadImage

HEADER = "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\n%%EndComments\nx\n"


def program(mode="1 1"):
    """A picture of one bit or of grey levels, of the modes in which labels are stored."""
    return f'{HEADER}%ImageData: 4 4 {mode} 0 1 1 "x"\n'.encode()


def with_preview(mode="1 1"):
    """The binary variant, which begins with a preview for Windows."""
    body = program(mode)
    return b"\xc5\xd0\xd3\xc6" + (12).to_bytes(4, "little") + len(body).to_bytes(4, "little") + body


@pytest.fixture
def ran(tmp_path, monkeypatch):
    """A file that exists if Ghostscript was called."""
    marker, folder = tmp_path / "ran", tmp_path / "bin"
    folder.mkdir()
    for name in ("gs", "gswin32c", "gswin64c"):
        (folder / name).write_text(f"#!/bin/sh\ntouch '{marker}'\n")
        (folder / name).chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return marker


CONTENTS = [program(), program("8 1"), with_preview(), with_preview("8 3")]


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("backend", ["cv2", "pillow"])
def test_images(tmp_path, ran, content, backend):
    path = tmp_path / "0.png"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"0\.png.*PostScript, which is a program"):
        LoadImage(imdecode_backend=backend)(dict(img_path=str(path)))
    assert not ran.exists()


@pytest.mark.parametrize("content", CONTENTS)
def test_labels(tmp_path, ran, content):
    path = tmp_path / "0.png"
    path.write_bytes(content)
    for read in (
        lambda: read_raw(str(path), "annotation 'seg'", exact=True),
        lambda: read_raw(str(path), "annotation 'normal'", upright=True),
        lambda: decode_image(content, "0.png"),
        lambda: refuse_several(content, "0.png"),
    ):
        with pytest.raises(ValueError, match=r"0\.png.*PostScript, which is a program"):
            read()
    assert orientation_of(b"Exif\0\0" + content) == orientation_of(content) == 1
    assert not ran.exists()


def test_pillow_elsewhere(ran):
    """mmcv's and mmseg's own transforms open images with Pillow, too."""
    assert isinstance(Image.open(io.BytesIO(program())), EpsImageFile)
    with pytest.raises(OSError, match="was not run"):
        mmcv.imfrombytes(program(), backend="pillow")
    with pytest.raises(OSError):
        open_with_pillow(program())
    assert not ran.exists()


@pytest.mark.parametrize("kind", ["BMP", "GIF", "PCX", "PNG", "PPM", "TGA", "TIFF", "WEBP"])
def test_images_open(kind):
    buffer = io.BytesIO()
    Image.fromarray(np.eye(4, dtype=np.uint8)).convert("RGB").save(buffer, kind)
    assert open_with_pillow(buffer.getvalue()).size == (4, 4)
