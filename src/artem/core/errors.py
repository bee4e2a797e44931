"""Errors that a person can act on.

Each message is one sentence that says what is wrong, then what to do about it.
The command line prints it after ``error:`` and exits with ``exit_code``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ArtemError(Exception):
    """Anything that Art'Em refuses or cannot do; its text is meant for people."""

    exit_code = 1


class PictureError(ArtemError):
    """A picture cannot be read, converted or written."""


class StyleError(ArtemError):
    """A style is unknown, broken, or not made for the network in use."""


class NetworkError(ArtemError):
    """A network is unknown, broken, or not what its card says."""


class EngineError(ArtemError):
    """No engine on this machine can run the network."""


class TrainingError(ArtemError):
    """A training cannot start or go on."""


class EncoderError(ArtemError):
    """A perceptual encoder is unknown, broken, or cannot be fetched."""


class LossError(ArtemError):
    """A loss is unknown, or cannot be used as asked."""


def did_you_mean(asked: str, known: Iterable[str]) -> str:
    """`` Did you mean 'x'?`` with a leading space, or nothing when no name is near."""
    near = difflib.get_close_matches(asked, list(known), n=1, cutoff=0.5)
    return f" Did you mean '{near[0]}'?" if near else ""
