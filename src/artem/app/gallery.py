"""``artem gallery``: a page of photos in every style."""

from __future__ import annotations

from collections.abc import Sequence
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

    page = out / PAGE
    if page.exists() and not overwrite:
        raise ArtemError(f"'{page}' exists already.\n  Use --overwrite, or another folder with -o.")
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
    save_picture(out / "photos.jpg", _in_a_row(frames))
    with show_progress() as show:
        for index, one in enumerate(found):
            show(index, len(found), one.name)
            stylizer.set_style(one)
            save_picture(out / f"{one.name}.jpg", _in_a_row([stylizer(f) for f in frames]))
    with replacing(page) as partial:
        partial.write_text(_page(found, stylizer, len(frames)), encoding="utf-8")
    say(f"{len(found)} styles of {len(frames)} photos.")
    typer.echo(f"wrote {page}")


def _in_a_row(frames: Sequence[Frame]) -> Frame:
    import numpy as np

    gap = np.full((frames[0].shape[0], GAP_PX, 3), 255, np.uint8)
    row = [part for frame in frames for part in (gap, frame)]
    return np.concatenate(row[1:], axis=1)


def _page(styles: Sequence[Style], stylizer: Stylizer, photos: int) -> str:
    lines = [
        "# Gallery", "",
        f"{len(styles)} styles of {photos} photos, painted by the network "
        f"`{stylizer.network.name}` ({stylizer.precision}) as they are, nothing chosen by hand. "
        "Made by `artem gallery`.", "",
        "![The photos](photos.jpg)", "",
    ]  # fmt: skip
    for style in styles:
        credit = ", ".join(part for part in (style.author, style.year) if part)
        lines += [
            f"## {style.title or style.name}", "",
            f"`--style {style.name}`" + (f": {credit}" if credit else ""), "",
            f"![{style.name}]({style.name}.jpg)", "",
        ]  # fmt: skip
    return "\n".join(lines)
