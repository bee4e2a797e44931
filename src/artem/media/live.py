"""A live run: the pipeline, with figures on the picture and recordings beside it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

from artem.media.controls import Controls, blend_of
from artem.media.figures import Figures
from artem.media.overlay import write_on
from artem.media.painter import Painter
from artem.media.pipeline import Pipeline
from artem.media.protocols import MediaError, Sink, Source, TimedFrame
from artem.media.sinks.video_file import VideoFileSink

REFRESH_S = Fraction(1, 2)
"""Figures that change with every frame cannot be read."""


class LiveOutput:
    """A sink before another one: records what comes, without the figures, and shows it with them.

    Args:
        sink: the other one.
        controls: say whether to show figures, and whether to record.
        describe: the figures as text.
        record_to: a new sink for each recording.
        say: told where a recording is, and when it fails; it stops no run.
    """

    def __init__(
        self,
        sink: Sink,
        controls: Controls,
        *,
        describe: Callable[[], str],
        record_to: Callable[[], Sink],
        say: Callable[[str], None],
    ) -> None:
        self.name = sink.name
        self._sink = sink
        self._controls = controls
        self._describe = describe
        self._record_to = record_to
        self._say = say
        self._recorder: Sink | None = None
        self._recording_since_s = Fraction(0)
        self._text = ""
        self._text_at_s = -REFRESH_S

    def why_not(self) -> str | None:
        """What the other says."""
        return self._sink.why_not()

    def __enter__(self) -> Self:
        self._sink.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with ExitStack() as both:
            both.push(self._sink.__exit__)
            self._end_recording()

    def put(self, timed: TimedFrame) -> None:
        """Record and show a frame."""
        settings = self._controls.settings
        if settings.recording:
            self._record(timed)
        elif self._recorder is not None:
            self._end_recording()
        if settings.overlay:
            if timed.time_s - self._text_at_s >= REFRESH_S:
                self._text, self._text_at_s = self._describe(), timed.time_s
            timed = TimedFrame(write_on(timed.frame, self._text), timed.time_s)
        self._sink.put(timed)

    def idle(self) -> None:
        """Pass it on."""
        self._sink.idle()

    def _record(self, timed: TimedFrame) -> None:
        try:
            if self._recorder is None:
                recorder = self._record_to()
                recorder.__enter__()
                self._recorder, self._recording_since_s = recorder, timed.time_s
            since_s = timed.time_s - self._recording_since_s
            self._recorder.put(TimedFrame(timed.frame, since_s))
        except MediaError as error:
            self._say(str(error))
            self._controls.change(recording=False)
            self._end_recording()

    def _end_recording(self) -> None:
        recorder, self._recorder = self._recorder, None
        if recorder is None:
            return
        try:
            recorder.__exit__(None, None, None)
        except MediaError as error:
            self._say(str(error))
        else:
            self._say(f"recorded {recorder.name}")


def run_live(
    source: Source,
    sink: Sink,
    painter: Painter,
    *,
    newest_only: bool | None = None,
    seconds: float | None = None,
    frames: int | None = None,
    recordings: str | Path = ".",
    say: Callable[[str], None] = lambda text: None,
    on_begin: Callable[[Pipeline], None] = lambda pipeline: None,
) -> Figures:
    """Paint from a source to a sink until one of them ends.

    Args:
        source, sink, newest_only, seconds, frames: see :class:`~artem.media.pipeline.Pipeline`.
        painter: with its controls, which may change at any time.
        recordings: folder for what is recorded.
        say: told what is worth a line.
        on_begin: given the pipeline, whose figures can be read and which can be stopped.

    Raises:
        ArtemError: source, sink or painter failed.
    """

    def describe() -> str:
        return describe_run(pipeline.figures, painter)

    def record_to() -> Sink:
        begun = f"artem-{datetime.now():%Y-%m-%d-%H%M%S}"
        path, number = Path(recordings) / f"{begun}.mp4", 1
        while path.exists():  # another one of this second
            number += 1
            path = path.with_stem(f"{begun}-{number}")
        return VideoFileSink(path, fps=source.fps)

    output = LiveOutput(sink, painter.controls, describe=describe, record_to=record_to, say=say)
    pipeline = Pipeline(source, painter, output, newest_only=newest_only)
    on_begin(pipeline)
    return pipeline.run(seconds=seconds, frames=frames)


def describe_run(figures: Figures, painter: Painter) -> str:
    """Two lines: how fast, and how it is painted."""
    settings, way = painter.controls.settings, painter.way
    style = " + ".join(blend_of(settings.style))
    size = "" if way is None or way.scale == 1 else f" at {100 * way.scale:.0f} %"
    network = "" if way is None else f"{way.network}{size}, "
    recording = "   recording" if settings.recording else ""
    return (
        f"{figures.fps:.1f} fps   latency {figures.median_ms:.0f} ms (p95 {figures.p95_ms:.0f})"
        f"   dropped {figures.dropped}{recording}\n"
        f"{style} {settings.strength:.1f}   {network}{painter.engine} {painter.precision}"
    )
