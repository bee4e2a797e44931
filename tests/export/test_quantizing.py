"""Int8 versions: made, compared, found, chosen; the same pictures but for a little noise."""

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from conftest import draw_photo
from typer.testing import CliRunner, Result

from artem import Stylizer
from artem.core.errors import ArtemError, EngineError, NetworkError
from artem.core.network_file import NetworkFile, load_network_file, read_bytes, read_metadata
from artem.core.style_file import load_style
from artem.export.judging import _judged_precision
from artem.learn.networks.build import load_network
from artem.runtime import processor
from artem.runtime.engine import Session, engines, open_session
from artem.runtime.library import find_network, network_files
from artem.runtime.versions import int8_network, version_for, why_not_int8

pytest.importorskip("nncf")
from artem.export import quantizing
from artem.export.quantizing import Quantized, quantize_network

VNNI = frozenset({"avx512_vnni"})


@pytest.fixture(scope="module")
def made(
    tiny_models: tuple[Path, NetworkFile], tmp_path_factory: pytest.TempPathFactory
) -> Quantized:
    """``fast.onnx`` with its styles and ``fast.int8.onnx`` in a folder of their own."""
    folder = tmp_path_factory.mktemp("int8") / "models"
    shutil.copytree(tiny_models[0], folder)
    photos = folder / "photos"
    photos.mkdir()
    for seed in range(6):
        draw_photo(72, 64, seed).save(photos / f"{seed}.png")
        draw_photo(64, 64, 90 + seed).save(folder / f"painting-{seed}.png")
    (photos / "broken.png").write_bytes(b"no picture")
    return quantize_network(
        folder / "fast.onnx",
        photos=photos,
        samples=4,
        seed=1,
        paintings=[
            f"{name}={folder / 'painting-0.png'}" for name in ("great-wave", "starry-night")
        ],
        tolerance=0.5,
    )


