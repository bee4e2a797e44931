"""Masks from pictures and from models."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from media.conftest import draw_frame
from onnx import TensorProto, helper
from PIL import Image

from artem.core.errors import PictureError
from artem.media import mask_model
from artem.media.mask_model import ModelMask
from artem.media.masks import PictureMask
from artem.media.protocols import MediaError, TimedFrame

BRIGHT = TimedFrame(draw_frame(5), Fraction(0))


def save_mask(file: Path, left: int, right: int) -> None:
    gray = np.zeros((10, 20), np.uint8)
    gray[:, :10], gray[:, 10:] = left, right
    file.parent.mkdir(exist_ok=True)
    Image.fromarray(gray).save(file)


class TestPictureMask:
    def test_one_picture_in_the_size_of_each_frame(self, tmp_path: Path) -> None:
        save_mask(tmp_path / "mask.png", 255, 0)
        mask = PictureMask(tmp_path / "mask.png")
        for size in ((64, 48), (20, 30)):
            values = mask(TimedFrame(draw_frame(0, *size), Fraction(0)))
            assert values.shape == size[::-1]
            assert values.dtype == np.float32
            assert (values[:, : size[0] // 2 - 4] == 1).all()
            assert (values[:, size[0] // 2 + 4 :] == 0).all()

    def test_inverted(self, tmp_path: Path) -> None:
        save_mask(tmp_path / "mask.png", 255, 51)
        values = PictureMask(tmp_path / "mask.png", inverted=True)(BRIGHT)
        assert values[0, 0] == 0
        assert values[0, -1] == pytest.approx(0.8)

    def test_one_with_transparency_counts_by_its_opacity(self, tmp_path: Path) -> None:
        cutout = np.full((10, 20, 4), 255, np.uint8)
        cutout[:, 10:, 3] = 0
        Image.fromarray(cutout).save(tmp_path / "mask.png")
        for inverted in (False, True):
            values = PictureMask(tmp_path / "mask.png", inverted=inverted)(BRIGHT)
            assert (values[:, :28] == (not inverted)).all()
            assert (values[:, 36:] == inverted).all()

    def test_a_folder_has_one_for_each_frame(self, tmp_path: Path) -> None:
        for number in range(1, 12):
            save_mask(tmp_path / "masks" / f"m{number}.png", 10 * number, 0)
        mask = PictureMask(tmp_path / "masks")
        values = [mask(BRIGHT)[0, 0] * 255 for _ in range(13)]
        assert values == pytest.approx([10 * n for n in range(1, 12)] + [110, 110])
        mask.next = 4
        assert mask(BRIGHT)[0, 0] * 255 == pytest.approx(50)

    def test_nothing_to_read(self, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        with pytest.raises(MediaError, match="There is no picture in"):
            PictureMask(tmp_path / "empty")
        (tmp_path / "mask.png").write_bytes(b"no picture")
        with pytest.raises(PictureError, match="is not a picture"):
            PictureMask(tmp_path / "mask.png")


def save_model(
    file: Path, shape: list[Any], *, kind: int = TensorProto.FLOAT, out: int = 1
) -> Path:
    """A model that takes what is bright and red for a person."""
    channel = shape.index(3)
    nodes = [helper.make_node("Cast", ["rgb"], ["values"], to=TensorProto.FLOAT)]
    scale = np.array(255 if kind == TensorProto.UINT8 else 1, np.float32)
    zero, one = np.array([0], np.int64), np.array([1], np.int64)
    constants = {"scale": scale, "zero": zero, "one": one, "axis": np.array([channel], np.int64)}
    nodes += [
        helper.make_node("Div", ["values", "scale"], ["unit"]),
        helper.make_node("Slice", ["unit", "zero", "one", "axis"], ["red"]),
    ]
    if out == 1:
        nodes.append(helper.make_node("Identity", ["red"], ["likely"]))
    else:  # logits of background and person, the person's as far above as red is above a half
        constants |= {"half": np.array(0.5, np.float32), "gain": np.array(40, np.float32)}
        nodes += [
            helper.make_node("Sub", ["red", "half"], ["above"]),
            helper.make_node("Mul", ["above", "gain"], ["person"]),
            helper.make_node("Neg", ["person"], ["background"]),
            helper.make_node("Concat", ["background", "person"], ["likely"], axis=channel),
        ]
    graph = helper.make_graph(
        nodes, "mask",
        [helper.make_tensor_value_info("rgb", kind, shape)],
        [helper.make_tensor_value_info("likely", TensorProto.FLOAT, None)],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, file)
    return file


class TestModelMask:
    @pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
    @pytest.mark.parametrize(
        ("shape", "kind"),
        [
            ([1, 3, 48, 64], TensorProto.FLOAT),
            ([1, 48, 64, 3], TensorProto.UINT8),
            ([1, 3, "h", "w"], TensorProto.FLOAT),
        ],
    )
    def test_the_documented_forms(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: str, shape: list[Any],
        kind: int,
    ) -> None:  # fmt: skip
        find_spec = mask_model.importlib.util.find_spec
        monkeypatch.setattr(
            "importlib.util.find_spec", lambda name: find_spec(name) if name == engine else None
        )
        mask = ModelMask(save_model(tmp_path / "mask.onnx", shape, kind=kind))
        values = mask(BRIGHT)
        monkeypatch.undo()
        assert values.shape == (48, 64)
        tolerance = 0.01 if "h" not in shape else 0.15  # through another size and back
        assert np.abs(values - draw_frame(5)[..., 0] / 255).mean() < tolerance

    @pytest.mark.parametrize("part", ["person", "background"])
    def test_two_channels_are_background_and_person(self, tmp_path: Path, part: str) -> None:
        file = save_model(tmp_path / "mask.onnx", [1, 3, 48, 64], out=2)
        values = ModelMask(file, part=part)(BRIGHT)
        bar = values[40, 3 * 5 + 1 : 3 * 5 + 4]  # the bright bar of this frame
        around = values[4, :8]  # the dark corner
        assert (bar if part == "person" else around).min() > 0.99
        assert (around if part == "person" else bar).max() < 0.01

    def test_refusals(self, tmp_path: Path) -> None:
        with pytest.raises(MediaError, match="There is no mask model"):
            ModelMask(tmp_path / "gone.onnx")
        (tmp_path / "bad.onnx").write_bytes(b"no model")
        with pytest.raises(MediaError, match="cannot be read"):
            ModelMask(tmp_path / "bad.onnx")
        file = save_model(tmp_path / "mask.onnx", [1, 3, 48, 64])
        with pytest.raises(MediaError, match="Use person or background"):
            ModelMask(file, part="dog")
        identity = helper.make_graph(
            [helper.make_node("Identity", ["x"], ["y"])], "g",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3, 8, 8])],
        )  # fmt: skip
        opsets = [helper.make_opsetid("", 17)]
        onnx.save(helper.make_model(identity, opset_imports=opsets, ir_version=9), file)
        with pytest.raises(MediaError, match=r"gives \(1, 3, 8, 8\)"):
            ModelMask(file)(BRIGHT)
