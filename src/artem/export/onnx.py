"""A styled network as one ONNX file: uint8 frame and style vector in, uint8 frame out."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import logging
import warnings
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from artem.core.digests import tensors_digest
from artem.core.errors import NetworkError
from artem.core.files import replacing
from artem.core.network_file import NetworkFile, load_network_file
from artem.export.lean import SlimFrame, fold_upsampling
from artem.export.packed import pack_trunks, settle
from artem.learn.networks import SlimNet, StyledNetwork
from artem.learn.networks.conditional import place_grain

OPSET = 20

MEAN_OF_BINARY = 0.25
"""Levels of 255 by which a binary network's file may differ from it in the mean."""

CONV_DEFAULTS = {"group": 1, "dilations": [1, 1], "pads": [0, 0, 0, 0], "strides": [1, 1]}


class FrameNetwork(nn.Module):
    """A styled network from frame to frame: what a file has to paint.

    It paints a reflected margin beyond the frame's borders and cuts it off: what
    layers make of their own padding, combs and repeated edges, stays there.
    The picture's own part of the head is computed in 0 to 255, so that the
    identity gives a frame back exactly in any precision.
    """

    def __init__(self, network: StyledNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, frame: Tensor, style: Tensor, place: Tensor | None = None) -> Tensor:
        """uint8 ``(1, H, W, 3)`` and float32 ``(1, P)`` to uint8 ``(1, H, W, 3)``.

        ``place``, int64 ``(2,)``, is where the frame begins on the plane that the grain covers,
        (down, right) in pixels from 0 up; only a :class:`SlimNet` has grain.
        """
        if place is not None and isinstance(self.network, SlimNet):
            place_grain(self.network, place // self.network.grain_px)
        margin = self.network.margin
        pixels = frame.permute(0, 3, 1, 2).float()
        around = F.pad(pixels * (2 / 255) - 1, (margin,) * 4, mode="reflect")
        parts = iter(torch.split(style, self.network.style_sizes, dim=1))
        residual = self.network.residual(around, parts)
        residual = residual[:, :, margin:-margin, margin:-margin]
        skip, scale, shift = (part[:, :, None, None] for part in parts)
        painted = skip * pixels + 255 * (scale * residual + shift)
        frame = painted.clamp(0, 255).round().to(torch.uint8)
        return frame.permute(0, 2, 3, 1)


def export_network(
    network: StyledNetwork, file: str | Path, *, name: str, card: Mapping[str, Any]
) -> NetworkFile:
    """Write a network for the runtime, and compare the file with its source.

    Initializers keep their names in the PyTorch state dict, so the file is the
    trainable form as well (:func:`~artem.learn.networks.build.load_network`). Of
    a binary trunk it holds signs and a magnitude for each filter, nothing else.

    Args:
        network: on any device.
        file: ends in ``.onnx``.
        name: what it will be asked for by.
        card: training, data, figures, license; JSON values only.

    Raises:
        NetworkError: the exported graph does not paint as the network does.
    """
    source = FrameNetwork(copy.deepcopy(network)).to("cpu", torch.float32).eval()
    place_grain(source.network, torch.zeros(2))  # a training leaves it anywhere; no file says where
    binary = settle(source.network)
    model = _leaner(copy.deepcopy(source))
    pack_trunks(model)
    side = max(2 * network.minimum, 8 * network.multiple)
    frame = torch.zeros(1, side, side + network.multiple, 3, dtype=torch.uint8)
    inputs = {"frame": frame, "style": torch.zeros(1, network.style_size)}
    if has_place(network):
        inputs["place"] = torch.zeros(2, dtype=torch.long)
    proto = bare_graph(model, inputs, "stylized", pictures=("frame",))
    weights = _rename_weights(proto, model)
    onnx.helper.set_model_props(proto, {
        "artem.name": name,
        "artem.identity": network_identity(source.network),
        "artem.digest": tensors_digest(weights),
        "artem.architecture": json.dumps(network.architecture),
        "artem.style_size": str(network.style_size),
        "artem.multiple": str(network.multiple),
        "artem.minimum": str(network.minimum),
        "artem.card": json.dumps(dict(card), sort_keys=True),
    })  # fmt: skip
    onnx.checker.check_model(proto, full_check=True)
    with replacing(file) as partial:
        partial.write_bytes(proto.SerializeToString())
        difference = _difference(source, partial, mean=binary)
        if difference > (MEAN_OF_BINARY if binary else 1):
            raise NetworkError(f"'{file}' differs from its network by {difference} of 255 levels.")
    return load_network_file(file)


def _leaner(model: FrameNetwork) -> nn.Module:
    """The same pictures by a graph that runs in less time; the network is changed."""
    if isinstance(model.network, SlimNet):
        return SlimFrame(model.network)
    fold_upsampling(model.network)
    return model


def has_place(network: StyledNetwork) -> bool:
    """Whether what a network paints depends on the place of the frame beside the frame."""
    return isinstance(network, SlimNet) and network.grain is not None


def network_identity(network: StyledNetwork) -> str:
    """SHA-256 of the float weights in name order: what styles are bound to."""
    return tensors_digest({
        name: tensor.detach().cpu().float().numpy() for name, tensor in network.state_dict().items()
    })  # fmt: skip


@contextlib.contextmanager
def quiet_exporter() -> Iterator[None]:
    """PyTorch's exporter talks on both streams; only its errors matter here."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


def bare_graph(
    model: nn.Module, inputs: Mapping[str, Tensor], output: str, *, pictures: Collection[str]
) -> onnx.ModelProto:
    """A model as an ONNX graph that says nothing of where it came from.

    Args:
        model: takes the inputs in their order.
        inputs: an example of each, by name.
        output: what its result is called.
        pictures: those inputs ``(1, H, W, 3)`` whose height and width stay open.
    """
    open_sides = {1: torch.export.Dim.DYNAMIC, 2: torch.export.Dim.DYNAMIC}
    with quiet_exporter():
        program = torch.onnx.export(
            model, tuple(inputs.values()), dynamo=True, opset_version=OPSET, verbose=False,
            input_names=list(inputs), output_names=[output],
            dynamic_shapes={name: open_sides if name in pictures else {} for name in inputs},
        )  # fmt: skip
    assert program is not None
    proto = program.model_proto
    _spell_out_convolutions(proto)
    del proto.metadata_props[:]
    for node in proto.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    return proto


def _rename_weights(proto: onnx.ModelProto, model: nn.Module) -> dict[str, NDArray[Any]]:
    """Drop the wrapper's prefix from the initializers; weights and words by their final name.

    Weights that the graph has in another form only are added, for :func:`load_network`.
    """
    prefix = "network."
    used = {initializer.name for initializer in proto.graph.initializer}
    proto.graph.initializer.extend(
        onnx.numpy_helper.from_array(tensor.numpy(), name)
        for name, tensor in model.state_dict().items()
        if name not in used
    )
    for initializer in proto.graph.initializer:
        initializer.name = initializer.name.removeprefix(prefix)
    for node in proto.graph.node:
        for index, name in enumerate(node.input):
            node.input[index] = name.removeprefix(prefix)
    for value in proto.graph.value_info:
        value.name = value.name.removeprefix(prefix)
    weights = {
        initializer.name: onnx.numpy_helper.to_array(initializer)
        for initializer in proto.graph.initializer
        if initializer.data_type in (onnx.TensorProto.FLOAT, onnx.TensorProto.UINT8)
    }
    for initializer in proto.graph.initializer:  # one encoding, so that they can be read simply
        initializer.CopyFrom(
            onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(initializer), initializer.name)
        )
    return weights


def _spell_out_convolutions(proto: onnx.ModelProto) -> None:
    """Write down each convolution's kernel, dilation, stride, pad and group."""
    shapes = {initializer.name: list(initializer.dims) for initializer in proto.graph.initializer}
    for node in proto.graph.node:
        if node.op_type != "Conv":
            continue
        given = {attribute.name for attribute in node.attribute}
        wanted = CONV_DEFAULTS | {"kernel_shape": shapes[node.input[1]][2:]}
        if "auto_pad" in given:
            kept = [a for a in node.attribute if a.name != "auto_pad"]
            del node.attribute[:]
            node.attribute.extend(kept)
        node.attribute.extend(
            onnx.helper.make_attribute(name, value)
            for name, value in wanted.items()
            if name not in given
        )


def _difference(model: FrameNetwork, file: Path, *, mean: bool) -> float:
    """Levels of 255 between the file in an engine and PyTorch, on noise in two sizes.

    The largest one, or the mean over a frame. Engines round differently by a millionth;
    where a sign hangs on that, a binary network may paint a stroke otherwise.
    """
    from artem.runtime.engine import open_session

    generator = torch.Generator().manual_seed(0)
    session = open_session(load_network_file(file))
    largest = 0.0
    least = model.network.minimum
    for height, width in ((least, least + model.network.multiple), (3 * least, 2 * least)):
        frame = torch.randint(0, 256, (1, height, width, 3), generator=generator, dtype=torch.uint8)
        style = 0.5 + torch.rand(1, model.network.style_size, generator=generator)
        style[:, -9:] = torch.tensor([0.2] * 3 + [0.3] * 3 + [0.4] * 3)
        place = torch.randint(0, 1000, (2,), generator=generator)
        with torch.no_grad():
            ours = model(frame, style, place).numpy().astype(np.int16)
        theirs = session(frame.numpy(), style.numpy(), place.numpy()).astype(np.int16)
        apart = np.abs(ours - theirs)
        largest = max(largest, float(apart.mean() if mean else apart.max()))
    return largest
