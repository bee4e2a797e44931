"""What sliders say."""

import pytest

from artem.app.web.look import Look, MessageError, changed_look
from artem.core.errors import StyleError

KNOWN = ("great-wave", "udnie")


def test_what_is_not_named_stays() -> None:
    look = Look("udnie", strength=0.3)
    changed = changed_look(look, {"blend": 1, "second": "great-wave", "other": object()}, KNOWN)
    assert changed == Look("udnie", "great-wave", blend=1.0, strength=0.3)
    assert changed_look(changed, {}, KNOWN) == changed
    assert changed_look(changed, {"second": None}, KNOWN).second is None


@pytest.mark.parametrize(
    ("look", "weights"),
    [
        (Look("udnie"), {"udnie": 1.0}),
        (Look("udnie", blend=0.3), {"udnie": 1.0}),
        (Look("udnie", "great-wave", blend=0.25), {"udnie": 0.75, "great-wave": 0.25}),
        (Look("udnie", "udnie", blend=0.25), {"udnie": 1.0}),
    ],
)
def test_weights_add_up_to_one(look: Look, weights: dict[str, float]) -> None:
    assert look.weights == weights


@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan"), float("inf"), "1", None, True, []])
@pytest.mark.parametrize("name", ["blend", "strength", "steady"])
def test_numbers_outside_are_refused(name: str, value: object) -> None:
    with pytest.raises(MessageError, match=f"'{name}' must be a number from 0 to 1"):
        changed_look(Look("udnie"), {name: value}, KNOWN)


def test_a_long_wrong_name_is_not_repeated_in_full() -> None:
    with pytest.raises(StyleError) as error:
        changed_look(Look("udnie"), {"style": "x" * 10_000}, KNOWN)
    assert len(str(error.value)) < 200
