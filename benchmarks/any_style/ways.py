"""The ways to a style that are compared, each as what paints in the style of an artwork."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from artem.core.errors import ArtemError, NetworkError
from artem.core.network_file import NetworkFile
from artem.core.predictor_file import PredictorFile
from artem.core.style_file import STYLE_SUFFIX, Style
from artem.export.exhibits import find_candidates
from artem.runtime.library import find_network
from artem.runtime.predictor import predictor_beside
from artem.runtime.stylizer import Stylizer

PREDICTED, POLISHED, TRAINED, ADAIN = "predicted", "polished", "trained", "AdaIN"
NAMED, PHOTO = "best named", "the photo"
WAYS = (PREDICTED, POLISHED, TRAINED, ADAIN, NAMED, PHOTO)
"""The rows of the tables. All but the last two look at the artwork, and are on the sheet."""

Painter = Callable[[Path], Stylizer | None]
"""A stylizer in the style of an artwork's file; ``None`` where nothing was made for it."""


@dataclass(frozen=True)
class Predicting:
    """A network with the predictor beside it, and its named styles."""

    network: NetworkFile
    predictor: PredictorFile
    styles: Mapping[str, Style]

    @classmethod
    def found(cls, network: str | Path) -> Predicting:
        """By the network's name or file.

        Raises:
            NetworkError: there is none, no predictor beside it, or one is damaged.
        """
        described = find_network(network)
        predictor = predictor_beside(described)
        if predictor is None:
            raise NetworkError(
                f"There is no predictor beside '{described.path}'.\n"
                f"  Make one with: artem any-style"
            )
        return cls(described, predictor, find_candidates(network)[0].styles)

    def stylizer(self, threads: int | None = None) -> Stylizer:
        """The network as a user gets it, in the precision that is chosen here."""
        return Stylizer("identity", network=self.network.path, threads=threads)


def painters(
    ours: Predicting, adain: Predicting | None, polished: Path | None, trained: Path | None
) -> dict[str, Painter]:
    """What paints, for each way that there is material for.

    Args:
        ours, adain: networks with predictors.
        polished: folder of ``STEM.safetensors``, styles of our network.
        trained: folder of ``STEM/network.onnx`` with one style in ``STEM/styles``.
    """
    found = {PREDICTED: _setting(ours.stylizer(), lambda artwork: artwork)}
    if polished is not None:
        found[POLISHED] = _setting(
            ours.stylizer(), lambda artwork: _there(polished / f"{artwork.stem}{STYLE_SUFFIX}")
        )
    if trained is not None:
        found[TRAINED] = lambda artwork: _trained(trained / artwork.stem)
    if adain is not None:
        found[ADAIN] = _setting(adain.stylizer(), lambda artwork: artwork)
    return found


def _setting(stylizer: Stylizer, style_of: Callable[[Path], Path | None]) -> Painter:
    """One stylizer that takes each artwork's style in turn."""

    def painter(artwork: Path) -> Stylizer | None:
        style = style_of(artwork)
        if style is None:
            return None
        stylizer.set_style(style)
        return stylizer

    return painter


def _trained(folder: Path) -> Stylizer | None:
    network = _there(folder / "network.onnx")
    if network is None:
        return None
    styles = sorted((folder / "styles").glob(f"*{STYLE_SUFFIX}"))
    if len(styles) != 1:
        raise ArtemError(f"'{folder}' holds {len(styles)} styles.\n  It should hold one.")
    return Stylizer(styles[0], network=network)


def _there(file: Path) -> Path | None:
    return file if file.is_file() else None
