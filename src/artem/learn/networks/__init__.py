"""Feed-forward networks, by architecture and by shipped name."""

from artem.learn.networks.adain import AdaINMoments, AdaINNet
from artem.learn.networks.conditional import StyledNetwork, identity_vector, style_vector
from artem.learn.networks.fine import FineNet
from artem.learn.networks.slim import SlimNet
from artem.learn.networks.style_predictor import StylePredictor
from artem.learn.networks.transformer import TransformerNet

__all__ = [
    "AdaINMoments",
    "AdaINNet",
    "FineNet",
    "SlimNet",
    "StylePredictor",
    "StyledNetwork",
    "TransformerNet",
    "identity_vector",
    "style_vector",
]
