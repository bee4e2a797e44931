"""Styles along a film: each at its time, blended on the way from one to the next."""

from __future__ import annotations

import bisect
import re
from fractions import Fraction

from artem.media.protocols import MediaError

KEYFRAME = re.compile(r"(?:(\d+):)?(\d+(?:\.\d+)?):(.+)")


class Keyframes:
    """The blend at any time: before the first and after the last keyframe, that one alone.

    Args:
        text: ``TIME:STYLE`` several times, with spaces between; a time is in seconds (``5``,
            ``2.5``) or in minutes and seconds (``1:30``), and they must grow.

    Attributes:
        styles: all that come.

    Raises:
        MediaError: it is written otherwise.
    """

    def __init__(self, text: str) -> None:
        found = []
        for word in text.split():
            match = KEYFRAME.fullmatch(word)
            if match is None:
                raise MediaError(
                    f"'{word}' is no keyframe.\n"
                    f'  Write TIME:STYLE, such as "0:great-wave 5:starry-night 1:30:udnie".'
                )
            found.append((60 * int(match[1] or 0) + Fraction(match[2]), match[3]))
        if not found:
            raise MediaError("There is no keyframe.\n  Write TIME:STYLE, such as 0:great-wave.")
        self._times_s = [time_s for time_s, _ in found]
        self.styles = [style for _, style in found]
        if any(b <= a for a, b in zip(self._times_s, self._times_s[1:], strict=False)):
            raise MediaError(f"The keyframes' times do not grow: {text}\n  Put them in order.")

    def __call__(self, time_s: Fraction) -> dict[str, float]:
        """Weights by style."""
        after = bisect.bisect_right(self._times_s, time_s)
        if after == 0:
            return {self.styles[0]: 1.0}
        if after == len(self.styles):
            return {self.styles[-1]: 1.0}
        begin_s, end_s = self._times_s[after - 1 : after + 1]
        share = float((time_s - begin_s) / (end_s - begin_s))
        first, second = self.styles[after - 1 : after + 1]
        if first == second:
            return {first: 1.0}
        return {first: 1 - share, second: share}
