"""Perceptual networks: pictures in, features by the field's layer names out."""

from artem.learn.encoders.encoder import Encoder, EncoderChain
from artem.learn.encoders.load import ENCODERS, load_encoder
from artem.learn.encoders.squeezenet import SqueezeNet
from artem.learn.encoders.vgg import VGG

__all__ = ["ENCODERS", "VGG", "Encoder", "EncoderChain", "SqueezeNet", "load_encoder"]
