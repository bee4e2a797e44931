"""Imitation: what a cheaper network is told by a finer one.

The teacher's picture tells every pixel what it should be, which is a clearer
lesson than a style loss gives, and a step needs no perceptual encoder. So a
binary trunk is taught by a float one, and ``micro`` by ``fast``.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from artem.core.errors import TrainingError
from artem.learn.encoders import Encoder
from artem.learn.losses import content_loss, gram_loss, gram_matrix
from artem.learn.networks import StyledNetwork
from artem.learn.networks.conditional import StyledLayer

OCTAVES = 4


def octaves_loss(image: Tensor, told: Tensor, octaves: int = OCTAVES) -> Tensor:
    """How far two pictures are apart, in fine detail and in coarse alike.

    Each octave is what a picture loses when it is halved and doubled again; the sum is
    over the mean absolute differences of the octaves and of what is left. So a wrong tone
    of a broad area counts as much as a missing edge, and neither hides behind the other.
    (The Laplacian pyramid's L1 distance, as in Bojanowski et al., arXiv:1707.05776,
    there with Gaussian filters; ours are boxes.)

    Args:
        image, told: ``(N, 3, H, W)``; sides of at least ``2 ** octaves``.

    Returns:
        ``(N,)``.
    """
    difference = image - told  # the pyramid is linear
    total = difference.new_zeros(len(difference))
    for _ in range(octaves):
        half = F.avg_pool2d(difference, 2, ceil_mode=True)
        doubled = F.interpolate(half, scale_factor=2, mode="nearest")
        detail = difference - doubled[..., : difference.shape[2], : difference.shape[3]]
        total = total + detail.abs().mean(dim=(1, 2, 3))
        difference = half
    return total + difference.abs().mean(dim=(1, 2, 3))


class ImitationLoss:
    """What a student's picture lacks of the teacher's, of the same photo in the same style.

    Args:
        teacher: frozen here.
        vectors: the teacher's style vectors, ``(S, P)``.
        encoder: gives features that are compared as well; ``None`` compares pixels alone.
        layers: the encoder's, first ones are cheap; its first two when ``None``.
    """

    def __init__(
        self,
        teacher: StyledNetwork,
        vectors: Tensor,
        *,
        encoder: Encoder | None = None,
        layers: Sequence[str] | None = None,
    ) -> None:
        if vectors.ndim != 2 or vectors.shape[1] != teacher.style_size:
            raise TrainingError(
                f"Style vectors of shape {tuple(vectors.shape)} are not the teacher's, which have "
                f"{teacher.style_size} numbers.\n  Use styles made for it."
            )
        self.teacher = teacher.requires_grad_(False).eval()
        self.vectors = vectors
        self.encoder = encoder
        self.layers = list(layers or (encoder.layers[:2] if encoder else ()))

    def to(self, device: torch.device) -> ImitationLoss:
        """Move teacher, vectors and encoder there."""
        self.teacher.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.vectors = self.vectors.to(device)
        if self.encoder is not None:
            self.encoder.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return self

    def tensors(self) -> list[Tensor]:
        """All that the loss depends on, beside the encoder: the styles and their teacher."""
        return [self.vectors, *self.teacher.state_dict().values()]

    @torch.no_grad()
    def told(self, content: Tensor, chosen: Tensor) -> Tensor:
        """What the teacher paints, within [0, 1]: ``(N, 3, H, W)``, styles by number ``(N,)``."""
        painted: Tensor = self.teacher(content, self.vectors[chosen])
        return painted.float().clamp(0, 1)

    def __call__(self, painted: Tensor, told: Tensor) -> dict[str, Tensor]:
        """Terms ``pixels`` and, with an encoder, ``features``, one number a picture each.

        ``features`` is the mean over the layers of the relative squared error of features
        and Gram matrices: where the student cannot paint the same stroke, it should still
        paint one like it.
        """
        terms = {"pixels": octaves_loss(painted, told)}
        if self.encoder is not None:
            with torch.no_grad():
                wanted = self.encoder(told, self.layers)
            given = self.encoder(painted, self.layers)
            errors = [
                content_loss(given[layer], wanted[layer])
                + gram_loss(gram_matrix(given[layer]), gram_matrix(wanted[layer]))
                for layer in self.layers
            ]
            terms["features"] = torch.stack(errors).mean(dim=0)
        return terms


def inherit(
    student: StyledNetwork, teacher: StyledNetwork, vectors: Tensor, fresh: Tensor
) -> tuple[Tensor, list[str]]:
    """Give a student every layer that the teacher has under the same name and in the same shape.

    Args:
        vectors: the teacher's style vectors, ``(S, P)``.
        fresh: where a style of the student starts, ``(P',)``.

    Returns:
        The student's style vectors ``(S, P')``, with the teacher's numbers for those
        layers, and the names of the weights taken over.
    """
    ours, theirs = student.state_dict(), teacher.state_dict()
    taken = [name for name in ours if name in theirs and ours[name].shape == theirs[name].shape]
    student.load_state_dict({name: theirs[name] for name in taken}, strict=False)
    start = fresh.to(vectors.device).repeat(len(vectors), 1)
    parts, known = _style_parts(student), _style_parts(teacher)
    for name, (place, sizes) in parts.items():
        if name in known and known[name][1] == sizes:
            start[:, place] = vectors[:, known[name][0]]
    return start, taken


def _style_parts(network: StyledNetwork) -> dict[str, tuple[slice, tuple[int, ...]]]:
    """Where each layer's part of a style vector lies, and how it is divided; ``""``: the head's."""
    parts: dict[str, tuple[slice, tuple[int, ...]]] = {}
    start = 0
    for name, layer in network.named_modules():
        if isinstance(layer, StyledLayer):
            parts[name] = (slice(start, start + sum(layer.style_sizes)), layer.style_sizes)
            start += sum(layer.style_sizes)
    return parts | {"": (slice(start, network.style_size), ())}
