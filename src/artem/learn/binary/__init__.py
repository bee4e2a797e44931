"""Weights and activations of one bit: quantizers, and the layer that uses them.

A quantizer is a function of tensors. Its docstring gives two rules: what it
computes, and what it lets through as a gradient instead of its true one, which is
zero nearly everywhere.
"""

from artem.learn.binary.backward import Product, binary_gradient_conv2d
from artem.learn.binary.dorefa import dorefa_activations, dorefa_gradients, dorefa_weights
from artem.learn.binary.layers import BinaryConv2d
from artem.learn.binary.loss_aware import LossAware, loss_aware_weights
from artem.learn.binary.scaling import filter_scales, input_scales, xnor_weights
from artem.learn.binary.signs import approx_sign, magnitude_aware_sign, ste_sign, swish_sign

__all__ = [
    "BinaryConv2d",
    "LossAware",
    "Product",
    "approx_sign",
    "binary_gradient_conv2d",
    "dorefa_activations",
    "dorefa_gradients",
    "dorefa_weights",
    "filter_scales",
    "input_scales",
    "loss_aware_weights",
    "magnitude_aware_sign",
    "ste_sign",
    "swish_sign",
    "xnor_weights",
]
