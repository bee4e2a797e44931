"""A larger network that begins as a smaller one of its family."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from artem.core.errors import NetworkError
from artem.learn.networks.build import build_network
from artem.learn.networks.conditional import StyledLayer, StyledNetwork, style_vector

GROWING = {"slim": ("trunk", "blocks", "refine")}
"""What of an architecture may grow. Other layers stand beside each other's channels."""


def grow(
    network: StyledNetwork, vectors: Tensor, sizes: Mapping[str, int]
) -> tuple[StyledNetwork, Tensor]:
    """A network with more channels or blocks that paints what the smaller one does.

    New channels listen to all others and are not yet listened to; new residual blocks
    add nothing yet, as the scale of their last normalization is 0. (In the spirit of
    Net2Net, Chen et al., arXiv:1511.05641, which splits channels instead.)

    Args:
        network: stays as it is.
        vectors: its style vectors, ``(S, P)``.
        sizes: those arguments of the architecture that change, of :data:`GROWING`.

    Returns:
        The new network, and its style vectors ``(S, P')``.

    Raises:
        NetworkError: an argument does not grow, or would shrink.
    """
    old = dict(network.architecture)
    growing = GROWING.get(str(old["name"]), ())
    for name, size in sizes.items():
        before = old.get(name)
        if name not in growing or not isinstance(before, int):
            raise NetworkError(
                f"'{name}' of a network that is trained already cannot change.\n"
                f"  What can grow: {', '.join(growing) or 'nothing'}. "
                f"Or start with random weights: --from-scratch."
            )
        if size < before:
            raise NetworkError(f"'{name}' is {before} in this network and does not grow to {size}.")
    grown = build_network({**old, **sizes})
    weights = grown.state_dict()
    for name, kept in network.state_dict().items():
        new = weights[name]
        if new.ndim > 1:
            new[: len(kept), kept.shape[1] :] = 0
        new[tuple(slice(length) for length in kept.shape)] = kept
    grown.load_state_dict(weights)
    return grown, _grown_vectors(network, vectors, grown)


def _grown_vectors(network: StyledNetwork, vectors: Tensor, grown: StyledNetwork) -> Tensor:
    known = layer_parts(network, vectors)
    parts = []
    for name, fresh in layer_parts(grown, style_vector(grown).repeat(len(vectors), 1)).items():
        for index, part in enumerate(fresh):
            if index < len(known.get(name, ())):
                kept = known[name][index]
                parts.append(torch.cat([kept, part[:, kept.shape[1] :]], dim=1))
            elif name in known:  # layers that a binary trunk gained: their scales open them
                parts.append(part * 0)
            else:  # a new block: two layers, of which the second's scale opens it
                parts.append(part * (0 if name.endswith(".1") and index == 0 else 1))
    return torch.cat(parts, dim=1)


def layer_parts(network: StyledNetwork, vectors: Tensor) -> dict[str, list[Tensor]]:
    """Style vectors ``(S, P)`` cut up by layer, in order; the head's part under ``head``."""
    layers = {
        name: len(module.style_sizes)
        for name, module in network.named_modules()
        if isinstance(module, StyledLayer)
    }
    parts = iter(torch.split(vectors, network.style_sizes, dim=1))
    cut = {name: [next(parts) for _ in range(count)] for name, count in layers.items()}
    return cut | {"head": list(parts)}
