"""L-BFGS curves: what optimization reaches on a photo, kept and used again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from artem.core.errors import PictureError
from artem.core.files import replacing
from artem.core.picture import Frame, load_picture, save_picture
from artem.learn.encoders import VGG, Encoder
from artem.learn.losses import PerceptualLoss
from artem.learn.optimization import optimize_picture
from artem.learn.optimization.images import frame_of, image_of, white_noise

STARTS = ("photo", "noise")
"""Where L-BFGS starts: from the photo, or from white noise as Johnson et al. let it."""

PROTOCOL = "l-bfgs, mirrored at black and white"
"""How curves are run; goes into their keys, so that another way needs another one."""

OnEvaluation = Callable[[], None]


@dataclass(frozen=True)
class Curve:
    """A run of L-BFGS.

    Attributes:
        objective: the lowest so far after each evaluation, 7 significant digits.
        frame: the best picture of the run in 8 bits; ``None`` when it was not kept.
        frame_evaluations: after how many evaluations it was the best.
    """

    objective: tuple[float, ...]
    frame: Frame | None
    frame_evaluations: int

    def evaluations_to(self, objective: float) -> int | None:
        """The first evaluation that is as low as ``objective``; ``None`` when none is."""
        limit = objective * (1 + 1e-5)  # both come from float32 sums
        return next((n for n, value in enumerate(self.objective, 1) if value <= limit), None)


class Curves:
    """The curves of one loss, each run once and then taken from a folder.

    A curve's file is named by the SHA-256 of all that it depends on: photo,
    painting, start, the loss's settings, the encoder's weights. The best picture
    lies beside it as a PNG, which may be missing.

    Args:
        loss: the objective.
        folder: made when the first curve is kept; ``None`` keeps none.
        evaluations: forward and backward passes of each run, line searches included.
        seed: of the noise.
    """

    def __init__(
        self, loss: PerceptualLoss, folder: Path | None, *, evaluations: int = 300, seed: int = 0
    ) -> None:
        self.loss = loss
        self.folder = folder
        self.evaluations = evaluations
        self.seed = seed
        self._loss_digest = _digest_of(loss)

    def missing(self, photo: Frame, painting: Tensor, start: str) -> bool:
        """Whether this curve has to be run."""
        return self._kept(self.key(photo, painting, start)) is None

    def curve(
        self,
        photo: Frame,
        painting: Tensor,
        start: str,
        on_evaluation: OnEvaluation = lambda: None,
    ) -> Curve:
        """Take the curve from the folder, or run it and keep it.

        Args:
            photo: content, uint8 ``(H, W, 3)``.
            painting: style picture, ``(1, 3, H, W)`` in [0, 1].
            start: one of :data:`STARTS`.
            on_evaluation: called after each evaluation of a run.
        """
        key = self.key(photo, painting, start)
        kept = self._kept(key)
        if kept is not None:
            return Curve(tuple(kept[: self.evaluations]), self._kept_frame(key), len(kept))
        content = image_of(photo)
        height, width, _ = photo.shape
        image, values = optimize_picture(
            self.loss,
            content,
            self.loss.style_target(painting),
            start=content if start == "photo" else white_noise(height, width, self.seed),
            evaluations=self.evaluations,
            on_evaluation=lambda *_: on_evaluation(),
        )
        objective = tuple(float(f"{value:.7g}") for value in values)
        curve = Curve(objective, frame_of(image), len(objective))
        self._keep(key, start, curve)
        return curve

    def key(self, photo: Frame, painting: Tensor, start: str) -> str:
        """What the curve's file is named by."""
        digest = hashlib.sha256(PROTOCOL.encode() + self._loss_digest)
        style = painting.mul(255).round().to(torch.uint8)
        for pixels in (photo, style.numpy()):
            digest.update(f"{pixels.shape}".encode() + pixels.tobytes())
        digest.update((start if start == "photo" else f"{start} {self.seed}").encode())
        return digest.hexdigest()[:24]

    def _kept(self, key: str) -> list[float] | None:
        """The curve in the folder, if it is there, whole, and long enough."""
        if self.folder is None:
            return None
        try:
            said = json.loads((self.folder / f"{key}.json").read_text(encoding="utf-8"))
            values = [float(value) for value in said["objective"]]
        except (OSError, ValueError, TypeError, LookupError):
            return None
        return values if len(values) >= self.evaluations else None

    def _kept_frame(self, key: str) -> Frame | None:
        with suppress(PictureError):
            return load_picture(f"{self.folder}/{key}.png").frame
        return None

    def _keep(self, key: str, start: str, curve: Curve) -> None:
        if self.folder is None:
            return
        assert curve.frame is not None
        height, width = curve.frame.shape[:2]
        said = {
            "start": start,
            "encoder": self.loss.encoder.name,
            "size": f"{width}x{height}",
            "objective": curve.objective,
        }
        save_picture(self.folder / f"{key}.png", curve.frame)
        with replacing(self.folder / f"{key}.json") as partial:
            partial.write_text(json.dumps(said) + "\n", encoding="utf-8")


def _digest_of(loss: PerceptualLoss) -> bytes:
    """SHA-256 of a loss: its settings, its encoder's kind and weights."""
    digest = hashlib.sha256(json.dumps(loss.settings, sort_keys=True).encode())
    for part in loss.encoder.modules():
        if isinstance(part, Encoder):
            digest.update(type(part).__name__.encode())
        if isinstance(part, VGG):  # what its weights do not tell
            digest.update(f"{part.padding} {part.pool.__name__}".encode())
    for name, tensor in sorted(loss.encoder.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.digest()
