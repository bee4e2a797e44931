"""``artem gallery``: a page of photos in every style."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from artem.app.options import EngineOption, NetworkOption, PrecisionOption, ThreadsOption, given
from artem.app.progress import show_progress
from artem.app.say import note, say
from artem.core.errors import ArtemError

if TYPE_CHECKING:
    from artem.core.picture import Frame
    from artem.core.style_file import Style
    from artem.runtime.stylizer import Stylizer

PAGE = "README.md"
PHOTOS = "photos"
GAP_PX = 8


def gallery(
    photos: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[PHOTO]...", help="Photos or folders; the samples by default."),
    ] = None,
    out: Annotated[Path, typer.Option("--output", "-o", metavar="DIR")] = Path("gallery"),
    style: Annotated[
        list[str] | None,
        typer.Option("--style", "-s", metavar="NAME|FILE", help="All by default; repeatable."),
    ] = None,
    size: Annotated[
        int, typer.Option("--size", min=64, metavar="PX", help="Side of each picture, a square.")
    ] = 320,
    network: NetworkOption = None,
    engine: EngineOption = None,
    precision: PrecisionOption = None,
    threads: ThreadsOption = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a gallery.")] = False,
) -> None:
    """Paint photos in every style, a row for each, on a page that shows them all.

    Writes README.md, which code hosts and editors show as a page, and a JPEG for each row.
    """
    from artem.core.files import replacing
    from artem.core.picture import load_picture, middle_square, save_picture
    from artem.media.sources.image_folder import pictures_in
    from artem.runtime.library import SAMPLES, find_style, styles
    from artem.runtime.stylizer import Stylizer

    files = [
        file for place in photos or [SAMPLES]
        for file in (pictures_in(place) if place.is_dir() else [place])
    ]  # fmt: skip
    if not files:
        raise ArtemError("There is no photo to paint.\n  Name photos, or a folder that holds some.")
    whole = [load_picture(file).frame for file in files]
    for height, width, _ in (frame.shape for frame in whole if min(frame.shape[:2]) < size):
        note(f"a photo of {width}x{height} is enlarged to {size} pixels.")
    frames = [middle_square(frame, size) for frame in whole]
    options = given(network=network, engine=engine, precision=precision, threads=threads)
    stylizer = Stylizer("identity", **options)
    found = (
        [find_style(name, stylizer.network) for name in style]
        if style
        else [one for one in styles() if stylizer.network.identity in one.vectors]
    )
    if not found:
        raise ArtemError(
            f"There is no style for the network '{stylizer.network.name}'.\n"
            f"  Name files or pictures with --style, or another network."
        )
    names = _file_names(found)
    page, *rows = [out / PAGE, *(out / f"{name}.jpg" for name in (PHOTOS, *names))]
    _refuse_targets([page, *rows], files, overwrite=overwrite)
    save_picture(rows[0], _in_a_row(frames))
    with show_progress() as show:
        for index, (one, file) in enumerate(zip(found, rows[1:], strict=True)):
            show(index, len(found), one.name)
            stylizer.set_style(one)
            save_picture(file, _in_a_row([stylizer(frame) for frame in frames]))
    with replacing(page) as partial:
        text = _page(dict(zip(names, found, strict=True)), stylizer, len(frames))
        partial.write_text(text, encoding="utf-8")
    say(f"{len(found)} styles of {len(frames)} photos.")
    typer.echo(f"wrote {page}")


def _file_names(styles: Sequence[Style]) -> list[str]:
    """A file's name for each style; what a style file calls itself may be no name for a file."""
    names = [PHOTOS]
    for style in styles:
        plain = re.sub(r"[^\w-]+", "-", style.name).strip("-") or "style"
        name, number = plain, 1
        while name in names:
            number += 1
            name = f"{plain}-{number}"
        names.append(name)
    return names[1:]


def _refuse_targets(targets: Sequence[Path], photos: Sequence[Path], *, overwrite: bool) -> None:
    """Refuse to write over a photo that is to be painted, and over anything unless told to.

    Raises:
        ArtemError: a target is such a file.
    """
    sources = {photo.resolve() for photo in photos}
    for target in targets:
        if target.resolve() in sources:
            raise ArtemError(
                f"The gallery would replace the photo '{target}'.\n  Use another folder with -o."
            )
        if target.exists() and not overwrite:
            raise ArtemError(
                f"'{target}' exists already.\n  Use --overwrite, or another folder with -o."
            )


def _in_a_row(frames: Sequence[Frame]) -> Frame:
    import numpy as np

    gap = np.full((frames[0].shape[0], GAP_PX, 3), 255, np.uint8)
    row = [part for frame in frames for part in (gap, frame)]
    return np.concatenate(row[1:], axis=1)


def _page(styles: Mapping[str, Style], stylizer: Stylizer, photos: int) -> str:
    """The page's text, of the styles by the names of their files."""
    lines = [
        "# Gallery", "",
        f"{len(styles)} styles of {photos} photos, painted by the network "
        f"`{stylizer.network.name}` ({stylizer.precision}) as they are, nothing chosen by hand. "
        "Made by `artem gallery`.", "",
        f"![The photos]({PHOTOS}.jpg)", "",
    ]  # fmt: skip
    for name, style in styles.items():
        credit = ", ".join(part for part in (style.author, style.year) if part)
        lines += [
            f"## {style.title or style.name}", "",
            f"`--style {style.name}`" + (f": {credit}" if credit else ""), "",
            f"![{style.name}]({name}.jpg)", "",
        ]  # fmt: skip
    return "\n".join(lines)
