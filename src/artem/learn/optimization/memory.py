"""How much memory an optimization takes, and how to keep it within bounds."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from artem.core.errors import TrainingError
from artem.learn.encoders import Encoder
from artem.learn.optimization.descent import history_size
from artem.learn.optimization.tiles import GRID_PX, reach_px

USUAL_BYTES = 6 << 30
BASE_BYTES = 400 << 20
"""Python, PyTorch and the encoder's weights."""

MAPS_COPIES = 2.25
"""Whole feature maps held at once at the worst moment: themselves, their gradient, sums."""

TILED_COPIES = 2.1
"""The same between the two passes over the tiles, when no graph is held."""

LOSS_COPIES = {
    "moments": 1.0, "coral": 1.0, "mmd-gaussian": 4.4, "histogram": 3.5,
    "sliced-wasserstein": 3.2, "mrf": 2.2, "adversarial": 1.0,
}  # fmt: skip
"""What style losses take beyond that, measured; those not named, like Gram, take nothing."""

DESCRIBED_COPIES = 1.5
"""The same for a painting, of which no gradient is needed."""

KEPT_PIECES = 1.25
"""How much larger a process gets that keeps freed memory, which lies in pieces (1.15 measured)."""

IMAGES = 16
"""Copies of the picture itself: gradient, line search, best so far, total variation..."""

LEAST_TILE_PX = 256
PROBE_PX = 128


def usual_bytes() -> int:
    """What an optimization may take when nobody says: 6 GB, or half of a smaller machine's."""
    try:
        machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not on every system
        return USUAL_BYTES
    return min(USUAL_BYTES, machine // 2)


class MemoryPlan:
    """What one encoder and its layers take for each pixel, asked of a small picture.

    Args:
        encoder: the one to be used.
        layers: those the loss reads.
        style_losses: names of those in use.

    Attributes:
        graph_bytes: kept for the backward pass, for each pixel.
        maps_bytes: of the layers' maps, for each pixel.
    """

    def __init__(
        self, encoder: Encoder, layers: Sequence[str], style_losses: Iterable[str] = ("gram",)
    ) -> None:
        self.encoder = encoder
        self.loss_copies = sum(LOSS_COPIES.get(name, 0.0) for name in style_losses)
        self.layers = tuple(layers)
        kept: dict[int, int] = {}

        def keep(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            kept[storage.data_ptr()] = storage.nbytes()
            return tensor

        probe = torch.zeros(1, 3, PROBE_PX, PROBE_PX, requires_grad=True)
        own = {parameter.untyped_storage().data_ptr() for parameter in encoder.parameters()}
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            features = encoder(probe, self.layers)
        pixels = PROBE_PX * PROBE_PX
        self.graph_bytes = sum(size for place, size in kept.items() if place not in own) / pixels
        self.maps_bytes = sum(4 * maps.numel() for maps in features.values()) / pixels

    def tile_px(self, height: int, width: int, most_bytes: int) -> int:
        """The longest side to encode at once, as large as fits; 0 for the whole picture.

        Raises:
            TrainingError: it does not fit even in small tiles.
        """
        if self.whole_bytes(height, width) <= most_bytes:
            return 0
        least = max(LEAST_TILE_PX, 2 * reach_px(self.encoder, self.layers) + 2 * GRID_PX)
        room = most_bytes - self._images_bytes(height, width) - self.maps_bytes * height * width
        side = int((max(room, 0) / (self.graph_bytes + MAPS_COPIES * self.maps_bytes)) ** 0.5)
        tile = max(least, side // GRID_PX * GRID_PX)
        needed = self.tiled_bytes(height, width, tile)
        if needed > most_bytes:
            raise TrainingError(
                f"{width}x{height} takes about {needed / 2**30:.1f} GB with the encoder "
                f"'{self.encoder.name}', and {most_bytes / 2**30:.1f} are allowed.\n"
                f"  Use a smaller --size or fewer style layers, or allow more with --memory."
            )
        return tile

    def refuse_too_large(self, painting: tuple[int, int], most_bytes: int) -> None:
        """Raise a TrainingError unless a painting of this height and width can be described."""
        height, width = painting
        copies = DESCRIBED_COPIES + self.loss_copies
        needed = BASE_BYTES + copies * self.maps_bytes * height * width
        if needed > most_bytes:
            raise TrainingError(
                f"A painting at {width}x{height} takes about {needed / 2**30:.1f} GB to describe, "
                f"and {most_bytes / 2**30:.1f} are allowed.\n"
                f"  Use a smaller --brush or --size, or allow more with --memory."
            )

    def whole_bytes(self, height: int, width: int) -> int:
        """The most memory taken when the whole picture is encoded at once."""
        pixels = height * width
        copies = MAPS_COPIES + self.loss_copies
        graph = (self.graph_bytes + copies * self.maps_bytes) * pixels
        return int(self._images_bytes(height, width) + graph)

    def can_keep(self, height: int, width: int, most_bytes: int) -> bool:
        """Whether what is freed may be kept for the next evaluation, which is much quicker."""
        return KEPT_PIECES * self.whole_bytes(height, width) <= most_bytes

    def tiled_bytes(self, height: int, width: int, tile_px: int) -> int:
        """The most memory taken when it is encoded in tiles."""
        pixels, tile = height * width, min(tile_px, height) * min(tile_px, width)
        between = (TILED_COPIES + self.loss_copies) * self.maps_bytes * pixels
        within = self.maps_bytes * pixels
        within += (self.graph_bytes + MAPS_COPIES * self.maps_bytes) * tile
        return int(self._images_bytes(height, width) + max(between, within))

    def _images_bytes(self, height: int, width: int) -> int:
        image = torch.empty(1, 3, height, width, device="meta")
        copies = IMAGES + 2 * history_size(image)
        return BASE_BYTES + copies * image.numel() * image.element_size()
