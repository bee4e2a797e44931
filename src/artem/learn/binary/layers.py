"""A convolution of one-bit weights and one-bit inputs, as it is trained."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from artem.core.errors import NetworkError, did_you_mean
from artem.learn.binary.backward import Product, binary_gradient_conv2d
from artem.learn.binary.dorefa import check_bits
from artem.learn.binary.loss_aware import LossAware
from artem.learn.binary.scaling import input_scales
from artem.learn.binary.signs import approx_sign, ste_sign

Quantizer = Callable[[Tensor], Tensor]

PADDING_MODES = {"reflect": "reflect", "zero": "constant"}


class BinaryConv2d(nn.Module):
    """``weights(w) * inputs(x)``: a convolution of quantized weights and inputs.

    The float weights that training moves are *latent*: only their signs are ever
    multiplied. :meth:`constrain` keeps them within [-1, 1], beyond which the
    straight-through estimator would never move them again.

    Args:
        kernel: side of the kernel.
        stride: 1 or 2.
        weights: quantizer of the latent weights; a :class:`LossAware` of their shape
            learns from the gradients that :meth:`constrain` finds.
        inputs: quantizer of the maps.
        scale_map: whether the result is multiplied by XNOR-Net's ``K``, see
            :func:`~artem.learn.binary.scaling.input_scales`.
        border: ``reflect`` or ``zero``. Signs are mirrored, or zeros put around them;
            ``(kernel - stride + 1) // 2`` of them on each side.
        gradient_bits: bits of the output's gradient; ``None`` leaves it as it is.

    Attributes:
        weight: the latent weights, ``(out, C, kernel, kernel)``.
        product: what multiplies the signs in the backward pass when ``gradient_bits``
            is 1.
    """

    def __init__(
        self,
        channels: int,
        out_channels: int,
        kernel: int = 3,
        *,
        stride: int = 1,
        weights: Quantizer = ste_sign,
        inputs: Quantizer = approx_sign,
        scale_map: bool = False,
        border: str = "reflect",
        gradient_bits: int | None = None,
    ) -> None:
        super().__init__()
        if border not in PADDING_MODES:
            raise NetworkError(
                f"'{border}' is not a border.{did_you_mean(border, PADDING_MODES)}\n"
                f"  Use one of: {', '.join(PADDING_MODES)}"
            )
        if gradient_bits is not None:
            check_bits(gradient_bits)
        self.kernel, self.stride, self.border = kernel, stride, border
        self.padding = max(0, kernel - stride + 1) // 2
        self.weights, self.inputs = weights, inputs
        self.scale_map = scale_map
        self.gradient_bits = gradient_bits
        self.product: Product = F.conv_transpose2d
        self.weight = nn.Parameter(torch.empty(out_channels, channels, kernel, kernel))
        nn.init.uniform_(self.weight, -1, 1).data *= (channels * kernel**2) ** -0.5

    def forward(self, maps: Tensor) -> Tensor:
        """``(N, C, H, W)`` to ``(N, out, H', W')``."""
        padded = F.pad(self.inputs(maps), (self.padding,) * 4, mode=PADDING_MODES[self.border])
        weights = self.weights(self.weight)
        if self.gradient_bits is None:
            result = F.conv2d(padded, weights, stride=self.stride)
        else:
            result = binary_gradient_conv2d(
                padded, weights, stride=self.stride, bits=self.gradient_bits, product=self.product
            )
        if self.scale_map:
            around = F.pad(maps, (self.padding,) * 4, mode=PADDING_MODES[self.border])
            result = result * input_scales(around, self.kernel, self.stride)
        return result

    @torch.no_grad()
    def constrain(self) -> None:
        """After each optimizer step: latent weights back into [-1, 1]."""
        if isinstance(self.weights, LossAware) and self.weight.grad is not None:
            self.weights.observe(self.weight.grad)
        self.weight.clamp_(-1, 1)

    @torch.no_grad()
    def settle(self) -> None:
        """Give each filter's latent weights one magnitude, their mean, and keep their signs.

        That is what one bit a weight and one number a filter can hold; the signs, and so
        what the layer computes from them, stay what they are.
        """
        alpha = self.weight.flatten(1).abs().mean(dim=1).clamp_min(1e-6).view(-1, 1, 1, 1)
        self.weight.copy_(torch.where(self.weight >= 0, alpha, -alpha))

    @torch.no_grad()
    def unpack(self, words: NDArray[np.uint8], alpha: NDArray[np.float32]) -> None:
        """Take over settled weights from a network file.

        Args:
            words: ``(out, kh, kw, bytes)``, channels in the order of bits, lowest first.
            alpha: the magnitude of each filter, ``(out,)``.

        Raises:
            NetworkError: they are another layer's.
        """
        out, channels, height, width = self.weight.shape
        whole = -(-channels // 64) * 8
        if words.shape != (out, height, width, whole) or alpha.shape != (out,):
            raise NetworkError(
                f"Packed weights of shape {words.shape} are not those of {out} filters of "
                f"{channels}x{height}x{width}."
            )
        bits = np.unpackbits(words, axis=-1, count=channels, bitorder="little")
        signs = torch.from_numpy(bits.transpose(0, 3, 1, 2) * np.float32(2) - 1)
        self.weight.copy_(signs * torch.from_numpy(alpha.copy()).view(-1, 1, 1, 1))
