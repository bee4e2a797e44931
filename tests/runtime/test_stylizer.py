"""Any size in, the same size out; and every wrong thing refused in a sentence."""

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from conftest import Library, draw_photo
from PIL import Image

from artem import Stylizer, stylize
from artem.core.color import LUMINANCE, with_colors_of
from artem.core.errors import ArtemError, EngineError, NetworkError, PictureError, StyleError
from artem.core.style_file import blend_vectors, save_style
from artem.runtime.engine import engines, open_session
from artem.runtime.library import find_network, find_style
from artem.runtime.stylizer import pad_frame

ENGINES = ("openvino", "onnxruntime")
SIZES = [(1, 1), (1, 7), (5, 3), (31, 33), (32, 32), (33, 64), (127, 255), (2000, 1333)]


def draw_frame(width_px: int, height_px: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.asarray(draw_photo(width_px, height_px))


@pytest.fixture
def both(tiny_library: Library) -> list[Stylizer]:
    for engine in ENGINES:
        pytest.importorskip(engine)
    return [Stylizer("great-wave", engine=engine, precision="float") for engine in ENGINES]


@pytest.mark.parametrize(("width_px", "height_px"), SIZES)
def test_sizes_stay_and_engines_agree(both: list[Stylizer], width_px: int, height_px: int) -> None:
    frame = draw_frame(width_px, height_px)
    painted = [stylizer(frame) for stylizer in both]
    for result in painted:
        assert result.shape == frame.shape
        assert result.dtype == np.uint8
        assert result.flags.c_contiguous
    assert np.abs(painted[0].astype(int) - painted[1]).max() <= 1
    if min(frame.shape[:2]) >= 32:
        assert (painted[0] != frame).mean() > 0.5


def test_frames_of_alternating_sizes(tiny_library: Library) -> None:
    stylizer = Stylizer("great-wave")
    frames = [draw_frame(32 + 8 * index, 40) for index in range(6)]
    first = [stylizer(frame) for frame in frames]
    again = [stylizer(frame) for frame in reversed(frames)]
    for one, other in zip(first, reversed(again), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_result_is_not_overwritten_by_the_next(tiny_library: Library) -> None:
    stylizer = Stylizer("great-wave")
    first = stylizer(draw_frame(40, 40))
    kept = first.copy()
    stylizer(255 - draw_frame(40, 40))
    np.testing.assert_array_equal(first, kept)


def test_a_frame_that_is_a_view(tiny_library: Library) -> None:
    stylizer = Stylizer("great-wave")
    frame = draw_frame(80, 64)
    np.testing.assert_array_equal(
        stylizer(frame[:, ::-2]), stylizer(np.ascontiguousarray(frame[:, ::-2]))
    )


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("style", "strength"),
    [("great-wave", 0.0), ("identity", 1.0), ("identity", 0.3), ({"identity": 2.0}, 1.0),
     ({"identity": 1.0, "great-wave": 0.0}, 1.0)],
)  # fmt: skip
def test_nothing_of_a_style_gives_the_picture_back(
    tiny_library: Library, engine: str, style: Any, strength: float
) -> None:
    pytest.importorskip(engine)
    frame = np.random.default_rng(0).integers(0, 256, (37, 51, 3), dtype=np.uint8)
    stylizer = Stylizer(style, engine=engine, strength=strength)
    np.testing.assert_array_equal(stylizer(frame), frame)


def test_bfloat16_gives_the_picture_back_too(tiny_library: Library) -> None:
    reason = engines()["openvino"].why_not(tiny_library.network, "bfloat16")
    if reason is not None:
        pytest.skip(reason)
    frame = np.random.default_rng(0).integers(0, 256, (37, 51, 3), dtype=np.uint8)
    stylizer = Stylizer("great-wave", strength=0, engine="openvino", precision="bfloat16")
    assert stylizer.precision == "bfloat16"
    np.testing.assert_array_equal(stylizer(frame), frame)


def test_half_the_strength_is_half_the_way(tiny_library: Library) -> None:
    frame = draw_frame(64, 48)
    # Full strength clips; the straight line is seen where it did not.
    full, half = (Stylizer("great-wave", strength=s)(frame).astype(float) for s in (1.0, 0.5))
    inside = (full > 0) & (full < 255)
    np.testing.assert_allclose(half[inside], ((full + frame) / 2)[inside], atol=1.01)


def test_a_blend_is_the_weighted_sum_of_vectors(tiny_library: Library) -> None:
    stylizer = Stylizer({"great-wave": 3, "starry-night": 1})
    identity = tiny_library.network.identity
    wave, night = (find_style(name).vectors[identity] for name in ("great-wave", "starry-night"))
    np.testing.assert_allclose(
        stylizer.style_vector({"great-wave": 3, "starry-night": 1}), 0.75 * wave + 0.25 * night,
        rtol=1e-6,
    )  # fmt: skip
    np.testing.assert_array_equal(stylizer.style_vector({"great-wave": 0.2}), wave)


def test_identity_in_a_blend_weakens_the_others(tiny_library: Library) -> None:
    stylizer = Stylizer("great-wave")
    np.testing.assert_allclose(
        stylizer.style_vector({"great-wave": 1, "identity": 3}),
        stylizer.style_vector("great-wave", strength=0.25),
        rtol=1e-6,
    )


def test_setting_a_style_is_as_starting_with_it(tiny_library: Library) -> None:
    frame = draw_frame(40, 40)
    stylizer = Stylizer("great-wave")
    stylizer.set_style("starry-night", strength=0.6)
    np.testing.assert_array_equal(stylizer(frame), Stylizer("starry-night", strength=0.6)(frame))


def test_setting_a_style_keeps_the_strength(tiny_library: Library) -> None:
    frame = draw_frame(40, 40)
    stylizer = Stylizer("great-wave", strength=0.6)
    stylizer.set_style("starry-night")
    np.testing.assert_array_equal(stylizer(frame), Stylizer("starry-night", strength=0.6)(frame))
    stylizer.set_style("starry-night", strength=0.2)
    with pytest.raises(StyleError):
        stylizer.set_style("nowhere", strength=0.9)
    stylizer.set_style("great-wave")
    assert stylizer.strength == 0.2
    np.testing.assert_array_equal(stylizer(frame), Stylizer("great-wave", strength=0.2)(frame))


def test_a_blend_of_vectors_ends_at_identity() -> None:
    vector = np.arange(12, dtype=np.float32)
    faded = blend_vectors({"a": vector}, {"a": 5.0}, strength=0)
    np.testing.assert_array_equal(faded, [0, 1, 2, 1, 1, 1, 0, 0, 0, 0, 0, 0])


def test_keep_color_changes_the_luminance_alone(tiny_library: Library) -> None:
    frame = (96 + draw_frame(64, 48) // 4).astype(np.uint8)
    painted = Stylizer("great-wave")(frame)
    kept = Stylizer("great-wave", keep_color=True)(frame)
    np.testing.assert_array_equal(kept, with_colors_of(frame, painted))
    inside = ((kept > 0) & (kept < 255)).all(axis=2)
    assert inside.any()
    shift = kept.astype(int) - frame
    assert (np.ptp(shift, axis=2)[inside] == 0).all()  # the same for all three: Cb and Cr stay
    luminance = painted @ LUMINANCE - kept @ LUMINANCE
    assert np.abs(luminance[inside]).max() <= 0.51


def test_padding_reflects() -> None:
    frame = np.arange(6, dtype=np.uint8).reshape(2, 3, 1).repeat(3, axis=2)
    padded = pad_frame(frame, 4, 4)
    assert padded[..., 0].tolist() == [[0, 1, 2, 1], [3, 4, 5, 4], [0, 1, 2, 1], [3, 4, 5, 4]]
    assert pad_frame(padded, 4, 4).shape == (4, 4, 3)


def test_padding_before_a_frame_takes_from_the_room_behind_it() -> None:
    frame = np.arange(12, dtype=np.uint8).reshape(3, 4, 1).repeat(3, axis=2)
    for top, left in ((0, 0), (1, 3), (3, 2)):
        padded = pad_frame(frame, 4, 4, top, left, room=3)
        assert padded.shape == (8, 8, 3)
        np.testing.assert_array_equal(padded[top : top + 3, left : left + 4], frame)
    assert padded[..., 0][3].tolist() == [2, 1, 0, 1, 2, 3, 2, 1]


def test_a_place_puts_the_frame_on_strides_and_grain(tiny_library: Library) -> None:
    """As the network paints a larger frame, of which this one is a part, at its own place."""
    stylizer = Stylizer("great-wave", threads=1)
    frame = np.random.default_rng(0).integers(0, 256, (40, 51, 3), np.uint8)
    vector = stylizer.style_vector("great-wave")[None]
    session = open_session(stylizer.network, threads=1)
    for place in ((0, 0), (3, 5), (16, 8), (29, -3)):
        top, left = place[0] % 8, place[1] % 8
        larger = np.pad(frame, ((top, 8 - top), (left, 13 - left), (0, 0)), mode="reflect")
        cell = np.array([place[0] - top, (place[1] - left) % 512])
        expected = session(larger[None], vector, cell)[0, top : top + 40, left : left + 51]
        painted = stylizer(frame, place=place)
        np.testing.assert_array_equal(painted, expected)
        again = stylizer(frame, place=(place[0] + 512, place[1] - 1024))
        np.testing.assert_array_equal(painted, again)
    assert (stylizer(frame, place=(8, 0)) != stylizer(frame, place=(0, 0))).any()


@pytest.mark.parametrize("place", [(1,), (1, 2, 3), (1.5, 2), 3, ("1", "2"), (float("nan"), 0)])
def test_what_is_no_place(tiny_library: Library, place: Any) -> None:
    with pytest.raises(PictureError, match="two whole numbers of pixels"):
        Stylizer("great-wave", threads=1)(np.zeros((40, 40, 3), np.uint8), place=place)


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (np.zeros((4, 4), np.uint8), "(height, width, 3), not (4, 4)"),
        (np.zeros((4, 4, 4), np.uint8), "(height, width, 3), not (4, 4, 4)"),
        (np.zeros((1, 4, 4, 3), np.uint8), "(height, width, 3), not (1, 4, 4, 3)"),
        (np.zeros((4, 4, 3), np.float32), "uint8 from 0 to 255, not float32"),
        (np.zeros((4, 4, 3), np.uint16), "uint8 from 0 to 255, not uint16"),
        (np.zeros((0, 4, 3), np.uint8), "The frame is empty"),
        ([[1, 2, 3]], "not list"),
        (None, "not NoneType"),
    ],
)
def test_what_is_no_frame(tiny_library: Library, frame: Any, sentence: str) -> None:
    with pytest.raises(PictureError) as caught:
        Stylizer("great-wave")(frame)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("picture", "sentence"),
    [
        (7, "a Pillow image or a path, not int"),
        (np.zeros((4, 4), np.float64), "not float64"),
        (np.zeros(4, np.uint8), "(height, width, 3), not (4,)"),
        (Image.new("RGB", (0, 5)), "The picture is empty: its size is 0x5."),
        ("nowhere.jpg", "There is no file 'nowhere.jpg'."),
    ],
)
def test_what_is_no_picture(tiny_library: Library, picture: Any, sentence: str) -> None:
    with pytest.raises(PictureError) as caught:
        stylize(picture, "great-wave")
    assert sentence in str(caught.value)


