"""``artem live``: cameras, screens and videos, painted while you watch."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from artem.app.say import counted, say
from artem.core.errors import ArtemError

if TYPE_CHECKING:
    from artem.media.painter import Painter
    from artem.media.pipeline import Pipeline

DEFAULT_STYLE = "great-wave"
USUAL_FPS = 30.0
"""What is kept when neither the user nor the source says a rate."""

STATUS_S = 0.5


def live(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="webcam, webcam:NUMBER, screen, pattern, a video, a folder, an address.",
        ),
    ],
    style: StyleOption = None,
    sink: Annotated[
        str,
        typer.Option(
            metavar="SINK", help="window, null, camera, pipe, a video's name, or a FOLDER/."
        ),
    ] = "window",
    strength: StrengthOption = None,
    keep_color: KeepColorOption = False,
    steady: SteadyOption = None,
    no_follow: NoFollowOption = False,
    even: EvenOption = None,
    region: Annotated[
        str | None, typer.Option(metavar="X,Y,W,H", help="Part of the screen, in pixels.")
    ] = None,
    size: Annotated[
        str | None, typer.Option(metavar="WxH", help="What to ask the camera or the pattern for.")
    ] = None,
    fps: Annotated[
        float | None,
        typer.Option(
            min=1, max=240, help="Ask the source for it, and keep it by painting smaller."
        ),
    ] = None,
    scale: ScaleOption = None,
    every_frame: Annotated[
        bool, typer.Option("--every-frame", help="Of a video: drop none, keep no time.")
    ] = False,
    seconds: Annotated[float | None, typer.Option(min=0, help="End after so long.")] = None,
    frames: Annotated[int | None, typer.Option(min=1, help="End after so many.")] = None,
    overlay: Annotated[
        bool | None,
        typer.Option("--overlay/--no-overlay", help="Figures on the picture; on in a window."),
    ] = None,
    pipe_format: Annotated[
        str | None, typer.Option(metavar="NAME", help="For --sink pipe: y4m or rgb24.")
    ] = None,
    recordings: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where the key r records to.")
    ] = Path("."),
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a video that exists.")
    ] = False,
    only: OnlyOption = None,
    mask: MaskOption = None,
    mask_model: MaskModelOption = None,
    network: NetworkOption = None,
    engine: EngineOption = None,
    precision: PrecisionOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Paint a camera, the screen, a video or a stream, live.

    In the window, h shows the keys: styles, blend, strength, split view, recording.
    """
    region_px = None if region is None else parse_region(region)
    size_px = None if size is None else parse_size(size)
    where = mask_from(only, mask, mask_model)
    from artem.media.catalog import sink_by_name, source_by_name
    from artem.media.controls import Controls, Settings
    from artem.media.governor import Governor, ladder
    from artem.media.keys import Keys
    from artem.media.live import describe_run, run_live
    from artem.media.painter import Painter, networks_for
    from artem.media.sinks.video_file import VideoFileSink
    from artem.runtime.library import style_files

    rate = None if fps is None else Fraction(fps).limit_denominator(1001)
    came_from = source_by_name(
        source, fps=rate, size_px=size_px, region=region_px, every_frame=every_frame, say=say
    )
    controls = Controls(
        Settings(
            blend_from(style or [DEFAULT_STYLE]),
            overlay=sink == "window" if overlay is None else overlay,
            **given(
                strength=strength, keep_color=keep_color or None, steady=steady,
                follow=False if no_follow else None,
                even=even, precision=precision,
            ),
        )
    )  # fmt: skip
    keys = Keys(controls, list(style_files()), say=say)
    goes_to = sink_by_name(
        sink, fps=rate or came_from.fps, overwrite=overwrite, press=keys.press,
        **given(pipe_format=pipe_format),
    )  # fmt: skip
    film = Path(source).expanduser()
    if isinstance(goes_to, VideoFileSink) and film.resolve() == goes_to.path.resolve():
        raise ArtemError(f"'{sink}' is the source.\n  Give another --sink.")
    for end, kind in ((came_from, "source"), (goes_to, "sink")):
        reason = end.why_not()
        if reason is not None:
            raise ArtemError(f"The {kind} '{end.name}' cannot be used: {reason}.")
    networks = networks_for(**given(network=network))
    governor = None
    if came_from.live and scale is None:
        governor = Governor(fps or float(came_from.fps or USUAL_FPS), ladder(len(networks)))
    painter = Painter(
        controls, networks=networks, governor=governor, mask=where, on_change=say,
        in_turn=not came_from.live, **given(engine=engine, threads=threads, scale=scale),
    )  # fmt: skip
    begun: list[Pipeline] = []
    stopped = False
    with _ended_by_signals(), _status(begun, painter, shown=sink != "window"):
        try:
            run_live(
                came_from, goes_to, painter, seconds=seconds, frames=frames,
                recordings=recordings, say=say, on_begin=begun.append,
            )  # fmt: skip
        except KeyboardInterrupt:  # the usual way to end it
            stopped = True
    figures = begun[0].figures
    say(
        f"{'stopped; ' if stopped else ''}{counted(figures.shown, 'frame')} in"
        f" {figures.seconds:.1f} s: {figures.mean_fps:.1f} fps on average\n"
        f"{describe_run(figures, painter)}"
    )


def parse_region(text: str) -> tuple[int, int, int, int]:
    """``X,Y,W,H``; X and Y may be negative, for a screen to the left."""
    found = re.fullmatch(r"(-?\d+),(-?\d+),(\d+),(\d+)", text.replace(" ", ""))
    if not found:
        raise ArtemError(f"'{text}' is no region.\n  Write it like 0,0,640,480: X,Y,WIDTH,HEIGHT.")
    x, y, width, height = (int(part) for part in found.groups())
    return x, y, width, height


def parse_size(text: str) -> tuple[int, int]:
    """``WxH``."""
    found = re.fullmatch(r"([1-9]\d{0,4})[xX]([1-9]\d{0,4})", text)
    if not found:
        raise ArtemError(f"'{text}' is not a frame size.\n  Write it like 1280x720.")
    return int(found[1]), int(found[2])


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """A shutdown or a closed terminal ends a run as Ctrl-C does: what was shown is kept."""
    names = ("SIGTERM", "SIGHUP", "SIGBREAK")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, signal.default_int_handler) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _status(begun: list[Pipeline], painter: Painter, *, shown: bool) -> Iterator[None]:
    """The figures in the terminal, where no window shows them; nothing into a file."""
    from rich.console import Console

    from artem.media.live import describe_run

    console = Console(stderr=True)
    if not shown or not console.is_terminal:
        yield
        return
    ended = threading.Event()
    with console.status("opening") as status:

        def refresh() -> None:
            while not ended.wait(STATUS_S):
                if begun:
                    status.update(describe_run(begun[0].figures, painter).replace("\n", "   "))

        thread = threading.Thread(target=refresh, name="artem-status", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
