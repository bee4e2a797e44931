"""Experiments that show what layers, losses and weights do, each a sheet of pictures and a table.

Each is a generator of :class:`Panel`, so whoever stops one keeps what is there.
"""

from artem.learn.studies.activations import maximize_activation, study_activations
from artem.learn.studies.layer_weights import propose_weights, study_layer_weights
from artem.learn.studies.layers import study_layers
from artem.learn.studies.networks import study_networks, train_variants
from artem.learn.studies.panel import Panel, Progress
from artem.learn.studies.style_losses import study_losses
from artem.learn.studies.sweeps import sweep_content, sweep_style

__all__ = [
    "Panel",
    "Progress",
    "maximize_activation",
    "propose_weights",
    "study_activations",
    "study_layer_weights",
    "study_layers",
    "study_losses",
    "study_networks",
    "sweep_content",
    "sweep_style",
    "train_variants",
]
