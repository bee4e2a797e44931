"""``artem video``: films in, painted films out, with their sound."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from artem.app.options import EngineOption, NetworkOption, PrecisionOption, ThreadsOption, given
from artem.app.painter_options import (
    EvenOption,
    KeepColorOption,
    MaskModelOption,
    MaskOption,
    NoFollowOption,
    OnlyOption,
    ScaleOption,
    SteadyOption,
    StrengthOption,
    StyleOption,
    blend_from,
    mask_from,
)
from artem.app.say import complain, counted, note, say
from artem.core.errors import ArtemError

if TYPE_CHECKING:
    from artem.media.film import Film, Report
    from artem.media.painter import Painter


def video(
    films: Annotated[list[Path], typer.Argument(metavar="VIDEO", help="Video files.")],
    style: StyleOption = None,
    out: Annotated[
        Path,
        typer.Option("--output", "-o", help="A folder; or a file, when there is one video."),
    ] = Path("stylized"),
    strength: StrengthOption = None,
    keep_color: KeepColorOption = False,
    steady: SteadyOption = None,
    no_follow: NoFollowOption = False,
    even: EvenOption = None,
    blend: Annotated[
        str | None,
        typer.Option(
            metavar="KEYFRAMES", help='Styles along the film: "0:great-wave 5:starry-night".'
        ),
    ] = None,
    fps: Annotated[
        float | None, typer.Option(min=1, max=240, help="Another frame rate, an even one.")
    ] = None,
    size: Annotated[
        int | None, typer.Option(min=16, metavar="PIXELS", help="Longer side at most.")
    ] = None,
    scale: ScaleOption = None,
    only: OnlyOption = None,
    mask: MaskOption = None,
    mask_model: MaskModelOption = None,
    network: NetworkOption = None,
    engine: EngineOption = None,
    precision: PrecisionOption = None,
    threads: ThreadsOption = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace results that exist.")
    ] = False,
) -> None:
    """Paint videos; sound, frame times, rotation and color tags stay as they are.

    A run that was stopped goes on where it was when it is started again.
    """  # fmt: skip
    if (style is None) == (blend is None):
        raise ArtemError(
            "Say in which style: --style NAME, or --blend with keyframes; not both.\n"
            "  See all styles with: artem styles"
        )
    targets = plan(films, out, overwrite=overwrite)
    from artem.media.controls import Controls, Settings
    from artem.media.film import Film
    from artem.media.keyframes import Keyframes
    from artem.media.masks import PictureMask
    from artem.media.painter import Painter

    keyframes = None if blend is None else Keyframes(blend)
    weights = dict.fromkeys(keyframes.styles, 1.0) if keyframes else blend_from(style or [])
    failed = 0
    for source, target in targets.items():
        where = mask_from(only, mask, mask_model)
        settings = Settings(
            weights,
            **given(
                strength=strength, keep_color=keep_color or None, steady=steady,
                follow=False if no_follow else None,
                even=even, precision=precision,
            ),
        )  # fmt: skip
        painter = Painter(
            Controls(settings), mask=where, style_at=keyframes, in_turn=True,
            **given(
                networks=None if network is None else [network], engine=engine, threads=threads,
                scale=scale,
            ),
        )  # fmt: skip
        recipe: dict[str, object] = {
            "painter": painter.recipe(),
            "blend": blend,
            "mask": [_digest(path) for path in (mask, mask_model)] + [only],
        }
        try:
            film = Film(
                source, target, longest_px=size,
                fps=None if fps is None else Fraction(fps).limit_denominator(1001),
            )  # fmt: skip
            for text in film.notes:
                note(f"'{source}': {text}.")
            counting = where if isinstance(where, PictureMask) else None
            report = _paint(film, painter, recipe, counting)
        except ArtemError as error:
            complain(str(error))
            failed += 1
            continue
        failed += not _tell(source, target, report)
    if failed:
        raise typer.Exit(1)


def plan(films: Sequence[Path], out: Path, *, overwrite: bool) -> dict[Path, Path]:
    """The target of each film.

    Raises:
        ArtemError: two would land on one place, on an input, or on a file that exists.
    """
    from artem.media.encoder import CODECS

    missing = [film for film in films if not film.is_file()]
    if missing:
        raise ArtemError(f"There is no file '{missing[0]}'.\n  Check the name.")
    if out.suffix.lower() in CODECS and not out.is_dir():
        if len(films) > 1:
            raise ArtemError(f"'{out}' is one file, and there are {len(films)} videos.\n"
                             f"  Give a folder with -o.")  # fmt: skip
        targets = {films[0]: out}
    elif re.fullmatch(r"\.[a-z]\w{1,4}", out.suffix.lower()) and not out.is_dir():
        raise ArtemError(
            f"'{out}' does not end like a video that can be written.\n"
            f"  Use {' '.join(CODECS)}, or a folder's name without an ending."
        )
    else:
        targets = {
            film: out / (film.name if film.suffix.lower() in CODECS else f"{film.stem}.mp4")
            for film in films
        }
    for film, target in targets.items():
        if target.resolve() in {one.resolve() for one in films}:
            raise ArtemError(f"'{target}' is an input.\n  Give another place with -o.")
        if sum(target == other for other in targets.values()) > 1:
            raise ArtemError(f"'{film}' is not the only one that would be written to '{target}'.\n"
                             f"  Paint them one by one.")  # fmt: skip
        if target.exists() and not overwrite:
            raise ArtemError(f"'{target}' exists already.\n  Use --overwrite, or another -o.")
    return targets


def _paint(film: Film, painter: Painter, recipe: dict[str, object], mask: Any) -> Report:
    from artem.media.painter import follows
    from artem.media.segments import LEAD_FRAMES

    settings = painter.controls.settings
    carries = settings.steady > 0 or settings.even > 0
    lead = LEAD_FRAMES if carries else int(follows(settings))  # one frame, to tell motion by
    with _progress(film) as (begin, advance):
        try:
            return film.paint(
                painter, recipe=recipe, mask=mask, lead=lead,
                on_begin=begin, on_frame=advance, say=note,
            )  # fmt: skip
        except KeyboardInterrupt:
            say(
                f"stopped; what is finished stays in '{film.parts}', and the same command"
                f" goes on from there."
            )
            raise typer.Exit(130) from None


def _tell(source: Path, target: Path, report: Report) -> bool:
    """Say what became of it; whether all of the film was there."""
    resumed = f" ({report.resumed_frames} from an earlier run)" if report.resumed_frames else ""
    typer.echo(f"wrote {target}: {counted(report.frames, 'frame')}{resumed}")
    if report.cut_off_s is not None:
        complain(
            f"'{source}' ends early, after {report.cut_off_s:.1f} s; all that could be read is in"
            f" '{target}'."
        )
        return False
    if report.damaged:
        note(f"'{source}' is damaged: {counted(report.damaged, 'packet')} could not be decoded.")
    return True


def _digest(path: Path | None) -> str | None:
    if path is None:
        return None
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    facts = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    return hashlib.sha256(repr(facts).encode()).hexdigest()


@contextmanager
def _progress(film: Film) -> Iterator[tuple[Callable[[int], None], Callable[[], None]]]:
    """A bar with the time left: what to call at the begin, and after each frame."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(),
        TextColumn("frames"), TimeRemainingColumn(),
    )  # fmt: skip
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task(film.source.name, total=film.frames)
        yield (
            lambda there: progress.reset(task, completed=there),
            lambda: progress.advance(task),
        )