@pytest.mark.parametrize("picture", [7, None, b"photo.jpg"])
def test_what_is_no_picture_is_told_before_a_network_is_loaded(
    picture: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("artem.runtime.stylizer.Stylizer", None)
    with pytest.raises(PictureError, match="A picture is a NumPy array"):
        stylize(picture, "great-wave")


def test_arrays_come_back_as_arrays(tiny_library: Library) -> None:
    color = draw_frame(40, 36)
    gray = color[..., 0]
    alpha = np.random.default_rng(0).integers(0, 256, gray.shape, dtype=np.uint8)
    painted = stylize(color)
    assert isinstance(painted, np.ndarray) and painted.shape == (36, 40, 3)
    np.testing.assert_array_equal(stylize(gray), stylize(np.dstack([gray] * 3)))
    with_alpha = stylize(np.dstack([color, alpha]))
    np.testing.assert_array_equal(with_alpha[..., :3], painted)
    np.testing.assert_array_equal(with_alpha[..., 3], alpha)


def test_pillow_images_and_files_come_back_as_images(
    tiny_library: Library, tmp_path: Path, make_photo: Callable[..., Path]
) -> None:
    file = make_photo(tmp_path / "photo.png")
    image = Image.open(file)
    painted = stylize(image, style="great-wave")
    assert isinstance(painted, Image.Image)
    assert (painted.mode, painted.size) == ("RGB", image.size)
    np.testing.assert_array_equal(stylize(str(file)), painted)
    np.testing.assert_array_equal(stylize(np.asarray(image)), painted)
    alpha = Image.linear_gradient("L").resize(image.size)
    image.putalpha(alpha)
    clear = stylize(image)
    assert clear.mode == "RGBA"
    np.testing.assert_array_equal(clear.getchannel("A"), alpha)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"style": "greatwave"}, "Did you mean 'great-wave'?"),
        ({"style": {"great-wave": -1.0}}, "weight is negative"),
        ({"style": {"great-wave": float("nan")}}, "weight is negative or no number"),
        ({"style": {"great-wave": 0.0}}, "All styles have weight 0."),
        ({"style": {"great-wave": "x"}}, "weight is negative or no number"),
        ({"style": {"great-wave": None}}, "weight is negative or no number"),
        ({"style": {"great-wave": 10**400}}, "weight is negative or no number"),
        ({"style": {"great-wave": 1e308, "starry-night": 1e308}}, "too large to add up."),
        ({"style": {}}, "No style was given."),
        ({"style": None}, "A style is a name, a file, a Style or weights by name, not NoneType."),
        ({"style": ["great-wave"]}, "not list."),
        ({"style": 3}, "not int."),
        ({"strength": 1.5}, "The strength is 1.5."),
        ({"strength": float("nan")}, "The strength is nan."),
        ({"strength": None}, "The strength is None."),
        ({"strength": "full"}, "The strength is full."),
        ({"network": None}, "A network is a name or an .onnx file, not NoneType."),
        ({"network": "\0.onnx"}, "cannot be read"),
        ({"network": "fats"}, "Did you mean 'fast'?"),
        ({"engine": "open-vino"}, "'open-vino' is not an engine. Did you mean 'openvino'?"),
        ({"precision": "int9"}, "'int9' is not a precision."),
        ({"engine": None}, "'None' is not an engine."),
        ({"engine": ["openvino"]}, "is not an engine."),
        ({"precision": None}, "'None' is not a precision."),
        ({"threads": 0}, "0 is no number of threads."),
        ({"threads": "2"}, "'2' is no number of threads."),
        ({"threads": 1.5}, "1.5 is no number of threads."),
        ({"engine": "onnxruntime", "precision": "bfloat16"}, "it computes in float on the CPU"),
    ],
)
def test_what_is_refused(tiny_library: Library, options: Any, sentence: str) -> None:
    with pytest.raises(ArtemError) as caught:
        Stylizer(**{"style": "great-wave", **options})
    assert sentence in str(caught.value)


