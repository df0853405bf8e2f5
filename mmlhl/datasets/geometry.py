"""Normals computed from depth, for datasets that publish none."""

from __future__ import annotations

import cv2
import numpy as np


def pixel_rays(
    height: int, width: int, fx: float, fy: float, cx: float, cy: float
) -> tuple[np.ndarray, np.ndarray]:
    """Slopes of the viewing rays through pixel centres.

    Args:
        height: Rows.
        width: Columns.
        fx: Focal length along x in pixels.
        fy: Focal length along y in pixels.
        cx: Principal point along x; the first pixel's centre is at 0.5.
        cy: Principal point along y.

    Returns:
        u (1, W) and v (H, 1): a point at depth Z on the ray lies at Z (u, v, 1).
    """
    u = ((np.arange(width) + 0.5) - cx) / fx
    v = ((np.arange(height) + 0.5) - cy) / fy
    return u[None, :], v[:, None]


def normals_from_depth(
    depth: np.ndarray,
    fx: float,
    fy: float,
    cx: float,
    cy: float,
    window: int = 5,
    tolerance: float = 0.05,
) -> np.ndarray:
    """Normals by fitting a plane to the depth around each pixel.

    A plane n.P = -c is linear in inverse depth: 1/Z = -(n_x u + n_y v + n_z) / c on the ray
    (u, v, 1). So inverse depth is fitted by a linear function of (u, v), by least squares over the
    measured pixels of a window, and its three coefficients are the normal but for sign and length.

    Args:
        depth: (H, W) z-depth in metres, NaN or <= 0 where unmeasured.
        fx: Focal length along x in pixels.
        fy: Focal length along y in pixels.
        cx: Principal point along x; the first pixel's centre is at 0.5.
        cy: Principal point along y.
        window: Side of the window in pixels, odd.
        tolerance: Greatest relative deviation (root mean square) of the inverse depth from the
            plane; beyond it, as at jumps of depth, there is no normal.

    Returns:
        (H, W, 3) float32 unit normals towards the camera (x right, y down, z forward), NaN where
        the depth is unmeasured, the window has too few points or no plane fits.

    Raises:
        ValueError: If ``window`` is even or less than 3.
    """
    if window < 3 or window % 2 == 0:
        raise ValueError(f"window of normals_from_depth is {window}; it must be odd and >= 3")
    depth = np.asarray(depth, np.float64)
    known = np.isfinite(depth) & (depth > 0)
    inverse = np.where(known, 1.0 / np.where(known, depth, 1.0), 0.0)
    u, v = pixel_rays(depth.shape[0], depth.shape[1], fx, fy, cx, cy)
    u, v = np.broadcast_to(u, depth.shape), np.broadcast_to(v, depth.shape)
    plane, solvable = _fit_planes(known, inverse, u, v, window, tolerance)
    normals = -plane
    length = np.linalg.norm(normals, axis=-1)
    normals /= np.where(solvable & (length > 0), length, np.nan)[..., None]
    return normals.astype(np.float32)


def _fit_planes(
    known: np.ndarray,
    inverse: np.ndarray,
    u: np.ndarray,
    v: np.ndarray,
    window: int,
    tolerance: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Fit inverse depth by a linear function of (u, v) in the window around each pixel.

    Returns:
        (H, W, 3) slopes along u and v and offset, and (H, W) bool, where they fit.
    """

    def total(values: np.ndarray) -> np.ndarray:
        masked = np.ascontiguousarray(np.where(known, values, 0.0))
        return cv2.boxFilter(
            masked, -1, (window, window), normalize=False, borderType=cv2.BORDER_CONSTANT
        )

    count = total(np.ones(known.shape))
    safe = np.maximum(count, 1)
    mean_u, mean_v, mean_w = total(u) / safe, total(v) / safe, total(inverse) / safe
    uu = total(u * u) / safe - mean_u**2
    uv = total(u * v) / safe - mean_u * mean_v
    vv = total(v * v) / safe - mean_v**2
    uw = total(u * inverse) / safe - mean_u * mean_w
    vw = total(v * inverse) / safe - mean_v * mean_w
    ww = total(inverse * inverse) / safe - mean_w**2

    determinant = uu * vv - uv**2
    # collinear points define no plane: their determinant is only rounding error
    solvable = known & (count >= 3) & (determinant > 1e-6 * (uu + vv) ** 2)
    determinant = np.where(solvable, determinant, 1.0)
    slope_u = (uw * vv - vw * uv) / determinant
    slope_v = (vw * uu - uw * uv) / determinant
    offset = mean_w - slope_u * mean_u - slope_v * mean_v
    residual = np.maximum(ww - slope_u * uw - slope_v * vw, 0.0)
    solvable &= residual <= (tolerance * np.where(solvable, mean_w, 1.0)) ** 2
    return np.stack([slope_u, slope_v, offset], axis=-1), solvable