def run(*arguments: object) -> Result:
    from artem.app.cli import app

    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def library(made: Quantized, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder as the package's models."""
    from artem.runtime import library

    folder = made.network.path.parent
    monkeypatch.setattr(library, "MODELS", folder)
    monkeypatch.setattr(library, "user_styles_folder", lambda: folder / "own")
    return folder


def test_the_file_says_what_it_is(made: Quantized) -> None:
    source = load_network_file(made.network.path.with_name("fast.onnx"))
    assert made.network.int8 and not source.int8
    assert made.network.identity == source.identity
    assert made.network.architecture == source.architecture
    for name in ("objective, float", "objective, int8", "ratio"):
        assert made.network.card["int8"][name] == made.figures[name]
    assert made.ratio == pytest.approx(made.figures["ratio"], abs=1e-4)
    card = made.network.path.with_suffix(".md").read_text()
    assert "| objective, int8 |" in card


def test_every_convolution_and_nothing_else_has_quantized_inputs(made: Quantized) -> None:
    proto = onnx.load(made.network.path)
    source = {output: node for node in proto.graph.node for output in node.output}

    def quantized_behind(name: str) -> set[str]:
        """Names of what is dequantized for this input, seen through what only moves it."""
        node = source[name]
        if node.op_type in ("Pad", "Slice", "Expand"):
            return quantized_behind(node.input[0])
        if node.op_type == "Concat":
            return {each for part in node.input for each in quantized_behind(part)}
        assert node.op_type == "DequantizeLinear"
        return {name}

    convolutions = [node for node in proto.graph.node if node.op_type == "Conv"]
    assert len(convolutions) == 9
    feeding = {
        each for node in convolutions for name in node.input[:2] for each in quantized_behind(name)
    }
    made_by = [n for n in proto.graph.node if n.op_type == "DequantizeLinear"]
    assert {node.output[0] for node in made_by} == feeding


def test_maps_are_unsigned_and_weights_are_signed(made: Quantized) -> None:
    proto = onnx.load(made.network.path)
    types = {one.name: one.data_type for one in proto.graph.initializer}
    for node in proto.graph.node:
        if node.op_type == "QuantizeLinear":  # weights are stored quantized
            assert types[node.input[2]] == onnx.TensorProto.UINT8
        if node.op_type == "DequantizeLinear" and node.input[0] in types:
            assert types[node.input[0]] == onnx.TensorProto.INT8


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_both_engines_paint_nearly_as_in_float(made: Quantized, engine: str) -> None:
    if (reason := engines()[engine].why_not(made.network, "int8")) is not None:
        pytest.skip(reason)
    if engine == "openvino" and (reason := processor.why_no_byte_products()) is not None:
        pytest.skip(f"sums of bytes overflow: {reason}")
    folder = made.network.path.parent
    source = load_network_file(folder / "fast.onnx")
    style = load_style(folder / "styles" / "great-wave.safetensors").vectors[source.identity][None]
    frame = np.asarray(draw_photo(96, 64, 3))[None]
    expected = open_session(source, precision="float")(frame, style).astype(int)
    session = open_session(made.network, engine=engine, precision="int8")
    assert session.precision == "int8"
    apart = np.abs(session(frame, style) - expected)
    assert 0 < apart.mean() < 3  # a wrong layer, such as a pad of int8 maps, gives 20


def test_where_byte_products_overflow_an_engine_is_compared_that_is_right(
    made: Quantized, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[tuple[str, str]] = []

    def watched(network: NetworkFile, *, precision: str, engine: str = "auto") -> Session:
        opened.append((precision, engine))
        return open_session(network, precision=precision, engine=engine)

    monkeypatch.setattr(quantizing, "byte_products", lambda: None)
    monkeypatch.setattr(quantizing, "open_session", watched)
    source = load_network_file(made.network.path.with_name("fast.onnx"))
    style = load_style(source.path.parent / "styles" / "great-wave.safetensors")
    frame = np.asarray(draw_photo(64, 64, 3))
    figures, ratio = quantizing._compared(source, made.network, [style], {}, [frame])
    assert opened == [("float", "auto"), ("int8", "onnxruntime")]
    assert ratio is None
    assert 0 < figures["distance from float in levels of 255"] < 3


def test_damage_is_noticed(made: Quantized, tmp_path: Path) -> None:
    content = bytearray(made.network.path.read_bytes())
    weights = max(read_bytes(bytes(content)).values(), key=lambda values: values.size)
    content[bytes(content).find(weights.tobytes())] ^= 1
    (tmp_path / "x.int8.onnx").write_bytes(content)
    with pytest.raises(NetworkError, match="digest does not fit"):
        load_network_file(tmp_path / "x.int8.onnx")
    assert read_metadata(made.network.path.read_bytes())["artem.precision"] == "int8"


def test_versions_are_no_networks_of_their_own(library: Path) -> None:
    assert list(network_files()) == ["fast"]
    with pytest.raises(NetworkError, match=r"Networks: fast;"):
        find_network("fast.int8")


def test_auto_takes_int8_where_the_cpu_has_byte_products(
    library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openvino")
    frame = np.asarray(draw_photo(40, 40))
    for flags, precision in ((VNNI, "int8"), (frozenset({"avx2"}), "float")):
        monkeypatch.setattr(processor, "cpu_flags", lambda flags=flags: flags)
        stylizer = Stylizer("great-wave", engine="openvino")
        assert stylizer.precision == precision
        assert stylizer(frame).shape == frame.shape
    assert Stylizer("great-wave", precision="int8").precision == "int8"  # where asked for, always
    monkeypatch.setattr(processor, "cpu_flags", lambda: VNNI)
    assert Stylizer("great-wave", precision="float").precision == "float"
    reason = why_not_int8(find_network("fast"), "onnxruntime")
    assert reason is not None and "no faster" in reason


def test_int8_of_other_weights_is_never_taken(
    made: Quantized, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processor, "cpu_flags", lambda: VNNI)
    folder = made.network.path.parent
    proto = onnx.load(folder / "fast.onnx")
    for entry in proto.metadata_props:
        if entry.key == "artem.identity":
            entry.value = "0" * 64
    onnx.save(proto, tmp_path / "fast.onnx")
    network = load_network_file(tmp_path / "fast.onnx")
    with pytest.raises(NetworkError, match="There is no int8 network"):
        int8_network(network)
    shutil.copy(made.network.path, tmp_path)
    with pytest.raises(NetworkError, match="made from other weights"):
        int8_network(network)
    assert version_for(network) == network
    reason = why_not_int8(network)
    assert reason is not None and "made from other weights" in reason


def test_identity_is_exact_in_int8_too(library: Path) -> None:
    frame = np.asarray(draw_photo(50, 41))
    np.testing.assert_array_equal(Stylizer("identity", precision="int8")(frame), frame)


def test_what_cannot_be_is_said(made: Quantized, library: Path) -> None:
    with pytest.raises(EngineError, match="the float one is a file of its own"):
        open_session(made.network, precision="float")
    with pytest.raises(NetworkError, match="can be run, not trained"):
        load_network(made.network.path)
    photos = library / "photos"
    with pytest.raises(NetworkError, match="is int8 already"):
        quantize_network(made.network.path, photos=photos, out=library / "y.int8.onnx")
    with pytest.raises(NetworkError, match=r"does not end in \.int8\.onnx"):
        quantize_network("fast", photos=photos, out=library / "y.onnx")
    with pytest.raises(ArtemError, match="two photos or more"):
        quantize_network("fast", photos=library / "samples", out=library / "y.int8.onnx")


def test_a_worse_one_is_refused_and_not_left_behind(made: Quantized, library: Path) -> None:
    assert made.ratio is not None
    with pytest.raises(NetworkError, match=r"In int8 the objective is .* % worse than in float"):
        quantize_network(
            "fast", photos=library / "photos", out=library / "y.int8.onnx", samples=1, seed=1,
            paintings=[f"great-wave={library / 'painting-0.png'}"], tolerance=-0.9,
        )  # fmt: skip
    assert not (library / "y.int8.onnx").exists()


def test_the_command(library: Path) -> None:
    out = library / "z.int8.onnx"
    asked = ("quantize", "fast", "--photos", library / "photos", "-o", out, "--samples", "2")
    result = run(*asked)
    assert result.exit_code == 0, result.output
    assert "distance from float in levels of 255" in result.stdout
    assert "give --paintings" in result.stderr
    assert load_network_file(out).int8
    assert "exists already" in run(*asked).stderr
    out.unlink()


def test_info_tells_what_auto_takes(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor, "cpu_flags", lambda: VNNI)
    text = run("info").stdout
    assert "openvino, int8: ready" in text
    assert "--precision auto takes for fast: int8, as this CPU has AVX-512 VNNI" in text
    monkeypatch.setattr(processor, "cpu_flags", lambda: frozenset({"avx2"}))
    assert "auto takes for fast: float: this CPU has no instructions" in run("info").stdout


def test_the_judge_judges_what_a_file_holds(made: Quantized) -> None:
    source = load_network_file(made.network.path.with_name("fast.onnx"))
    assert _judged_precision(source, "auto") == "float"
    assert _judged_precision(source, "int8") == "int8"
    assert _judged_precision(made.network, "auto") == "auto"


def test_the_identity_gives_the_frame_back_in_int8(made: Quantized) -> None:
    frame = np.asarray(draw_photo(96, 64, 5))[None]
    vector = np.zeros((1, made.network.style_size), np.float32)
    vector[0, -9:-6] = 1
    for name, engine in engines().items():
        if engine.why_not(made.network, "int8") is None:
            session = open_session(made.network, engine=name, precision="int8")
            np.testing.assert_array_equal(session(frame, vector), frame)
