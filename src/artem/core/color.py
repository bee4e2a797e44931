"""Color arithmetic on frames: one picture's colors on another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from artem.core.picture import Frame

# ITU-R BT.601, the weights of JPEG's luminance
LUMINANCE = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def with_colors_of(frame: Frame, painted: Frame) -> Frame:
    """``painted``'s luminance with ``frame``'s chrominance.

    Adding one number to red, green and blue changes the luminance (BT.601) by
    it and leaves Cb and Cr as they are.
    """
    luminance = (painted.astype(np.float32) - frame) @ LUMINANCE
    shifted = frame + luminance.round()[..., None]
    return np.clip(shifted, 0, 255).astype(np.uint8)


def gray(frame: Frame) -> Frame:
    """A frame's luminance (BT.601) in all three channels."""
    luminance = (frame.astype(np.float32) @ LUMINANCE).round().astype(np.uint8)
    return np.repeat(luminance[..., None], 3, axis=2)


def match_colors(frame: Frame, like: Frame) -> Frame:
    """``frame`` with the mean and covariance that the colors of ``like`` have.

    Each color ``x`` becomes ``A (x - mean) + mean_like`` with
    ``A = C_like^(1/2) C^(-1/2)``, the principal square roots of the covariances
    (Gatys et al., arXiv:1606.05897, section 5.1, who prefer these roots to
    Cholesky factors). Directions in which ``frame`` has no spread at all stay without;
    what leaves 0 to 255 is clipped.
    """
    colors, wanted = frame.reshape(-1, 3), like.reshape(-1, 3)
    root, wanted_root = _root(_covariance(wanted)), _root(_covariance(colors), inverse=True)
    matched = (colors - colors.mean(axis=0)) @ (root @ wanted_root).T + wanted.mean(axis=0)
    result: Frame = np.clip(matched.round(), 0, 255).astype(np.uint8).reshape(frame.shape)
    return result


def _covariance(colors: NDArray[np.uint8]) -> NDArray[np.float64]:
    centered = colors - colors.mean(axis=0)
    covariance: NDArray[np.float64] = centered.T @ centered / len(colors)
    return covariance


def _root(covariance: NDArray[np.float64], *, inverse: bool = False) -> NDArray[np.float64]:
    """The symmetric square root, or its inverse where the values are not 0."""
    values, vectors = np.linalg.eigh(covariance)
    roots = np.sqrt(np.maximum(values, 0))
    if inverse:
        # A variance below that of rounding to 8 bits says nothing.
        roots = np.divide(1, roots, out=np.zeros_like(roots), where=values > 1 / 12)
    root: NDArray[np.float64] = (vectors * roots) @ vectors.T
    return root