@pytest.mark.parametrize("damage", ["long", "short", "flat", "nan", "infinite"])
def test_a_vector_that_does_not_fit_is_refused(tiny_library: Library, damage: str) -> None:
    style = find_style("great-wave")
    vector = style.vectors[tiny_library.network.identity].copy()
    if damage in ("nan", "infinite"):
        vector[3] = float(damage.removesuffix("inite"))
    else:
        vector = {"long": np.append(vector, 1), "short": vector[:-1], "flat": vector[None]}[damage]
    bad = replace(style, vectors={tiny_library.network.identity: vector})
    with pytest.raises(StyleError, match=r"'great-wave' is damaged: .* needs \d+ finite numbers"):
        Stylizer(bad)


def test_a_style_of_another_network(tiny_library: Library, tmp_path: Path) -> None:
    style = find_style("great-wave")
    vector = style.vectors[tiny_library.network.identity]
    other = replace(style, vectors={"f" * 64: vector}, networks={"f" * 64: "fine"})
    save_style(tmp_path / "other.safetensors", other)
    with pytest.raises(StyleError, match=r"not made for the network 'fast'.\n  It has: fine."):
        Stylizer(tmp_path / "other.safetensors")
    same_name = replace(other, networks={"f" * 64: "fast"})
    with pytest.raises(StyleError, match="another training of it"):
        Stylizer(same_name)


