"""What a channel looks for: the picture that excites it most."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from artem.core.errors import EncoderError, did_you_mean
from artem.learn.encoders import Encoder
from artem.learn.losses import total_variation
from artem.learn.optimization.images import frame_of
from artem.learn.studies.canvas import CANVASES, jittered
from artem.learn.studies.easel import PROBE_PX, chosen_layers
from artem.learn.studies.panel import Meter, OnProgress, Panel, nobody

WAKING = 16
"""Evaluations at the start in which silent units get a gradient whatever the channel answers."""

BETAS = (0.9, 0.99)
"""Of Adam; the usual 0.999 remembers the steep first steps for too long."""


def study_activations(
    encoder: Encoder,
    *,
    layers: Sequence[str],
    channels: Sequence[int] | None = None,
    size_px: int = 128,
    evaluations: int = 256,
    seed: int = 0,
    on_progress: OnProgress = nobody,
    **settings: Any,
) -> Iterator[Panel]:
    """One picture for each channel: what excites it most.

    Each is made by :func:`maximize_activation`.

    Args:
        encoder: any.
        layers: of the encoder; each is a row.
        channels: by number, from 0; all of each layer by default.
        size_px: side of the square pictures.
        evaluations: forward and backward passes for each picture.
        seed: of the noise that all start from.
        on_progress: called after each evaluation with the mean activation.
        settings: the others of :func:`maximize_activation`.

    Yields:
        A panel for each channel. Its figures: the mean activation of the noise, of
        the picture, and the picture's share in the layer's whole activation.

    Raises:
        EncoderError: the encoder lacks a layer or a channel, or there is no such canvas.
    """
    names = chosen_layers(encoder, layers)
    counts = channel_counts(encoder, names)
    for layer in names:
        for channel in channels or ():
            if not 0 <= channel < counts[layer]:
                raise EncoderError(
                    f"{layer} of '{encoder.name}' has no channel {channel}.\n"
                    f"  It has {counts[layer]}, numbered from 0 to {counts[layer] - 1}."
                )
    wanted = [(layer, channel) for layer in names for channel in channels or range(counts[layer])]
    meter = Meter(len(wanted) * evaluations, on_progress)
    for layer, channel in wanted:
        meter.begin(f"{layer} {channel}", evaluations)
        first: list[float] = []

        def listen(number: int, value: float, first: list[float] = first) -> None:
            first.append(value)
            meter(number, value)

        image = maximize_activation(
            encoder, layer, channel, size_px=size_px, evaluations=evaluations, seed=seed,
            on_evaluation=listen, **settings,
        )  # fmt: skip
        with torch.no_grad():
            maps = encoder(image, [layer])[layer]
        reached = float(maps[:, channel].mean())
        whole = float(maps.sum(dim=1).mean())
        figures: dict[str, float | str] = {
            "layer": layer, "channel": str(channel), "activation of noise": first[0],
            "activation": reached, "share of the layer": reached / whole if whole else 0.0,
        }  # fmt: skip
        silent = "" if reached > 0 else ", silent"
        yield Panel(layer, f"{channel}{silent}", frame_of(image), figures)


def maximize_activation(
    encoder: Encoder,
    layer: str,
    channel: int,
    *,
    size_px: int = 128,
    evaluations: int = 256,
    canvas: str = "fourier",
    learning_rate: float = 0.15,
    jitter_px: int | None = None,
    turn_degrees: float = 10.0,
    zoom: float = 0.1,
    tv_weight: float = 2.0,
    l2_weight: float = 0.0,
    blur_px: float = 0.0,
    seed: int = 0,
    on_evaluation: Callable[[int, float], None] = lambda number, activation: None,
) -> Tensor:
    """A picture that makes one channel of a layer fire as much as it can, everywhere.

    Maximizes the channel's mean activation less the weighted penalties, with Adam,
    whose rate falls to a tenth along half a cosine. The activation counts in units
    of what it is already, or of the layer's mean where that is more; so the
    weights mean the same at every layer. (Olah et al., Distill 2017, take it as it
    is; the penalties are theirs. The blur is that of Yosinski et al.,
    arXiv:1506.06579, section 3, with a strength that falls.)

    Args:
        encoder: frozen.
        layer, channel: which channel; it must exist.
        size_px: side of the picture.
        evaluations: forward and backward passes.
        canvas: what is optimized, of :data:`CANVASES`.
        learning_rate: Adam's at the start.
        jitter_px: largest shift before each pass; by default half the side, which
            makes a picture that continues across its borders.
        turn_degrees, zoom: largest turn and zoom before each pass (:func:`jittered`).
        tv_weight: of the anisotropic total variation, per value.
        l2_weight: of the mean squared distance from middle gray.
        blur_px: deviation of a Gaussian blur after each step, at the start; it
            falls to 0 in a straight line.
        seed: of the noise and the jitter.
        on_evaluation: called with the number of evaluations so far and the mean
            activation, of the jittered picture.

    Returns:
        ``(1, 3, size_px, size_px)`` in [0, 1].

    Raises:
        EncoderError: there is no such canvas.
    """
    if canvas not in CANVASES:
        raise EncoderError(
            f"'{canvas}' is no canvas.{did_you_mean(canvas, CANVASES)}\n"
            f"  Use one of: {', '.join(CANVASES)}"
        )
    draw = torch.Generator().manual_seed(seed)
    easel = CANVASES[canvas](size_px, draw)
    optimizer = torch.optim.Adam([easel.numbers], lr=learning_rate, betas=BETAS)
    shift_px = size_px // 2 if jitter_px is None else jitter_px
    silent = False
    for number in range(1, evaluations + 1):
        left = 1 - (number - 1) / evaluations
        optimizer.param_groups[0]["lr"] = learning_rate * (
            0.1 + 0.9 * (1 - math.cos(math.pi * left)) / 2
        )
        optimizer.zero_grad()
        image = easel.image()
        view = jittered(image, draw, shift_px=shift_px, turn_degrees=turn_degrees, zoom=zoom)
        with Waking(number <= WAKING or silent):
            maps = encoder(view, [layer])[layer]
        activation = maps[:, channel].mean()
        unit = float(torch.maximum(activation, maps.mean()).detach()) or 1.0
        loss = (
            tv_weight * total_variation(image).sum()
            + l2_weight * (image - 0.5).square().mean()
            - activation / unit
        )
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        if blur_px:
            easel.blur(blur_px * left)
        value = float(activation.detach())
        silent = value == 0
        on_evaluation(number, value)
    return easel.image().detach()


def channel_counts(encoder: Encoder, layers: Sequence[str]) -> dict[str, int]:
    """How many channels each layer has."""
    with torch.no_grad():
        features = encoder(torch.zeros(1, 3, PROBE_PX, PROBE_PX), layers)
    return {layer: features[layer].shape[1] for layer in layers}


class Waking(TorchFunctionMode):
    """Within it, ReLUs let through gradients that would wake a silent unit.

    A channel that answers nothing to the first noise has no gradient at all, and
    would stay silent. (Lucid does this for 16 steps; here also whenever the channel
    has fallen silent.)

    Args:
        active: without it, nothing is changed.
    """

    def __init__(self, active: bool) -> None:
        super().__init__()
        self.active = active

    def __torch_function__(
        self,
        function: Callable[..., Any],
        types: Sequence[type],
        arguments: Sequence[Any] = (),
        options: Mapping[str, Any] | None = None,
    ) -> Any:
        if self.active and function is F.relu:
            return _WakingReLU.apply(arguments[0])  # type: ignore[no-untyped-call]
        return function(*arguments, **(options or {}))


class _WakingReLU(torch.autograd.Function):
    """Forward: ``max(x, 0)``. Gradient: 1 where ``x > 0`` or where a step would raise ``x``."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        ctx.save_for_backward(values)
        return values.clamp_min(0)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (values,) = ctx.saved_tensors
        return torch.where((values > 0) | (gradient < 0), gradient, 0)
