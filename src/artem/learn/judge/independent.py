"""An encoder that no network here is trained on: SqueezeNet."""

from __future__ import annotations

from pathlib import Path

from artem.core.errors import EncoderError
from artem.learn.encoders import Encoder, load_encoder
from artem.learn.encoders.fetch import fetch_torchvision
from artem.learn.encoders.squeezenet import squeezenet_from_torchvision


def load_independent(
    encoder: str | Path | None = None, *, folder: Path | None = None, url: str | None = None
) -> Encoder:
    """The encoder that judges what another one trained, frozen.

    Args:
        encoder: as for :func:`~artem.learn.encoders.load_encoder`; ``None`` takes
            torchvision's SqueezeNet 1.0 from the cache or fetches it.
        folder: the cache; the user's by default.
        url: somewhere else to fetch it from; the name must end in ``-HASH.pth``.

    Raises:
        EncoderError: it cannot be read or fetched.
    """
    if encoder is not None:
        return load_encoder(encoder)
    try:
        weights = fetch_torchvision("squeezenet1_0", folder=folder, url=url)
    except EncoderError as error:
        reason = str(error).partition("\n")[0]
        raise EncoderError(f"{reason}\n  Give SqueezeNet's file with --independent.") from error
    return squeezenet_from_torchvision(weights).frozen()
