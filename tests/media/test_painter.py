"""Painting with a tiny network: changes while it runs, working size, masks."""

import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from conftest import Library
from media.conftest import draw_frame

from artem.core.digests import tensors_digest
from artem.core.errors import ArtemError, StyleError
from artem.core.network_file import NetworkFile, load_network_file, read_weights
from artem.core.picture import Frame
from artem.core.style_file import save_style
from artem.media.controls import Controls, Settings
from artem.media.evener import Evener
from artem.media.governor import Governor, ladder
from artem.media.opencv import resize
from artem.media.painter import Painter, describe_way, networks_for, split_view
from artem.media.protocols import MediaError, TimedFrame
from artem.runtime.library import find_style
from artem.runtime.stylizer import Stylizer

pytestmark = pytest.mark.usefixtures("tiny_library")


def still(style: Any, **options: Any) -> Settings:
    """Settings with which no frame hangs on those before it, but for what a test asks for."""
    return Settings(style, **{"follow": False, **options})


def at(index: int, **options: int) -> TimedFrame:
    return TimedFrame(draw_frame(index, **options), Fraction(index, 10))


def painter_of(settings: Settings | None = None, **options: Any) -> tuple[Controls, Painter]:
    controls = Controls(settings or still("great-wave"))
    return controls, Painter(controls, in_turn=True, threads=1, **options)


def until(painter: Painter, done: Callable[[], bool]) -> None:
    """Paint until a thread beside has done its part."""
    for _ in range(2000):
        painter(at(0))
        if done():
            return
    raise AssertionError("it never came")


def test_it_paints_what_the_stylizer_paints() -> None:
    controls, painter = painter_of()
    wave = Stylizer("great-wave", threads=1)
    np.testing.assert_array_equal(painter(at(1)), wave(draw_frame(1)))
    controls.change(style={"great-wave": 1, "starry-night": 3}, strength=0.5)
    wave.set_style({"great-wave": 1, "starry-night": 3}, strength=0.5)
    np.testing.assert_array_equal(painter(at(2)), wave(draw_frame(2)))


def test_strength_0_is_the_frame_at_any_working_size() -> None:
    _, painter = painter_of(still("great-wave", strength=0), scale=0.5)
    np.testing.assert_array_equal(painter(at(1)), draw_frame(1))


def test_a_smaller_working_size_is_enlarged_plainly() -> None:
    _, painter = painter_of(scale=0.5)
    small = Stylizer("great-wave", threads=1)(resize(draw_frame(1), 32, 24))
    np.testing.assert_array_equal(painter(at(1)), resize(small, 64, 48))


def test_colors_are_kept_to_the_full_size() -> None:
    _, painter = painter_of(still("great-wave", keep_color=True), scale=0.5)
    painted = painter(at(1)).astype(int)
    chroma = [(p[..., 0] - p[..., 1]) for p in (painted, draw_frame(1).astype(int))]
    inside = ((painted > 0) & (painted < 255)).all(axis=2)  # what was not cut off
    assert inside.mean() > 0.3
    np.testing.assert_array_equal(chroma[0][inside], chroma[1][inside])


def test_a_network_without_styles_by_name_keeps_what_a_mask_leaves_out(
    adain_library: Library, make_photo: Callable[..., Path], tmp_path: Path
) -> None:
    mask = np.zeros((48, 64), np.float32)
    mask[:, :32] = 1
    pictures = [str(make_photo(tmp_path / f"{n}.png", 60, 50, seed=n)) for n in (1, 2)]
    blend = {pictures[0]: 0.6, pictures[1]: 0.4}
    whole = Stylizer(blend, network="adain", threads=1, keep_color=True)
    settings = still(blend, keep_color=True)
    controls, painter = painter_of(settings, networks=["adain"], mask=lambda timed: mask)
    frame = draw_frame(1)
    painted = painter(at(1))
    np.testing.assert_array_equal(painted[:, 32:], frame[:, 32:])
    np.testing.assert_array_equal(painted[:, :32], whole(frame)[:, :32])
    with pytest.raises(StyleError, match="Any picture is a style here"):
        controls.change(style="great-wave")


def test_only_where_the_mask_is_white() -> None:
    mask = np.zeros((48, 64), np.float32)
    mask[:, :32] = 1
    _, painter = painter_of(mask=lambda timed: mask)
    painted = painter(at(1))
    np.testing.assert_array_equal(painted[:, 32:], draw_frame(1)[:, 32:])
    whole = Stylizer("great-wave", threads=1)(draw_frame(1))
    np.testing.assert_array_equal(painted[:, :32], whole[:, :32])


