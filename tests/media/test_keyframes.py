"""Styles along the time."""

from fractions import Fraction

import pytest

from artem.media.keyframes import Keyframes
from artem.media.protocols import MediaError


def test_the_blend_goes_straight_from_one_to_the_next() -> None:
    keyframes = Keyframes("1:great-wave 5:starry-night 1:30:udnie")
    assert keyframes.styles == ["great-wave", "starry-night", "udnie"]
    assert keyframes(Fraction(0)) == {"great-wave": 1.0}
    assert keyframes(Fraction(1)) == {"great-wave": 1.0, "starry-night": 0.0}
    assert keyframes(Fraction(2)) == {"great-wave": 0.75, "starry-night": 0.25}
    assert keyframes(Fraction(475, 10)) == {"starry-night": 0.5, "udnie": 0.5}
    assert keyframes(Fraction(90)) == {"udnie": 1.0}


def test_a_style_may_stay_and_be_a_file() -> None:
    keyframes = Keyframes("0:mine.safetensors 2.5:mine.safetensors 4:identity")
    assert keyframes(Fraction(2)) == {"mine.safetensors": 1.0}
    assert keyframes(Fraction(13, 4)) == {"mine.safetensors": 0.5, "identity": 0.5}


@pytest.mark.parametrize(
    "text", ["", "  ", "great-wave", "0:", "x:udnie", "5:udnie 5:red-chalk", "5:a 4:b"]
)
def test_refusals(text: str) -> None:
    with pytest.raises(MediaError):
        Keyframes(text)
