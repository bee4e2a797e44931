"""Capture, painting and output, each in a thread of its own, so that they overlap."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from fractions import Fraction

from artem.core.picture import Frame
from artem.media.figures import Figures, Meter
from artem.media.handover import ClosedError, Handover
from artem.media.protocols import Sink, SinkClosedError, Source, TimedFrame

WAITING_FRAMES = 3
"""How many may lie between two threads where none is dropped."""

PATIENCE_S = 0.1
LAST_WORDS_S = 5.0
"""How long threads get to end; one stuck in a device's driver is left behind."""

Arrived = tuple[TimedFrame, float]


class Pipeline:
    """Frames from a source through a painter to a sink.

    A live source's frames that come while the painter is busy are dropped but for the
    newest, and so are painted ones that the sink cannot take: no queue, so the latency
    cannot grow. Of a source that is not live every frame arrives, in order.

    The sink is fed from the thread that calls :meth:`run`, as windows ask for.

    Args:
        source, sink: entered and left by :meth:`run`.
        paint: from a frame to its painting.
        newest_only: drop late frames; as the source is live or not, when ``None``.
        clock: seconds, for the figures alone.

    Attributes:
        meter: what passed.
    """

    def __init__(
        self,
        source: Source,
        paint: Callable[[TimedFrame], Frame],
        sink: Sink,
        *,
        newest_only: bool | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        newest_only = source.live if newest_only is None else newest_only
        capacity = 1 if newest_only else WAITING_FRAMES
        self.meter = Meter()
        self._source = source
        self._paint = paint
        self._sink = sink
        self._clock = clock
        self._captured: Handover[Arrived] = Handover(capacity, newest_wins=newest_only)
        self._painted: Handover[Arrived] = Handover(capacity, newest_wins=newest_only)
        self._stopped = threading.Event()

    @property
    def figures(self) -> Figures:
        """How it goes."""
        return self.meter.figures(self._captured.dropped + self._painted.dropped)

    def stop(self) -> None:
        """End the run after the frame at hand; from any thread."""
        self._stopped.set()

    def run(self, *, seconds: float | None = None, frames: int | None = None) -> Figures:
        """Run until the source has no more, the sink is closed, or it was long enough.

        Args:
            seconds: of the source's time.
            frames: to put.

        Raises:
            MediaError: source or sink failed; whatever was put before stays.
            KeyboardInterrupt: after all is closed.
        """
        end_s = None if seconds is None else Fraction(seconds)
        threads = [
            threading.Thread(target=work, name=f"artem-{work.__name__.strip('_')}", daemon=True)
            for work in (self._capture, self._work)
        ]
        try:
            with self._sink:
                for thread in threads:
                    thread.start()
                self._put_all(end_s, frames)
        except SinkClosedError:
            pass
        finally:
            self.stop()
            self._captured.abandon()
            self._painted.abandon()
            for thread in threads:
                if thread.ident is not None:
                    thread.join(LAST_WORDS_S)
        return self.figures

    def _put_all(self, end_s: Fraction | None, frames: int | None) -> None:
        put = 0
        while not self._stopped.is_set() and (frames is None or put < frames):
            try:
                arrived = self._painted.get(PATIENCE_S)
            except ClosedError:
                return
            if arrived is None:
                self._sink.idle()
                continue
            timed, captured_s = arrived
            if end_s is not None and timed.time_s >= end_s:
                return
            self._sink.put(timed)
            self.meter.shown(captured_s, self._clock())
            put += 1

    def _capture(self) -> None:
        try:
            with self._source as source:
                for timed in source:
                    if self._stopped.is_set():
                        break
                    if timed is not None:
                        now_s = self._clock()
                        self.meter.begin(now_s)
                        self._captured.put((timed, now_s))
        except ClosedError:
            pass
        except BaseException as error:  # handed on to the thread that called
            self._captured.close(error)
        else:
            self._captured.close()

    def _work(self) -> None:
        try:
            while (arrived := self._captured.get()) is not None:
                timed, captured_s = arrived
                painted = TimedFrame(self._paint(timed), timed.time_s)
                self._painted.put((painted, captured_s))
        except ClosedError:
            self._painted.close()
        except BaseException as error:  # handed on to the thread that called
            self._painted.close(error)
            self._captured.abandon()
