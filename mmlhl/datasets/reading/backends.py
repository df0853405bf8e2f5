"""Options of mmcv's decoders of images."""

from __future__ import annotations

from typing import Any

from mmcv.image import io as decoders

from ...spelling import hint

_PACKAGES = dict(tifffile="tifffile", turbojpeg="jpeg")
"""Backend -> mmcv's name of what decodes, None while it is not loaded."""
_HELP = dict(
    tifffile="'pip install tifffile' does", turbojpeg="mmcv.use_backend('turbojpeg') does that"
)


def check_decoder(color_type: Any, backend: Any) -> None:
    """Refuse options of ``LoadImageFromFile`` that mmcv would only miss at the first image.

    Args:
        color_type: Its option of this name.
        backend: Its ``imdecode_backend``; mmcv's own when None.

    Raises:
        ValueError: If one of them does not exist, or the backend's package is not loaded.
    """
    flags, backends = list(decoders.imread_flags), [*decoders.supported_backends, None]
    for key, value, known in (
        ("color_type", color_type, flags),
        ("imdecode_backend", backend, backends),
    ):
        if value not in known:
            near = hint(str(value), filter(None, known))
            raise ValueError(
                f"{key} of LoadImageFromFile is {value!r}{near}; it must be one of {known}"
            )
    if backend in _PACKAGES and getattr(decoders, _PACKAGES[backend], None) is None:
        raise ValueError(
            f"imdecode_backend of LoadImageFromFile is {backend!r}, whose package is not loaded; "
            f"{_HELP[backend]}, or take 'cv2'"
        )


def backend_of(loader: object) -> str:
    """The decoder that a transform uses.

    Returns:
        Its ``imdecode_backend``, or the one that ``mmcv.use_backend`` has set.
    """
    return getattr(loader, "imdecode_backend", None) or decoders.imread_backend
