"""A film in pieces, each whole or absent, so that a run that was killed loses one at most."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from artem.core.files import replacing
from artem.media.encoder import Encoder
from artem.media.protocols import TimedFrame
from artem.media.pyav import Details

SEGMENT_S = 10
LEAD_FRAMES = 44
"""As many frames before a piece are painted again when a run goes on there: what is
carried from frame to frame needs some to be what it was. At the strongest ``--steady``, 0.9 of the
frame before, this leaves 1 % of what is missing."""

ENDS = 1 << 20


@dataclass(frozen=True)
class Segment:
    """A finished piece.

    Attributes:
        file: its video.
        begin_s: time of its first frame.
        frames: in it.
        lead_s: times of its last frames, :data:`LEAD_FRAMES` at most.
        lead_places: where each of these lay, see :class:`~artem.media.follower.Follower`.
        next_s: time of the frame that follows; ``None`` when it is the film's last piece.
    """

    file: Path
    begin_s: Fraction
    frames: int
    lead_s: tuple[Fraction, ...]
    lead_places: tuple[tuple[int, int], ...]
    next_s: Fraction | None


class SegmentFolder:
    """Where the pieces of one film lie, and what they were made by.

    Args:
        target: the film to be; the folder lies beside it, ``TARGET.parts``.
    """

    def __init__(self, target: Path) -> None:
        self.path = target.with_name(f"{target.name}.parts")
        self._suffix = target.suffix

    def begin(self, recipe: dict[str, object]) -> bool:
        """Make the folder ready. Pieces of another recipe are removed.

        Returns:
            Whether there were such.
        """
        told = self.path / "recipe.json"
        text = json.dumps(recipe, sort_keys=True, indent=1, default=str)
        with suppress(OSError, ValueError):
            if told.read_text(encoding="utf-8") == text:
                return False
        had_others = any(self.path.glob("[0-9]*.json"))
        self.remove()
        with replacing(told) as partial:
            partial.write_text(text, encoding="utf-8")
        return had_others

    def finished(self) -> list[Segment]:
        """The pieces that are there, from the first up to the first one that is missing."""
        found: list[Segment] = []
        while (segment := self._read(len(found))) is not None:
            if found and found[-1].next_s != segment.begin_s:
                break
            found.append(segment)
        return found

    def file(self, number: int) -> Path:
        """The video of a piece."""
        return self.path / f"{number:05d}{self._suffix}"

    def write(self, number: int, segment: Segment) -> None:
        """Say that a piece is finished."""
        facts: dict[str, Any] = asdict(segment)
        del facts["file"]
        with replacing(self.path / f"{number:05d}.json") as partial:
            partial.write_text(json.dumps(facts, default=_as_text), encoding="utf-8")

    def write_end(self, report: dict[str, object]) -> None:
        """Say that all pieces are finished, and how the reading went."""
        with replacing(self.path / "end.json") as partial:
            partial.write_text(json.dumps(report), encoding="utf-8")

    def read_end(self) -> dict[str, Any] | None:
        """What :meth:`write_end` wrote; ``None`` when there are pieces to come."""
        with suppress(OSError, ValueError):
            return dict(json.loads((self.path / "end.json").read_text(encoding="utf-8")))
        return None

    def remove(self) -> None:
        """Remove all that we put there, and the folder when nothing else is in it."""
        if not self.path.is_dir():
            return
        for pattern in (
            "[0-9]*.json",
            f"[0-9]*{self._suffix}",
            "recipe.json",
            "end.json",
            ".*.part.*",
        ):
            for file in self.path.glob(pattern):
                file.unlink(missing_ok=True)
        with suppress(OSError):
            self.path.rmdir()

    def _read(self, number: int) -> Segment | None:
        with suppress(OSError, ValueError, KeyError, TypeError):
            facts = json.loads((self.path / f"{number:05d}.json").read_text(encoding="utf-8"))
            file = self.file(number)
            if file.stat().st_size > 0:
                return Segment(
                    file, Fraction(facts["begin_s"]), int(facts["frames"]),
                    tuple(Fraction(one) for one in facts["lead_s"]),
                    tuple((int(down), int(right)) for down, right in facts["lead_places"]),
                    None if facts["next_s"] is None else Fraction(facts["next_s"]),
                )  # fmt: skip
        return None


class SegmentSink:
    """Writes frames as pieces.

    Args:
        folder: for them.
        number: of the next piece.
        start_s: frames before it are not written.
        details: of the film that is painted; its tags are kept.
        rate, time_base_s: of the frames to come.
        on_frame: called after each frame that was written.
        next_place: where the next frame to be put lay.
    """

    def __init__(
        self,
        folder: SegmentFolder,
        *,
        number: int,
        start_s: Fraction,
        details: Details,
        rate: Fraction,
        time_base_s: Fraction,
        segment_s: float = SEGMENT_S,
        on_frame: Callable[[], None] = lambda: None,
        next_place: Callable[[], tuple[int, int]] = lambda: (0, 0),
    ) -> None:
        self.name = str(folder.path)
        self._folder = folder
        self._number = number
        self._start_s = start_s
        self._details = details
        self._rate = rate
        self._time_base_s = time_base_s
        self._segment_s = Fraction(segment_s)
        self._on_frame = on_frame
        self._next_place = next_place
        self._open = ExitStack()
        self._encoder: Encoder | None = None
        self._times_s: list[Fraction] = []
        self._places: list[tuple[int, int]] = []

    def why_not(self) -> str | None:
        """Nothing speaks against it; the folder tells when it is written."""
        return None

    def __enter__(self) -> Self:
        return self

    def put(self, timed: TimedFrame) -> None:
        """Write a frame; the first one of a piece ends the piece before."""
        place = self._next_place()
        if timed.time_s < self._start_s:
            return
        if self._times_s and timed.time_s >= self._times_s[0] + self._segment_s:
            self._finish(timed.time_s)
        if self._encoder is None:
            self._begin(timed)
        assert self._encoder is not None
        pts = round((timed.time_s - (self._times_s or [timed.time_s])[0]) / self._time_base_s)
        try:
            self._encoder.put(timed.frame, pts)
        except OSError as error:
            self._drop(error)
        self._times_s.append(timed.time_s)
        self._places.append(place)
        self._on_frame()

    def idle(self) -> None:
        """Nothing to do."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._encoder is None:
            return
        if error is None:
            self._finish(None)
        else:
            self._drop(error)

    def _begin(self, timed: TimedFrame) -> None:
        partial = self._open.enter_context(replacing(self._folder.file(self._number)))
        height, width = timed.frame.shape[:2]
        self._encoder = Encoder(
            partial, width_px=width, height_px=height, rate=self._rate,
            time_base_s=self._time_base_s, colors=self._details.colors,
            rotation=self._details.rotation, pixel_aspect=self._details.pixel_aspect,
        )  # fmt: skip

    def _finish(self, next_s: Fraction | None) -> None:
        assert self._encoder is not None
        encoder, self._encoder = self._encoder, None
        with self._open:
            encoder.close()
        segment = Segment(
            self._folder.file(self._number), self._times_s[0], len(self._times_s),
            tuple(self._times_s[-LEAD_FRAMES:]), tuple(self._places[-LEAD_FRAMES:]), next_s,
        )  # fmt: skip
        self._folder.write(self._number, segment)
        self._number += 1
        self._times_s, self._places = [], []

    def _drop(self, error: BaseException) -> None:
        """Give up the piece at hand; raises when the error is one of writing."""
        encoder, self._encoder = self._encoder, None
        if encoder is not None:
            with suppress(OSError):
                encoder.close(flush=False)
        self._open.__exit__(type(error), error, error.__traceback__)


def identity_of(file: Path) -> str:
    """A digest of a large file's size, date and both ends: quick, and enough to tell two apart."""
    facts = file.stat()
    digest = hashlib.sha256(f"{facts.st_size} {facts.st_mtime_ns}".encode())
    with file.open("rb") as stream:
        digest.update(stream.read(ENDS))
        stream.seek(max(0, facts.st_size - ENDS))
        digest.update(stream.read(ENDS))
    return digest.hexdigest()


def _as_text(value: object) -> str:
    return str(value)