def test_split_view() -> None:
    frame, painted = np.zeros((4, 40, 3), np.uint8), np.full((4, 40, 3), 9, np.uint8)
    both = split_view(frame, painted, 0.25)
    assert both[0, :, 0].tolist() == [0] * 10 + [255] + [9] * 29
    np.testing.assert_array_equal(split_view(frame, painted, 1.0), frame)
    controls, painter = painter_of()
    controls.change(split=0.5)
    np.testing.assert_array_equal(painter(at(1))[:, :32], draw_frame(1)[:, :32])


def test_styles_along_the_time() -> None:
    styles = {Fraction(0): "great-wave", Fraction(1, 10): "starry-night"}
    _, painter = painter_of(style_at=styles.__getitem__)
    for index, style in enumerate(styles.values()):
        painted = Stylizer(style, threads=1)(draw_frame(index))
        np.testing.assert_array_equal(painter(at(index)), painted)


def test_changes_that_make_no_sense_change_nothing() -> None:
    controls, painter = painter_of()
    before = painter(at(1))
    for changes, kind in (
        ({"style": "gone"}, StyleError), ({"strength": 1.5}, MediaError),
        ({"steady": -0.1}, MediaError), ({"precision": "half"}, ArtemError),
    ):  # fmt: skip
        with pytest.raises(kind):
            controls.change(**changes)
    assert controls.settings == still("great-wave")
    np.testing.assert_array_equal(painter(at(1)), before)


def test_a_painter_of_an_unknown_style_is_refused_at_once() -> None:
    with pytest.raises(StyleError, match="Did you mean 'great-wave'"):
        painter_of(still("great-wav"))


def test_another_size_is_painted_at_once() -> None:
    _, painter = painter_of()
    for size in ((64, 48), (40, 33), (64, 48)):
        frame = draw_frame(1, *size)
        painted = painter(TimedFrame(frame, Fraction(0)))
        np.testing.assert_array_equal(painted, Stylizer("great-wave", threads=1)(frame))


def another_network(file: Path, target: Path) -> NetworkFile:
    """A network with one weight changed, under its own identity."""
    model = onnx.load(file)
    weights = model.graph.initializer[0]
    values = onnx.numpy_helper.to_array(weights) * np.float32(0.9)
    weights.CopyFrom(onnx.numpy_helper.from_array(values, weights.name))
    digest = tensors_digest(read_weights(model.SerializeToString()))
    for entry in model.metadata_props:
        if entry.key in ("artem.identity", "artem.digest"):
            entry.value = digest
        if entry.key == "artem.name":
            entry.value = target.stem
    onnx.save(model, target)
    return load_network_file(target)


class Step(Governor):
    """Goes one rung down with the first frame, and stays."""

    def note(self, painting_s: float) -> Any:
        if self._index == 0:
            return self._move(1)
        return None


def test_the_next_rung_is_compiled_beside_the_run() -> None:
    said: list[str] = []
    painter = Painter(
        Controls(still("great-wave")), governor=Step(30, ladder()), on_change=said.append,
        threads=1,
    )  # fmt: skip
    full = Stylizer("great-wave", threads=1)(draw_frame(0))
    np.testing.assert_array_equal(painter(at(0)), full)
    until(painter, lambda: painter.way is not None and painter.way.scale == 0.84)
    assert said == ["painting with fast at 84 % of the size"]
    assert (painter(at(0)) != full).any()


