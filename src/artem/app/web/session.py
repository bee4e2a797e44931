"""A session: one page's painting, with settings, working size and figures of its own."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection
from typing import Any

from artem.app.web.look import Look, MessageError, changed_look
from artem.app.web.sizes import LONG_SIDES_PX, WorkingSize
from artem.app.web.streams import Stream, Streams
from artem.app.web.studio import Brush, Studio
from artem.core.errors import ArtemError
from artem.core.picture import Frame
from artem.media.follower import Follower
from artem.media.opencv import why_no_opencv
from artem.media.steady import Steadier

LONGEST_MESSAGE = 4096
"""Of settings, in characters."""

IDLE_S = 60.0
"""A page that sent no frame for so long may lose its place to another."""

SIZES_APART_S = 1.0
"""Between two frames of new sizes: the engine compiles for each, and all wait meanwhile."""

FIGURES_EACH_S = 1.0

MESSAGES = ("look", "source", "share", "size")

Tell = Callable[[dict[str, Any]], Awaitable[None]]


class Session:
    """What is the same whether frames come by WebSocket or by WebRTC.

    Args:
        studio: paints.
        streams: where it can be shared.
        look: to begin with.
        fps: the frame rate that the working size is chosen for.
        tell: sends a message to the page.
        clock: seconds that only go forward.

    Attributes:
        look: in force now.
        dismissed: set when the place is needed by another.
        stream: where others watch, while it is shared.
    """

    def __init__(
        self,
        studio: Studio,
        streams: Streams,
        look: Look,
        *,
        fps: float,
        tell: Tell,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.look = look
        self.dismissed = asyncio.Event()
        self.stream: Stream | None = None
        self._studio = studio
        self._streams = streams
        self._tell = tell
        self._clock = clock
        self._brush: Brush | None = None
        self._size = WorkingSize(fps)
        self._fixed_px: int | None = None
        self._steadier: Steadier | None = None
        self._follower: Follower | None = None
        self._live = True
        self._shape: tuple[int, ...] = ()
        self._sized_s = float("-inf")
        self._costs_s: deque[float] = deque(maxlen=30)
        self._told_s = self.last_used_s = clock()

    @property
    def idle_s(self) -> float:
        """Seconds since the last frame."""
        return self._clock() - self.last_used_s

    @property
    def long_side(self) -> int:
        """What the longer side of live frames shall be, in pixels: as asked for, or governed."""
        return self._fixed_px or self._size.long_side

    async def greet(self) -> None:
        """Tell the page what it needs to begin."""
        self._brush = await self._studio.prepare(self.look)
        await self._tell(
            {
                "type": "hello",
                "look": self.look.as_dict(),
                "long_side": self.long_side,
                **self._studio.engine,
            }
        )

    async def hear(self, text: str, *, allowed: Collection[str] = MESSAGES) -> None:
        """Follow a message from the page; what is wrong with it is told, and all stays."""
        try:
            message = _parsed(text)
            if message["type"] not in allowed:
                raise MessageError("A message of this type means nothing here.")
            match message["type"]:
                case "look":
                    look = changed_look(self.look, message, self._studio.styles)
                    if look.steady > 0 and (reason := why_no_opencv()) is not None:
                        raise MessageError(f"Steady cannot be used here: {reason}.")
                    self._brush = await self._studio.prepare(look)
                    self.look = look
                    await self._tell({"type": "look", "look": look.as_dict()})
                case "source":
                    self._live = message.get("live") is not False
                    self._steadier = self._follower = None
                case "size":
                    side_px = message.get("long_side")
                    if side_px is not None and side_px not in LONG_SIDES_PX:
                        raise MessageError("The working size is none of those offered.")
                    self._fixed_px = side_px
                case "share":
                    await self._share(message.get("on") is True)
        except ArtemError as error:
            await self._tell({"type": "error", "error": str(error)})

    async def paint(self, frame: Frame) -> Frame:
        """Paint the next frame; the working size is governed on the way.

        Raises:
            ArtemError: it cannot be painted.
        """
        assert self._brush is not None, "greet comes first"
        self.last_used_s = self._clock()
        await self._space_sizes(frame.shape)
        began_s = self._clock()
        place = (0, 0)
        if self._live and why_no_opencv() is None:
            place = await self._studio.beside(self._followed, frame)
        painted = await self._studio.paint(frame, self._brush, place)
        if self.look.steady > 0 and self._live:
            painted = await self._studio.beside(self._steadied, frame, painted)
        now_s = self._clock()
        self._costs_s.append(now_s - began_s)
        if self._live and self._size.follow(max(frame.shape[:2]), now_s - began_s):
            await self._tell({"type": "size", "long_side": self._size.long_side})
        if now_s - self._told_s >= FIGURES_EACH_S:
            self._told_s = now_s
            await self._tell(
                {
                    "type": "figures",
                    "paint_ms": round(1000 * statistics.median(self._costs_s), 1),
                    "viewers": 0 if self.stream is None else self.stream.viewers,
                }
            )
        return painted

    def show(self, jpeg: bytes) -> None:
        """Let those who watch see a painted frame."""
        if self.stream is not None:
            self._streams.put(self.stream, jpeg)

    def close(self) -> None:
        """Nobody can watch it any more."""
        if self.stream is not None:
            self._streams.close(self.stream)
            self.stream = None

    def _followed(self, frame: Frame) -> tuple[int, int]:
        follower = self._follower = self._follower or Follower()
        return follower(frame)

    def _steadied(self, frame: Frame, painted: Frame) -> Frame:
        steadier = self._steadier = self._steadier or Steadier()
        return steadier(frame, painted, self.look.steady)

    async def _share(self, on: bool) -> None:
        if on and self.stream is None:
            self.stream = self._streams.open()
        elif not on:
            self.close()
        name = None if self.stream is None else self.stream.name
        await self._tell({"type": "shared", "stream": name})

    async def _space_sizes(self, shape: tuple[int, ...]) -> None:
        if shape == self._shape:
            return
        if (wait_s := self._sized_s + SIZES_APART_S - self._clock()) > 0:
            await asyncio.sleep(wait_s)
        self._shape, self._sized_s = shape, self._clock()


def _parsed(text: str) -> dict[str, Any]:
    if len(text) > LONGEST_MESSAGE:
        raise MessageError(f"A message may have {LONGEST_MESSAGE} characters.")
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise MessageError("A message must be JSON.") from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise MessageError("A message must be a JSON object with a type.")
    return message


class Seats:
    """How many may paint at a time. One who is idle gives way to a newcomer.

    Args:
        limit: the number of sessions.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken: list[Session] = []

    def take(self, session: Session) -> None:
        """Give the session a place.

        Raises:
            ArtemError: all are taken, and all are in use.
        """
        if len(self._taken) >= self._limit:
            idlest = max(self._taken, key=lambda one: one.idle_s)
            if idlest.idle_s < IDLE_S:
                raise ArtemError(
                    f"All places for painting are taken here ({self._limit}).\n"
                    f"  Try again later, or start the server with more --sessions."
                )
            idlest.dismissed.set()
            self._taken.remove(idlest)
        self._taken.append(session)

    def leave(self, session: Session) -> None:
        """Free its place, if it still has one."""
        if session in self._taken:
            self._taken.remove(session)
