"""A smaller network out of a larger one of its family: structured pruning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from artem.core.errors import NetworkError
from artem.learn.networks.build import build_network
from artem.learn.networks.conditional import StyledNetwork
from artem.learn.networks.growing import grow, layer_parts

PRUNING = {"slim": ("trunk", "blocks", "refine")}
"""What of an architecture may shrink."""


@dataclass(frozen=True)
class _Kept:
    """Where a layer of the smaller network comes from; ``None`` for all channels."""

    layer: str
    out: Tensor | None = None
    into: Tensor | None = None


def prune(
    network: StyledNetwork, vectors: Tensor, sizes: Mapping[str, int]
) -> tuple[StyledNetwork, Tensor]:
    """A network without the channels and blocks that matter least; it has to be trained on.

    A channel matters by what the styles make of it, the root mean square over styles of
    scales and shifts behind its normalization (the scale alone in network slimming, Liu et
    al., arXiv:1708.06519), times the norm of the weights that read it. The trunk's sum
    keeps the same channels from block to block; within a block each has its own. Of
    residual blocks those go whose last scales are smallest.

    Args:
        network: stays as it is.
        vectors: its style vectors, ``(S, P)``, one or more.
        sizes: those arguments of the architecture that change, of :data:`PRUNING`.

    Returns:
        The new network, and its style vectors ``(S, P')``.

    Raises:
        NetworkError: an argument cannot shrink, or would grow.
    """
    old = dict(network.architecture)
    pruning = () if old.get("binary") else PRUNING.get(str(old["name"]), ())
    for name, size in sizes.items():
        before = old.get(name)
        if name not in pruning or not isinstance(before, int):
            raise NetworkError(
                f"'{name}' of a network that is trained already cannot shrink.\n"
                f"  What can: {', '.join(pruning) or 'nothing'}."
            )
        if not 0 <= size <= before or (name == "trunk" and size == 0):
            raise NetworkError(f"'{name}' is {before} in this network and cannot become {size}.")
    pruned = build_network({**old, **sizes})
    parts, weights = layer_parts(network, vectors), network.state_dict()
    kept = _kept_layers(pruned, parts, weights)
    fresh = pruned.state_dict()
    for name, tensor in fresh.items():
        layer, _, rest = name.partition(".conv.")
        source = kept.get(layer, _Kept(layer))
        old_tensor = weights[f"{source.layer}.conv.{rest}" if rest else name]
        tensor.copy_(_chosen(_chosen(old_tensor, source.out, 0), source.into, 1))
    pruned.load_state_dict(fresh)
    chosen = []
    for layer in layer_parts(pruned, torch.zeros(1, pruned.style_size)):
        source = kept.get(layer, _Kept(layer))
        chosen += [_chosen(part, source.out, 1) for part in parts[source.layer]]
    return pruned, torch.cat(chosen, dim=1)


def resize(
    network: StyledNetwork, vectors: Tensor, sizes: Mapping[str, int]
) -> tuple[StyledNetwork, Tensor]:
    """:func:`prune` what becomes smaller, then :func:`~artem.learn.networks.growing.grow` the rest.

    Raises:
        NetworkError: an argument cannot change.
    """
    old = network.architecture
    smaller = {name: size for name, size in sizes.items() if size < int(str(old.get(name, 0)))}
    if smaller:
        network, vectors = prune(network, vectors, smaller)
    return grow(network, vectors, {n: s for n, s in sizes.items() if n not in smaller})


def _kept_layers(
    pruned: StyledNetwork, parts: Mapping[str, list[Tensor]], weights: Mapping[str, Tensor]
) -> dict[str, _Kept]:
    """For each layer that changes its place or its channels, where it comes from."""
    trunk, blocks, refine = (int(str(pruned.architecture[size])) for size in PRUNING["slim"])
    staying = _strongest_blocks("trunk", blocks, parts)
    ends = [f"trunk.{block}.1" for block in staying]
    said = _said(parts["down"]) + sum(_said(parts[end]) for end in ends)
    heard = _heard(weights, "up") + sum(_heard(weights, f"trunk.{block}.0") for block in staying)
    stream = _largest(said * heard, trunk)
    kept = {"down": _Kept("down", out=stream), "up": _Kept("up", into=stream)}
    for index, block in enumerate(staying):
        first, second = f"trunk.{block}.0", f"trunk.{block}.1"
        inner = _largest(_said(parts[first]) * _heard(weights, second), trunk)
        kept[f"trunk.{index}.0"] = _Kept(first, out=inner, into=stream)
        kept[f"trunk.{index}.1"] = _Kept(second, out=stream, into=inner)
    for index, block in enumerate(_strongest_blocks("refine", refine, parts)):
        for half in (0, 1):
            kept[f"refine.{index}.{half}"] = _Kept(f"refine.{block}.{half}")
    return kept


def _strongest_blocks(stage: str, count: int, parts: Mapping[str, list[Tensor]]) -> list[int]:
    """The numbers of the residual blocks that add most, in their order."""
    there = sum(name.startswith(f"{stage}.") and name.endswith(".1") for name in parts)
    said = torch.stack([_said(parts[f"{stage}.{b}.1"]).square().mean() for b in range(there)])
    return [int(block) for block in _largest(said, count)] if there else []


def _said(scale_and_shift: list[Tensor]) -> Tensor:
    """How large a layer's channels ``(C,)`` become behind its normalization, over the styles."""
    return torch.stack(scale_and_shift).square().sum(dim=0).mean(dim=0).sqrt()


def _heard(weights: Mapping[str, Tensor], layer: str) -> Tensor:
    """How much a convolution makes of its input channels ``(C,)``."""
    return weights[f"{layer}.conv.weight"].square().sum(dim=(0, 2, 3)).sqrt()


def _largest(importance: Tensor, count: int) -> Tensor:
    return importance.argsort(descending=True, stable=True)[:count].sort().values


def _chosen(tensor: Tensor, kept: Tensor | None, dim: int) -> Tensor:
    return tensor if kept is None else tensor.index_select(dim, kept.to(tensor.device))
