"""The networks that are compared: a base, and what differs from it in each other one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from study_net import StudyNet

from artem.learn.networks import StyledNetwork
from artem.learn.networks.build import PRESETS, build_network

STYLES = ("great-wave", "starry-night")

PRUNED_FROM = {"trunk": 96}
PRUNED_AT = 2 / 3
"""Part of the steps after which channels are taken away."""


@dataclass(frozen=True)
class Candidate:
    """A network of the study.

    Attributes:
        name: of its file, and in tables.
        axis: what it belongs to in tables and plots.
        says: what differs from the base, in a phrase.
        architecture: see :func:`build`.
        pruned_from: sizes at which its training begins, see :data:`PRUNED_AT`.
        weights: of which candidate it has the weights, where it is not trained itself.
        seed: of the random weights that it begins with.
    """

    name: str
    axis: str
    says: str
    architecture: Mapping[str, Any]
    pruned_from: Mapping[str, int] = field(default_factory=dict)
    weights: str = ""
    seed: int = 0

    def build(self) -> StyledNetwork:
        """The network with random weights, as large as its training begins."""
        torch.manual_seed(self.seed)
        return build({**self.architecture, **self.pruned_from})


def build(architecture: Mapping[str, Any]) -> StyledNetwork:
    """A network of the package or a :class:`StudyNet`, from its name and arguments."""
    if architecture["name"] == "study":
        return StudyNet(**{key: value for key, value in architecture.items() if key != "name"})
    return build_network(architecture)


def _slim(name: str, axis: str, says: str, **sizes: int) -> Candidate:
    return Candidate(name, axis, says, {"name": "slim", **sizes})


def _study(name: str, axis: str, says: str, **arguments: int | str) -> Candidate:
    return Candidate(name, axis, says, {"name": "study", **arguments})


CANDIDATES = {
    candidate.name: candidate
    for candidate in (
        _slim("base", "base", "slim: stem 32, trunk 64, half 16, blocks 3, refine 2, grain 2"),
        Candidate("again", "base", "the base from other random weights", {"name": "slim"}, seed=1),
        _slim("fast", "preset", "trunk 96, blocks 4", trunk=96, blocks=4),
        _slim("micro", "stem", "stem 16, half 8", stem=16, half=8),
        _slim("trunk-48", "trunk", "trunk 48", trunk=48),
        _slim("trunk-96", "trunk", "trunk 96", trunk=96),
        _slim("trunk-128", "trunk", "trunk 128", trunk=128),
        _slim("blocks-2", "blocks", "2 blocks", blocks=2),
        _slim("blocks-4", "blocks", "4 blocks", blocks=4),
        _slim("refine-0", "refine", "no refining blocks", refine=0),
        _slim("refine-1", "refine", "1 refining block", refine=1),
        _slim("stem-16", "stem", "stem 16: the shipped micro", stem=16),
        _study("cells", "entry", "the stem 4x4 at stride 4: space to depth", entry="cells"),
        _study("steps", "entry", "the stem two 4x4 at stride 2", entry="steps"),
        _study("at-4", "place", "the trunk at 1/4: 32 channels, 4 blocks",
               trunk=32, blocks=4, trunk_at=4),
        _study("at-16", "place", "the trunk at 1/16: 96 channels, 4 blocks",
               trunk=96, blocks=4, trunk_at=16),
        _study("nearest", "output", "nearest and 3x3 up to the full size", output="nearest"),
        _study("shuffle-4", "output", "one 3x3 and pixel shuffle x4", output="shuffle4"),
        _study("affine", "output", "affine maps of the frame's colors, from half the size",
               output="affine"),
        _study("plain-refine", "norms", "no normalization in the refining blocks",
               norms="trunk"),
        _study("alternate", "norms", "normalization in the second of a block's convolutions only",
               norms="alternate"),
        Candidate("pruned", "pruning", "trunk 96 pruned to 64 after 2/3 of the steps",
                  {"name": "slim"}, pruned_from=PRUNED_FROM),
        _study("super", "half size", "at half the size, enlarged by layers of its own",
               enlarging="learned"),
        Candidate("bilinear", "half size", "the base at half the size, enlarged bilinearly",
                  {"name": "study", "enlarging": "bilinear"}, weights="base"),
        Candidate("fine-16", "fine", "the HPI network with half its channels",
                  {"name": "fine", "width": 16}),
        Candidate("fine", "fine", "the HPI network", PRESETS["fine"]),
    )
}  # fmt: skip
"""In the order of their training: what matters less comes last."""