@pytest.fixture
def with_micro(
    tiny_library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> NetworkFile:
    """The library with a network `micro` too, for which great-wave exists and no other style."""
    folder = tmp_path / "models"
    shutil.copytree(tiny_library.folder, folder)
    monkeypatch.setattr("artem.runtime.library.MODELS", folder)
    micro = another_network(folder / "fast.onnx", folder / "micro.onnx")
    add_wave(micro)
    return micro


@pytest.fixture(scope="module")
def tiny_binary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A binary network with random weights, exported once."""
    from artem.export.onnx import export_network
    from artem.learn.networks import SlimNet

    network = SlimNet(stem=4, trunk=8, half=4, blocks=1, refine=1, binary=8)
    file = tmp_path_factory.mktemp("binary") / "fast.binary.onnx"
    return export_network(network, file, name="fast.binary", card={}).path


@pytest.fixture
def with_binary(with_micro: NetworkFile, tiny_binary: Path) -> None:
    """The same with a binary form of `fast`, which has great-wave alone; `micro` has none."""
    add_wave(load_network_file(shutil.copy(tiny_binary, with_micro.path.parent)))


def add_wave(network: NetworkFile) -> None:
    """Make great-wave a style of a network too, with random numbers."""
    wave = find_style("great-wave")
    vector = np.random.default_rng(3).normal(0.8, 0.5, network.style_size).astype(np.float32)
    both = replace(
        wave, vectors=wave.vectors | {network.identity: vector},
        networks=wave.networks | {network.identity: network.name},
    )  # fmt: skip
    save_style(network.path.parent / "styles" / "great-wave.safetensors", both)


class Costly(Governor):
    """Takes each frame to last as long as its rung costs, from 100 ms down."""

    def note(self, painting_s: float) -> Any:
        return super().note(0.1 * self.rung.cost)


def ways(painter: Painter, frames: int = 60) -> list[tuple[str, float]]:
    """Networks and scales in the order in which they were used."""
    found: dict[tuple[str, float], None] = {}
    for index in range(frames):
        painter(at(index))
        assert painter.way is not None
        found[(painter.way.network, painter.way.scale)] = None
    return list(found)


@pytest.mark.usefixtures("with_micro")
def test_the_governor_takes_micro_where_smaller_is_not_enough() -> None:
    assert networks_for() == ["fast", "micro"]
    governor = Costly(25, ladder(2))
    _, painter = painter_of(networks=networks_for(), governor=governor)
    assert ways(painter) == [
        ("fast", 1.0), ("fast", 0.84), ("fast", 0.71), ("micro", 1.0), ("micro", 0.84)
    ]  # fmt: skip
    small = Stylizer("great-wave", network="micro", threads=1)(resize(draw_frame(1), 54, 40))
    np.testing.assert_array_equal(painter(at(1)), resize(small, 64, 48))


@pytest.mark.usefixtures("with_micro")
def test_for_a_style_without_micro_it_only_paints_smaller() -> None:
    governor = Costly(25, ladder(2))
    controls, painter = painter_of(
        still("starry-night"), networks=networks_for(), governor=governor
    )
    assert ways(painter) == [("fast", 1.0), ("fast", 0.84), ("fast", 0.71), ("fast", 0.59)]
    controls.change(style="great-wave")
    assert ways(painter, 2) == [("micro", 0.84)]
    controls.change(style={"great-wave": 1, "starry-night": 1})
    assert ways(painter, 2) == [("fast", 0.59)]
    controls.change(style="identity")
    assert ways(painter, 2) == [("micro", 0.84)]


@pytest.mark.usefixtures("with_micro")
def test_a_style_that_micro_lacks_is_not_waited_for_with_micro() -> None:
    """What is in use goes on while the other is compiled, unless it cannot paint the style."""
    controls = Controls(still("great-wave"))
    governor = Step(30, [ladder(2)[0], ladder(2)[3]])
    painter = Painter(controls, networks=networks_for(), governor=governor, threads=1)
    until(painter, lambda: painter.way is not None and painter.way.network == "micro")
    controls.change(style="starry-night")
    painted = painter(at(2))
    assert painter.way is not None
    assert (painter.way.network, painter.way.scale) == ("fast", 0.71)
    small = Stylizer("starry-night", threads=1)(resize(draw_frame(2), 45, 34))
    np.testing.assert_array_equal(painted, resize(small, 64, 48))


@pytest.mark.usefixtures("with_binary")
def test_in_a_precision_that_micro_lacks_it_only_paints_smaller() -> None:
    governor = Costly(25, ladder(2))
    controls, painter = painter_of(
        still("great-wave", precision="binary"), networks=networks_for(), governor=governor
    )
    assert ways(painter) == [("fast", 1.0), ("fast", 0.84), ("fast", 0.71), ("fast", 0.59)]
    assert painter.engine == "xnor"
    controls.change(precision="float")
    assert ways(painter, 2) == [("micro", 0.84)]


def test_what_cannot_be_prepared_is_said_once_and_another_way_found(
    with_micro: NetworkFile,
) -> None:
    said: list[str] = []
    controls = Controls(still("great-wave"))
    painter = Painter(
        controls, networks=networks_for(), governor=Step(30, [ladder(2)[0], ladder(2)[3]]),
        on_change=said.append, threads=1,
    )  # fmt: skip
    with_micro.path.unlink()
    until(painter, lambda: painter.way is not None and painter.way.scale == 0.71)
    failure, change = said
    assert failure.startswith("still painting with fast at full size: 'micro' is not a network")
    assert change == "painting with fast at 71 % of the size"
    controls.change(style="starry-night")
    painted = Stylizer("starry-night", threads=1)(resize(draw_frame(1), 45, 34))
    np.testing.assert_array_equal(painter(at(1)), resize(painted, 64, 48))


def test_what_failed_is_tried_again_when_something_is_changed(
    with_micro: NetworkFile,
) -> None:
    said: list[str] = []
    controls = Controls(still("great-wave"))
    painter = Painter(controls, governor=Step(30, ladder()), on_change=said.append, threads=1)
    file = with_micro.path.with_name("fast.onnx")
    content = file.read_bytes()
    painter(at(0))
    file.unlink()
    until(painter, lambda: bool(said))
    for index in range(50):
        painter(at(index))
    assert len(said) == 1 and "still painting with fast at full size" in said[0]
    file.write_bytes(content)
    controls.change(strength=0.9)
    until(painter, lambda: painter.way is not None and painter.way.scale == 0.84)
    assert said[1:] == ["painting with fast at 84 % of the size"]


@pytest.mark.usefixtures("with_binary")
def test_a_style_is_checked_for_the_precision_in_force() -> None:
    controls = Controls(still("great-wave"))
    painter = Painter(controls, threads=1)
    painter(at(0))
    controls.change(precision="binary")
    with pytest.raises(StyleError, match=r"'starry-night' .* 'fast\.binary'"):
        controls.change(style="starry-night")
    until(painter, lambda: painter.engine == "xnor")
    with pytest.raises(StyleError, match=r"'starry-night' .* 'fast\.binary'"):
        controls.change(style="starry-night")
    painter(at(1))
    controls.change(style="starry-night", precision="float")  # what is in use cannot paint it
    painted = Stylizer("starry-night", threads=1)(draw_frame(2))
    np.testing.assert_array_equal(painter(at(2)), painted)
    with pytest.raises(StyleError, match="'starry-night'"):
        controls.change(precision="binary")
    np.testing.assert_array_equal(painter(at(2)), painted)


def test_the_governor_counts_what_a_mask_takes() -> None:
    class Told(Governor):
        def note(self, painting_s: float) -> Any:
            times_s.append(painting_s)

    def slow(timed: TimedFrame) -> Any:
        time.sleep(0.2)
        return np.ones((48, 64), np.float32)

    times_s: list[float] = []
    _, painter = painter_of(governor=Told(30, ladder()), mask=slow)
    painter(at(0))
    assert times_s[0] >= 0.2


def test_networks_that_may_step_in() -> None:
    assert networks_for() == ["fast"]  # the library here has no other
    assert networks_for("mine.onnx") == ["mine.onnx"]


def test_the_recipe_tells_styles_apart() -> None:
    recipes = [
        painter_of(settings)[1].recipe()
        for settings in (
            still("great-wave"), still("starry-night"), still("great-wave", strength=0.5),
            still("great-wave"),
        )
    ]  # fmt: skip
    assert recipes[0] == recipes[3]
    assert recipes[0] != recipes[1]
    assert recipes[0] != recipes[2]


def test_a_steady_painter_forgets_when_it_is_switched_off() -> None:
    controls, painter = painter_of()
    plain: Frame = painter(at(1))
    controls.change(steady=1.0)
    painter(at(0))
    steady = painter(at(1))
    assert (steady != plain).any()
    controls.change(steady=0.0)
    np.testing.assert_array_equal(painter(at(1)), plain)
    controls.change(steady=1.0)
    np.testing.assert_array_equal(painter(at(1)), plain)  # the first one again


def test_in_an_even_light_everything_is_what_the_evened_frame_gives() -> None:
    """Painted, kept colors, and what a mask leaves out: no jump of exposure comes through."""
    mask = np.zeros((48, 64), np.float32)
    mask[:, :32] = 1
    settings = still("great-wave", even=1.0, strength=0.5, keep_color=True)
    controls, painter = painter_of(settings, mask=lambda timed: mask)
    _, plain = painter_of(replace(settings, even=0.0), mask=lambda timed: mask)
    evener = Evener()
    for index, gain in enumerate((1.0, 0.7, 1.2, 0.8)):
        frame = (draw_frame(index) * gain).clip(0, 255).astype(np.uint8)
        evened = evener(frame, 1.0)
        assert index == 0 or (evened != frame).any()
        given, expected = (TimedFrame(one, Fraction(index)) for one in (frame, evened))
        np.testing.assert_array_equal(painter(given), plain(expected))
    controls.change(even=0.0)
    np.testing.assert_array_equal(painter(given), plain(given))
    controls.change(even=1.0)
    np.testing.assert_array_equal(painter(given), plain(given))  # the first one again


def test_words_for_a_way() -> None:
    _, painter = painter_of()
    painter(at(0))
    assert painter.way is not None
    assert describe_way(painter.way) == "painting with fast at full size"
