"""Paints one frame after the other, as the controls and the governor say."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from artem.core.color import with_colors_of
from artem.core.errors import ArtemError, NetworkError
from artem.core.network_file import NetworkFile
from artem.core.picture import Frame
from artem.core.style_file import Style
from artem.media.controls import Controls, Settings, blend_of
from artem.media.evener import Evener
from artem.media.follower import Follower
from artem.media.governor import Governor, Rung
from artem.media.opencv import resize, why_no_opencv
from artem.media.protocols import TimedFrame
from artem.media.steady import Steadier
from artem.runtime.library import IDENTITY, StyleChoice, find_network, find_style
from artem.runtime.stylizer import Stylizer
from artem.runtime.versions import version_for

LIGHTER: dict[str, tuple[str, ...]] = {"fine": ("fast", "micro"), "fast": ("micro",)}
"""Shipped networks that may step in for another, the best one first."""

KEPT_BRUSHES = 3

Mask = NDArray[np.float32]
"""``(H, W)``: 1 where the painting goes, 0 where the frame stays."""


@dataclass(frozen=True)
class Way:
    """How a frame of some size is painted: one compiled network for each."""

    network: str
    precision: str
    scale: float
    width_px: int
    height_px: int

    @property
    def working_px(self) -> tuple[int, int]:
        """Width and height at which the network works."""
        return max(1, round(self.width_px * self.scale)), max(1, round(self.height_px * self.scale))


class Painter:
    """From a frame to its painting, of the same size. For one thread at a time.

    Args:
        controls: how to paint; may change between two frames, from any thread.
        networks: the preferred one first, which must have every style; those after it may be
            chosen by the governor for the styles and in the precisions that they have.
        engine, threads: as for :class:`~artem.Stylizer`.
        governor: keeps the frame rate; without it every frame is painted at ``scale``.
        scale: what the sides are multiplied with before painting; the painting is enlarged.
        mask: where to paint; everywhere when ``None``.
        style_at: the style at a time, instead of the controls'.
        on_change: told when something else is done than before, in words.
        in_turn: compile at once what a change asks for, and keep the frame waiting.
            Otherwise the next frames are painted as before until it is ready.

    Attributes:
        way: how the last frame was painted.
        engine, precision: what painted it.

    Raises:
        ArtemError: the style, a network or an engine makes no sense.
    """

    def __init__(
        self,
        controls: Controls,
        *,
        networks: Sequence[str | Path] = ("fast",),
        engine: str = "auto",
        threads: int | None = None,
        governor: Governor | None = None,
        scale: float = 1.0,
        mask: Callable[[TimedFrame], Mask] | None = None,
        style_at: Callable[[Fraction], StyleChoice] | None = None,
        on_change: Callable[[str], None] | None = None,
        in_turn: bool = False,
    ) -> None:
        self.controls = controls
        self.way: Way | None = None
        self._networks = [str(network) for network in networks]
        self._engine = engine
        self._threads = threads
        self._governor = governor
        self._rung = governor.rung if governor else Rung(0, scale, 1.0)
        self._mask = mask
        self._style_at = style_at
        self._on_change = on_change or (lambda text: None)
        self._in_turn = in_turn
        self._brushes: OrderedDict[Way, Stylizer] = OrderedDict()
        self._dipped: dict[Way, Settings] = {}
        self._coming: tuple[Way, Future[Stylizer]] | None = None
        self._failed: tuple[Way, Settings] | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="artem-compile")
        self._steadier: Steadier | None = None
        self._follower: Follower | None = None
        self._evener: Evener | None = None
        self._checked = controls.settings
        self._stand_ins = {name: find_network(name) for name in self._networks[1:]}
        self._versions: dict[str, dict[str, NetworkFile]] = {}
        self._able: tuple[tuple[StyleChoice, str] | None, set[str]] = (None, set())
        self._first = first = self._stylizer(self._networks[0], controls.settings)
        self.engine, self.precision = first.engine, first.precision
        controls.check = self.check

    def check(self, settings: Settings) -> None:
        """Raise an :class:`~artem.ArtemError` unless these settings can be followed."""
        first = self._first
        if settings.precision != self._checked.precision:
            first = self._stylizer(self._networks[0], settings)
        if settings.steady > 0 and self._checked.steady == 0:
            Steadier()
        if settings.even > 0 and self._checked.even == 0:
            Evener()
        first.style_vector(settings.style, strength=settings.strength)
        self._first, self._checked = first, settings

    @property
    def place(self) -> tuple[int, int]:
        """Where the last frame lay (:class:`~artem.media.follower.Follower`); set, the next one
        lies there.
        """
        return (0, 0) if self._follower is None else self._follower.place

    @place.setter
    def place(self, place: tuple[int, int]) -> None:
        self._follower = None
        if follows(self.controls.settings):
            self._follower = Follower()
            self._follower.place = place

    def recipe(self) -> dict[str, object]:
        """All that a painting depends on beside the frame, in a form that can be compared."""
        settings, first = self.controls.settings, self._first
        vectors = {name: first.style_vector(name) for name in blend_of(settings.style)}
        digests = {name: sha256(vector.tobytes()).hexdigest() for name, vector in vectors.items()}
        return {
            "network": first.network.identity,
            "engine": [self.engine, self.precision],
            "styles": digests,
            "scale": self._rung.scale,
            **{field: value for field, value in asdict(settings).items() if field != "recording"},
            "follow": follows(settings),
        }

    def __call__(self, timed: TimedFrame) -> Frame:
        """Paint one frame.

        Raises:
            ArtemError: a style's file has gone since it was chosen, or the like.
        """
        settings = self.controls.settings
        if self._style_at is not None:
            settings = replace(settings, style=self._style_at(timed.time_s))
        wanted = self._way(settings, timed.frame)
        brush, way = self._brush(wanted, settings)
        if way != self.way:
            if self.way is not None:
                self._on_change(describe_way(way))
            self.way = way
        begun_s = time.perf_counter()
        place = self._place(timed.frame, way, settings)
        timed = self._evened(timed, settings)
        painted = self._paint(brush, way, timed.frame, place, settings)
        painted = self._finish(timed, painted, settings)
        if self._governor is not None and way == wanted:
            self._rung = self._governor.note(time.perf_counter() - begun_s) or self._rung
        return painted

    def _evened(self, timed: TimedFrame, settings: Settings) -> TimedFrame:
        if settings.even == 0:
            self._evener = None
            return timed
        self._evener = self._evener or Evener()
        return replace(timed, frame=self._evener(timed.frame, settings.even))

    def _paint(
        self, brush: Stylizer, way: Way, frame: Frame, place: tuple[int, int] | None,
        settings: Settings,
    ) -> Frame:  # fmt: skip
        working = resize(frame, *way.working_px)
        painted = brush(working, place=place)
        if settings.steady > 0:
            self._steadier = self._steadier or Steadier()
            painted = self._steadier(working, painted, settings.steady)
        elif self._steadier is not None:
            self._steadier.reset()
        return resize(painted, way.width_px, way.height_px)

    def _place(self, frame: Frame, way: Way, settings: Settings) -> tuple[int, int] | None:
        """Told by the frame as it came: what is evened depends on frames long gone."""
        if not follows(settings):
            return None
        self._follower = self._follower or Follower()
        return self._follower(frame, way.working_px)

    def _finish(self, timed: TimedFrame, painted: Frame, settings: Settings) -> Frame:
        frame = timed.frame
        if settings.strength == 0:
            painted = frame  # to the bit, at any working size
        if settings.keep_color:
            painted = with_colors_of(frame, painted)
        if self._mask is not None:
            weight = self._mask(timed)[..., None]
            painted = (frame + weight * (painted.astype(np.float32) - frame)).round().astype("u1")
        if settings.split > 0:
            painted = split_view(frame, painted, settings.split)
        return painted

    def _way(self, settings: Settings, frame: Frame) -> Way:
        height, width = frame.shape[:2]
        network, scale = self._networks[self._rung.network], self._rung.scale
        if not self._can_paint(network, settings):
            # The preferred one, at the size at which it costs as much.
            network, scale = self._networks[0], round(self._rung.cost**0.5, 2)
        return Way(network, settings.precision, scale, width, height)

    def _can_paint(self, network: str, settings: Settings) -> bool:
        """Whether a network has the style in the precision; looked up when one of them changes."""
        if network == self._networks[0]:
            return True
        asked = (settings.style, settings.precision)
        if self._able[0] != asked:
            versions = self._versions_in(settings.precision)
            able = {name for name, file in versions.items() if _has(file, settings.style)}
            self._able = (asked, able)
        return network in self._able[1]

    def _versions_in(self, precision: str) -> dict[str, NetworkFile]:
        """The stand-ins that have a version of a precision, by name, as that version."""
        if precision not in self._versions:
            found = self._versions[precision] = {}
            for name, file in self._stand_ins.items():
                with suppress(NetworkError):
                    found[name] = version_for(file, precision=precision, engine=self._engine)
        return self._versions[precision]

    def _brush(self, wanted: Way, settings: Settings) -> tuple[Stylizer, Way]:
        """The stylizer for a way, or while it is being compiled the one in use."""
        now = self.way
        if wanted not in self._brushes:
            if now is None or self._in_turn or not self._goes_on(now, wanted, settings):
                self._keep(wanted, self._compiled(wanted, settings))
            elif (wanted, settings) != self._failed:
                self._prepare(wanted, settings, now)
        way = wanted if wanted in self._brushes or now is None else now
        brush = self._brushes[way]
        self._brushes.move_to_end(way)
        self._dip(brush, way, settings)
        self.engine, self.precision = brush.engine, brush.precision
        return brush, way

    def _goes_on(self, now: Way, wanted: Way, settings: Settings) -> bool:
        """Whether what is in use can paint the frames until another is ready."""
        if (now.width_px, now.height_px) != (wanted.width_px, wanted.height_px):
            return False
        same = self._dipped[now].style == settings.style
        return same or _has(self._brushes[now].network, settings.style)

    def _prepare(self, wanted: Way, settings: Settings, now: Way) -> None:
        """Compile beside the run. What fails is not tried again until something is changed."""
        if self._coming is None:
            self._coming = (wanted, self._pool.submit(self._compiled, wanted, settings))
        elif self._coming[1].done():
            (way, coming), self._coming = self._coming, None
            try:
                self._keep(way, coming.result())
            except ArtemError as error:
                self._failed = (way, settings)
                self._able[1].discard(way.network)
                self._on_change(f"still {describe_way(now)}: {error}")

    def _keep(self, way: Way, brush: Stylizer) -> None:
        self._brushes[way] = brush
        while len(self._brushes) > KEPT_BRUSHES:
            oldest = next(one for one in self._brushes if one not in (way, self.way))
            del self._brushes[oldest]
            self._dipped.pop(oldest, None)

    def _dip(self, brush: Stylizer, way: Way, settings: Settings) -> None:
        """Give the brush its style, when it is another than before."""
        before = self._dipped.get(way)
        if before is None or (before.style, before.strength) != (settings.style, settings.strength):
            brush.set_style(settings.style, strength=settings.strength)
            self._dipped[way] = settings

    def _compiled(self, way: Way, settings: Settings) -> Stylizer:
        """A stylizer that has seen a frame of the size, as engines compile at the first one."""
        brush = self._stylizer(way.network, settings)
        width_px, height_px = way.working_px
        empty = np.zeros((height_px, width_px, 3), np.uint8)
        brush(empty, place=(0, 0) if follows(settings) else None)
        return brush

    def _stylizer(self, network: str, settings: Settings) -> Stylizer:
        return Stylizer(
            settings.style, network=network, precision=settings.precision, engine=self._engine,
            threads=self._threads, strength=settings.strength,
        )  # fmt: skip


def follows(settings: Settings) -> bool:
    """Whether strokes move with the scene, as asked for and as possible here."""
    return settings.follow and why_no_opencv() is None


def networks_for(network: str = "fast") -> list[str]:
    """A network, and those of the library that may step in for it."""
    found = [network]
    for name in LIGHTER.get(network, ()):
        with suppress(NetworkError):
            find_network(name)
            found.append(name)
    return found


def _has(network: NetworkFile, choice: StyleChoice) -> bool:
    """Whether every style of a choice is there for a network, or can be predicted for it."""
    styles: list[str | Path | Style] = list(choice) if isinstance(choice, Mapping) else [choice]
    try:
        found = [find_style(style, network) for style in styles]
    except ArtemError:  # a picture, and no predictor
        return False
    return all(one.name == IDENTITY.name or network.identity in one.vectors for one in found)


def split_view(frame: Frame, painted: Frame, split: float) -> Frame:
    """The left part as it was, a thin line, the rest painted."""
    width = frame.shape[1]
    column = round(width * split)
    both = painted.copy()
    both[:, :column] = frame[:, :column]
    if 0 < column < width:
        thickness = max(1, width // 400)
        both[:, column : column + thickness] = 255
    return both


def describe_way(way: Way) -> str:
    """``painting with fast at 71 % of the size``."""
    size = "at full size" if way.scale == 1 else f"at {100 * way.scale:.0f} % of the size"
    return f"painting with {way.network} {size}"