def test_damaged_files(tiny_library: Library, tmp_path: Path) -> None:
    network = bytearray((tiny_library.folder / "fast.onnx").read_bytes())
    style = bytearray((tiny_library.folder / "styles" / "great-wave.safetensors").read_bytes())
    (tmp_path / "cut.onnx").write_bytes(network[: len(network) // 2])
    (tmp_path / "text.onnx").write_text("no network", encoding="utf-8")
    (tmp_path / "cut.safetensors").write_bytes(style[: len(style) // 2])
    style[-3] ^= 1
    (tmp_path / "flipped.safetensors").write_bytes(style)
    for name in ("cut.onnx", "text.onnx"):
        with pytest.raises(NetworkError, match="damaged"):
            Stylizer("great-wave", network=tmp_path / name)
    with pytest.raises(StyleError, match="damaged one"):
        Stylizer(tmp_path / "cut.safetensors")
    with pytest.raises(StyleError, match="its digest does not fit"):
        Stylizer(tmp_path / "flipped.safetensors")


def test_a_flipped_weight_is_noticed(tiny_library: Library, tmp_path: Path) -> None:
    from artem.core.network_file import read_weights

    content = (tiny_library.folder / "fast.onnx").read_bytes()
    values = max(read_weights(content).values(), key=lambda weight: weight.size).tobytes()
    place = content.index(values)
    flipped = bytearray(content)
    flipped[place + 5] ^= 64
    (tmp_path / "flipped.onnx").write_bytes(flipped)
    with pytest.raises(NetworkError, match="its digest does not fit"):
        Stylizer("great-wave", network=tmp_path / "flipped.onnx")


def test_why_not(tiny_library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    for_floats = [engines()[name] for name in ENGINES]
    for engine in for_floats:
        if importlib.util.find_spec(engine.name):
            assert engine.why_not(tiny_library.network, "auto") is None
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    for engine in for_floats:
        assert "not installed (pip install" in str(engine.why_not(tiny_library.network, "auto"))
    with pytest.raises(EngineError) as caught:
        Stylizer("great-wave")
    assert "No engine can run the network 'fast' here:\n  openvino: " in str(caught.value)
    assert "\n  onnxruntime: " in str(caught.value)


def test_the_other_engine_steps_in(tiny_library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxruntime")
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "openvino" else found(name)
    )
    assert Stylizer("great-wave").engine == "onnxruntime"


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Exception from src/cpu.cpp:9:\nFailed to allocate 600 bytes", MemoryError),
        ("std::bad_alloc", MemoryError),
        ("Check failed\nno such primitive", EngineError),
        ("", EngineError),
    ],
)
def test_an_engine_that_breaks_off(tiny_library: Library, said: str, kind: type[Exception]) -> None:
    def break_off(*arguments: Any, **options: Any) -> None:
        raise RuntimeError(said)

    network = find_network("fast")
    frame, style = np.zeros((1, 64, 64, 3), np.uint8), np.zeros((1, network.style_size), np.float32)
    for name, broken in (("openvino", "_request"), ("onnxruntime", "_session")):
        pytest.importorskip(name)
        session = open_session(network, engine=name)
        working = getattr(session, broken)
        if name == "onnxruntime":
            setattr(session, broken, SimpleNamespace(run=break_off))
        else:
            setattr(session, broken, lambda shape: SimpleNamespace(infer=break_off))
        with pytest.raises(kind, match="could not paint" if kind is EngineError else "alloc"):
            session(frame, style)
        setattr(session, broken, working)
        assert session(frame, style).shape == frame.shape
