"""A whole film, painted frame by frame, its sound kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from artem import __version__
from artem.core.picture import Frame
from artem.media.encoder import CODEC_OPTIONS, codec_of, even
from artem.media.joining import check_sound, join
from artem.media.masks import PictureMask
from artem.media.opencv import resize
from artem.media.painter import Painter
from artem.media.pipeline import Pipeline
from artem.media.protocols import MediaError, Source, TimedFrame
from artem.media.pyav import Details
from artem.media.segments import SEGMENT_S, SegmentFolder, SegmentSink, identity_of
from artem.media.sources.resampled import Resampled
from artem.media.sources.video_file import VideoFile


@dataclass(frozen=True)
class Report:
    """What became of a film.

    Attributes:
        frames: in the result.
        resumed_frames: of these, from an earlier run.
        cut_off_s: where the source ended before its stated length, or ``None``.
        damaged: packets of it that could not be decoded.
    """

    frames: int
    resumed_frames: int
    cut_off_s: float | None
    damaged: int


class Film:
    """One film to paint. Everything that can be refused is refused here, before any work.

    Args:
        source: the film.
        target: where to; the ending decides on the container.
        fps: another frame rate, of even frames.
        longest_px: paint it in a smaller size, with this longer side at most.
        segment_s: length of the pieces it is written in.

    Attributes:
        details: of the source; of its pixels as squares when VP9 is written, which has no others.
        frames: how many the result will have, as far as that is known.
        notes: what cannot be kept, one sentence each.

    Raises:
        MediaError: the source cannot be read, or the target cannot hold it.
    """

    def __init__(
        self,
        source: Path,
        target: Path,
        *,
        fps: Fraction | None = None,
        longest_px: int | None = None,
        segment_s: float = SEGMENT_S,
    ) -> None:
        codec = codec_of(target)
        with VideoFile(source) as opened:
            self.details: Details = opened.details
            self._origin_s = opened.origin_s
        oblong = codec == "libvpx-vp9" and self.details.pixel_aspect != 1
        if oblong:
            width_px = round(self.details.width_px * self.details.pixel_aspect)
            self.details = replace(self.details, width_px=width_px, pixel_aspect=Fraction(1))
        self.source, self.target = source, target
        self._segment_s = segment_s
        self._fps = fps
        self._longest_px = longest_px
        self.notes = [f"{track} is left out" for track in check_sound(source, target)]
        if self.details.bits > 8:
            self.notes.append(f"its {self.details.bits}-bit colors become 8-bit")
        width, height = self.size_px
        if oblong:
            self.notes.append(f"WebM has square pixels only: it becomes {width}x{height}")
        if (even(width), even(height)) != (width, height) and codec == "libx264":
            self.notes.append(
                f"H.264 needs even sides: {width}x{height} becomes {even(width)}x{even(height)}"
            )
        self.frames = self._expected_frames()
        self._folder = SegmentFolder(target)

    @property
    def rate(self) -> Fraction:
        """Frames a second of the result, on average."""
        return self._fps or self.details.rate or Fraction(25)

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height at which it is painted, upright."""
        width, height = self.details.width_px, self.details.height_px
        if self.details.rotation % 180:
            width, height = height, width
        if self._longest_px is None or max(width, height) <= self._longest_px:
            return width, height
        scale = self._longest_px / max(width, height)
        return even(round(width * scale)), even(round(height * scale))

    @property
    def parts(self) -> Path:
        """The folder in which finished pieces wait."""
        return self._folder.path

    def paint(
        self,
        painter: Painter,
        *,
        recipe: Mapping[str, object],
        mask: PictureMask | None = None,
        lead: int = 0,
        on_begin: Callable[[int], None] = lambda frames: None,
        on_frame: Callable[[], None] = lambda: None,
        say: Callable[[str], None] = lambda text: None,
    ) -> Report:
        """Paint it, or what an earlier run left to paint, and put it together.

        Args:
            painter: from frame to painting.
            recipe: everything that the result depends on; pieces of another one are not used.
            mask: the painter's, when it counts frames.
            lead: so many of the frames that an earlier run left are painted again, as paintings
                depend on those before; :data:`~artem.media.segments.LEAD_FRAMES` at most.
            on_begin: given the number of frames that are there already.
            on_frame: called after each frame.

        Raises:
            ArtemError: it cannot be read or written; finished pieces stay for the next run.
        """
        if self._folder.begin(self._full_recipe(recipe)):
            say(f"what an earlier run with other options left in '{self.parts}' was removed.")
        finished = self._folder.finished()
        there = sum(segment.frames for segment in finished)
        on_begin(there)
        if self._folder.read_end() is None or (finished and finished[-1].next_s is not None):
            self._paint_rest(painter, len(finished), there, mask, lead, on_frame)
        segments, end = self._folder.finished(), self._folder.read_end()
        assert end is not None
        join(
            segments, self.source, self.target, origin_s=self._origin_s,
            end_s=Fraction(end["end_s"]),
        )  # fmt: skip
        self._folder.remove()
        frames = sum(segment.frames for segment in segments)
        return Report(frames, there, end["cut_off_s"], end["damaged"])

    def _paint_rest(
        self,
        painter: Painter,
        number: int,
        there: int,
        mask: PictureMask | None,
        lead: int,
        on_frame: Callable[[], None],
    ) -> None:
        start_s = lead_s = Fraction(0)
        if number:
            finished = self._folder.finished()
            last = finished[-1]
            if last.next_s is None:  # killed between the last piece and the word of its end
                start_s = lead_s = last.lead_s[-1] + 1 / self.rate
            else:
                start_s = last.next_s
                leads = [
                    one
                    for piece in finished
                    for one in zip(piece.lead_s, piece.lead_places, strict=True)
                ]
                leads = leads[max(0, len(leads) - lead) :]
                lead_s = start_s
                if leads:
                    lead_s, painter.place = leads[0]
                there -= len(leads)
        if mask is not None:
            mask.next = there
        file = VideoFile(self.source, start_s=lead_s, and_shown=self._fps is not None)
        source: Source = file if self._fps is None else Resampled(file, self._fps, start_s=lead_s)
        places: deque[tuple[int, int]] = deque()
        sink = SegmentSink(
            self._folder, number=number, start_s=start_s, details=self.details, rate=self.rate,
            time_base_s=self.details.time_base_s if self._fps is None else 1 / self._fps,
            segment_s=self._segment_s, on_frame=on_frame, next_place=places.popleft,
        )  # fmt: skip

        def paint(timed: TimedFrame) -> Frame:
            painted = painter(TimedFrame(resize(timed.frame, *self.size_px), timed.time_s))
            places.append(painter.place)
            return painted

        Pipeline(source, paint, sink).run()
        if not self._folder.finished():
            raise MediaError(f"'{self.source}' holds no frame that can be read.")
        cut_off_s = float(file.read_to_s) if file.cut_off else None
        end_s = file.read_to_s
        if self._fps is not None:  # the last frame is as long as all are
            end_s = self._folder.finished()[-1].lead_s[-1] + 1 / self._fps
        self._folder.write_end(
            {"end_s": str(end_s), "cut_off_s": cut_off_s, "damaged": file.damaged}
        )

    def _expected_frames(self) -> int | None:
        if self._fps is None and self.details.frames:
            return self.details.frames
        if self.details.seconds is None:
            return None
        return round(self.details.seconds * self.rate)

    def _full_recipe(self, recipe: Mapping[str, object]) -> dict[str, object]:
        return {
            **recipe,
            "artem": __version__,
            "source": identity_of(self.source),
            "fps": self._fps,
            "size_px": list(self.size_px),
            "pixel_aspect": self.details.pixel_aspect,
            "segment_s": self._segment_s,
            "codec": CODEC_OPTIONS[codec_of(self.target)],
        }
