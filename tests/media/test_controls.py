"""Settings, the keys that change them, and many threads at it."""

import threading
from typing import Any

import pytest

from artem.core.errors import ArtemError
from artem.media.controls import Controls, Settings, blend_of
from artem.media.keys import HELP, Keys
from artem.media.protocols import MediaError
from artem.runtime.engine import PRECISIONS

STYLES = ["great-wave", "red-chalk", "starry-night"]


@pytest.fixture
def controls() -> Controls:
    return Controls(Settings("great-wave"))


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def keys(controls: Controls, said: list[str]) -> Keys:
    return Keys(controls, STYLES, say=said.append)


def test_what_is_refused_leaves_all_as_it_was(controls: Controls) -> None:
    def no_chalk(settings: Settings) -> None:
        if settings.style == "red-chalk":
            raise ArtemError("no chalk")

    controls.check = no_chalk
    with pytest.raises(ArtemError, match="no chalk"):
        controls.change(style="red-chalk", strength=0.5)
    with pytest.raises(MediaError, match=r"Strength is 1\.1"):
        controls.change(strength=1.1)
    with pytest.raises(MediaError, match="Steady is nan"):
        controls.change(steady=float("nan"))
    assert controls.settings == Settings("great-wave")


def test_threads_do_not_undo_each_other(controls: Controls) -> None:
    def work(name: str, value: Any) -> None:
        for _ in range(300):
            controls.change(**{name: value})

    changes = {"strength": 0.5, "steady": 0.25, "split": 0.75, "keep_color": True}
    threads = [threading.Thread(target=work, args=pair) for pair in changes.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert controls.settings == Settings("great-wave", **changes)  # type: ignore[arg-type]


def test_walking_through_the_styles(controls: Controls, keys: Keys, said: list[str]) -> None:
    walk = [("n", 1), ("n", 2), ("n", 0), ("p", 2), ("2", 1), ("N", 2)]
    for key, style in ((key, STYLES[number]) for key, number in walk):
        assert keys.press(key)
        assert controls.settings.style == style
    assert said[0] == "style: red-chalk"
    assert not keys.press("7")


def test_blending_step_by_step(controls: Controls, keys: Keys) -> None:
    shares = []
    for _ in range(4):
        keys.press("b")
        shares.append(blend_of(controls.settings.style))
    assert shares == [
        {"great-wave": 0.75, "red-chalk": 0.25}, {"great-wave": 0.5, "red-chalk": 0.5},
        {"great-wave": 0.25, "red-chalk": 0.75}, {"red-chalk": 1.0},
    ]  # fmt: skip


def test_switches_and_steps(controls: Controls, keys: Keys) -> None:
    keys.press("-")
    keys.press("-")
    assert controls.settings.strength == pytest.approx(0.8)
    for _ in range(5):
        keys.press("+")
    assert controls.settings.strength == 1
    for name, key in (("keep_color", "k"), ("overlay", "i"), ("recording", "r")):
        keys.press(key)
        assert getattr(controls.settings, name)
        keys.press(key)
        assert not getattr(controls.settings, name)
    for value in (0.5, 1.0, 0.0):
        keys.press("s")
        assert controls.settings.steady == value
        keys.press("e")
        assert controls.settings.even == value
    keys.press("v")
    assert controls.settings.split == 0.5
    keys.press("t")
    assert controls.settings.precision == PRECISIONS[1]


def test_what_cannot_be_done_is_said(controls: Controls, keys: Keys, said: list[str]) -> None:
    def refuse(settings: Settings) -> None:
        raise ArtemError("this CPU cannot")

    controls.check = refuse
    assert keys.press("k")
    assert said == ["this CPU cannot"]
    assert not controls.settings.keep_color


def test_a_precision_that_is_refused_is_passed_over(
    controls: Controls, keys: Keys, said: list[str]
) -> None:
    def refuse(settings: Settings) -> None:
        if settings.precision == "bfloat16":
            raise ArtemError("this CPU has none")

    controls.check = refuse
    able = [precision for precision in PRECISIONS if precision != "bfloat16"]
    for precision in (*able[1:], able[0]):
        assert keys.press("t")
        assert controls.settings.precision == precision
    assert said.count("this CPU has none") == 1


def test_every_key_of_the_help_means_something(keys: Keys) -> None:
    windows = set("fhq")
    for text in HELP:
        for key in "123" if text == "1-9" else text.split():
            assert key in windows or keys.press(key)
