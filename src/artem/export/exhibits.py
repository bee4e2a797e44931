"""What is put before the judge: networks with their styles, paintings, photos and sizes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from artem.core.errors import ArtemError, PictureError, StyleError, did_you_mean
from artem.core.network_file import NetworkFile
from artem.core.picture import PICTURE_SUFFIXES
from artem.core.style_file import STYLE_SUFFIX, Style, load_style
from artem.export.training import style_name
from artem.learn.training import YARDSTICK
from artem.runtime.library import find_network, find_style, styles

LEAST_SIZE_PX, MOST_SIZE_PX = 64, 4096


@dataclass(frozen=True)
class Candidate:
    """A network to be judged.

    Attributes:
        name: as the report calls it.
        network: its description.
        styles: all that are found for it, by name: those in the library, and those
            in the folder ``styles`` beside its file.
    """

    name: str
    network: NetworkFile
    styles: Mapping[str, Style]

    def style(self, asked: str) -> Style:
        """The style of this name or file, for this network, or predicted from a picture.

        Raises:
            StyleError: there is none, or it was not made for the network.
            PictureError: the picture cannot be read, or is too small to show a style.
        """
        if asked in self.styles:
            return self.styles[asked]
        known = find_style(asked, self.network)
        if known.name in self.styles and self.network.identity not in known.vectors:
            return self.styles[known.name]
        known.vector_for(self.network.identity, self.network.name)
        return known


def find_candidates(network: str | Path, against: Sequence[str | Path] = ()) -> list[Candidate]:
    """The network to be judged, and those beside it.

    Raises:
        ArtemError: one is unknown or damaged, or two are the same.
    """
    asked = [network, *against]
    found = [find_network(one) for one in asked]
    names = [one.name for one in found]
    places = [one.path.resolve() for one in found]
    for one, place in zip(asked, places, strict=True):
        if places.count(place) > 1:
            raise ArtemError(f"'{one}' is compared with itself.\n  Give --against another network.")
    if len(set(names)) < len(names):
        names = [f"{name} ({one})" for name, one in zip(names, asked, strict=True)]
    return [
        Candidate(name, one, _styles_of(one)) for name, one in zip(names, found, strict=True)
    ]  # fmt: skip


def _styles_of(network: NetworkFile) -> dict[str, Style]:
    beside = sorted((network.path.parent / "styles").glob(f"*{STYLE_SUFFIX}"))
    known = [*styles(), *(replace(load_style(file), name=file.stem) for file in beside)]
    return {style.name: style for style in known if network.identity in style.vectors}


def choose_styles(
    candidates: Sequence[Candidate], asked: Sequence[str], places: Iterable[str]
) -> tuple[dict[str, tuple[list[Style], Path]], list[str]]:
    """Each style's vector file for every candidate, and its painting.

    Args:
        candidates: all must have the style.
        asked: styles by name or file, or pictures, each its own painting; all that candidates
            share when empty.
        places: see :func:`find_painting`.

    Returns:
        By the style's name, and the names left out for lack of a painting (none
        when ``asked`` names them).

    Raises:
        ArtemError: there is no such style or no painting of it.
    """
    paintings = [*places]
    chosen: dict[str, tuple[list[Style], Path]] = {}
    left_out: list[str] = []
    shared = [name for name in candidates[0].styles if all(name in c.styles for c in candidates)]
    for name in asked or shared:
        found = [candidate.style(name) for candidate in candidates]
        is_picture = Path(name).suffix.lower() in PICTURE_SUFFIXES
        find = painting_of if asked else find_painting
        painting = Path(name) if is_picture else find(found[0].name, paintings)
        if painting is not None:
            chosen[found[0].name] = found, painting
        else:
            left_out.append(name)
    if not chosen:
        names = " and ".join(f"'{candidate.name}'" for candidate in candidates)
        if not shared:
            raise StyleError(
                f"There is no style for {names}.\n"
                f"  Name a picture in its place, for networks that have a predictor."
            )
        raise StyleError(
            f"No style of {names} has a painting there; their styles: {', '.join(shared)}.\n"
            f"  Name paintings like styles, or each one: --paintings STYLE=FILE"
        )
    return chosen, left_out


def painting_px(style: Style) -> int:
    """The shorter side in pixels at which the style's painting was looked at in its training."""
    return int(style.recipe.get("style_px", YARDSTICK.style_px))


def find_painting(style: str, places: Iterable[str]) -> Path | None:
    """The picture that a style was made from, by its file's name.

    Args:
        style: the style's name, such as ``roman-mosaic``.
        places: ``STYLE=FILE``; picture files; folders of them. A picture belongs
            to the style when its name, written like a style's, is the style's or
            begins with it (``roman_mosaic_duck.jpg``).

    Raises:
        PictureError: a place does not exist, or several pictures may be meant.
    """
    files: list[Path] = []
    for place in places:
        name, equals, file = place.partition("=")
        if equals and not Path(place).exists():
            if name == style:
                return Path(file)
        else:
            files += pictures_in(Path(place))
    exact = [file for file in files if style_name(file) == style]
    near = exact or [file for file in files if style_name(file).startswith(f"{style}-")]
    if len(near) > 1:
        raise PictureError(
            f"Both '{near[0]}' and '{near[1]}' may be the painting of '{style}'.\n"
            f"  Say which: --paintings {style}=FILE"
        )
    return near[0] if near else None


def painting_of(style: str, places: Iterable[str]) -> Path:
    """As :func:`find_painting`, where there must be one.

    Raises:
        ArtemError: there is none, a place does not exist, or several pictures may be meant.
    """
    if (found := find_painting(style, places)) is None:
        raise ArtemError(
            f"There is no painting for the style '{style}'.\n  Name it: --paintings {style}=FILE"
        )
    return found


def pictures_in(place: Path) -> list[Path]:
    """A picture file itself, or those in a folder by name.

    Raises:
        PictureError: there is none.
    """
    if place.is_dir():
        found = sorted(f for f in place.iterdir() if f.suffix.lower() in PICTURE_SUFFIXES)
        if found:
            return found
        raise PictureError(f"The folder '{place}' holds no pictures.")
    if not place.exists():
        near = did_you_mean(place.name, (f.name for f in place.parent.glob("*")))
        raise PictureError(f"There is no file or folder '{place}'.{near}\n  Check the name.")
    return [place]


def find_photos(places: Iterable[Path], most: int | None = None) -> dict[str, Path]:
    """The photos by a name of their own: without the ending, unless two would be alike."""
    files = [file for place in places for file in pictures_in(place)][:most]
    stems = [file.stem for file in files]
    return {
        (file.stem if stems.count(file.stem) == 1 else str(file)): file for file in files
    }  # fmt: skip


def parse_judged_size(text: str) -> tuple[int, int | None]:
    """Side and number of photos out of ``512`` (all photos) or ``512:1`` (the first one).

    Raises:
        ArtemError: it is neither.
    """
    found = re.fullmatch(r"(\d{1,5})(?::([1-9]\d{0,4}))?", text)
    if not found:
        raise ArtemError(
            f"'{text}' is no size.\n  Write its pixels, 512, or with a number of photos, 512:1."
        )
    side = int(found[1])
    if not LEAST_SIZE_PX <= side <= MOST_SIZE_PX:
        raise ArtemError(
            f"Photos cannot be judged at {side} pixels.\n  Use {LEAST_SIZE_PX} to {MOST_SIZE_PX}."
        )
    return side, int(found[2]) if found[2] else None
