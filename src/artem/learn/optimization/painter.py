"""A photo painted by gradient descent, from coarse to fine."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from artem.core.allocation import keep_freed_memory
from artem.core.color import gray, match_colors, with_colors_of
from artem.core.digests import tensors_digest
from artem.core.picture import Frame
from artem.learn.losses import AdversarialLoss, PerceptualLoss
from artem.learn.optimization.areas import Area, masks_at, painting_size, refuse_no_rest
from artem.learn.optimization.descent import Descent, refuse_learning
from artem.learn.optimization.images import (
    frame_of,
    image_of,
    resized_frame,
    resized_image,
    white_noise,
)
from artem.learn.optimization.memory import MemoryPlan, usual_bytes
from artem.learn.optimization.objective import (
    Region,
    RegionalLoss,
    balanced,
    channels_last,
    refuse_masks,
)
from artem.learn.optimization.recipe import PaintRecipe, pyramid
from artem.learn.optimization.tiles import TiledEncoder


@dataclass(frozen=True)
class Progress:
    """Where a painting stands.

    Attributes:
        done: evaluations so far, at all sizes.
        work: what is done of all the work, 0 to 1; large sizes weigh more.
        size: height and width of the one under way.
        objective: at the last evaluation.
        terms: its unweighted parts.
    """

    done: int
    work: float
    size: tuple[int, int]
    objective: float
    terms: Mapping[str, float]


class Painter:
    """Paints one photo, from coarse to fine; can be stopped, saved and resumed anywhere.

    Args:
        photo: uint8 ``(H, W, 3)``.
        paintings: style pictures, uint8.
        loss: encoder, terms and weights.
        recipe: settings.
        areas: where which paintings act; all everywhere, alike, when ``None``.
        start: ``content``, ``noise``, or a frame of any size.

    Attributes:
        sizes: height and width of each size, the last is the result's.
        tiles_px: longest side that is encoded at once at each size; 0 is the whole.
        evaluations: of all sizes together.

    Raises:
        TrainingError: too small a result, too little memory, or masks that leave no
            rest.
        LossError: a loss does not go with the optimizer or with masks.
    """

    def __init__(
        self,
        photo: Frame,
        paintings: Sequence[Frame],
        loss: PerceptualLoss,
        recipe: PaintRecipe | None = None,
        *,
        areas: Sequence[Area] | None = None,
        start: Frame | str = "content",
    ) -> None:
        self.recipe = recipe = recipe or PaintRecipe()
        self.loss = loss
        self.areas = list(areas or [Area([1.0] * len(paintings))])
        self.start = start
        self.settings = _digest(photo, paintings, loss, recipe, self.areas, start)
        if loss.adversarial_weight > 0:
            refuse_learning(recipe.optimizer)
        if any(area.mask is not None for area in self.areas):
            refuse_masks(loss)
        self.sizes = pyramid(photo, recipe)
        self.photo = resized_frame(photo, self.sizes[-1])
        self.original = photo
        self.gray = recipe.keep_color == "luminance"
        self.paintings = [self._colored(painting) for painting in paintings]
        if recipe.keep_color is not None:
            colors = self._colored(photo)
            self.paintings = [match_colors(painting, colors) for painting in self.paintings]
        self.tiles_px = self._plan_memory()
        self.evaluations = recipe.evaluations * len(self.sizes)
        refuse_no_rest(self.areas, self.sizes[-1])
        self._scale = 0
        self._picture: Tensor | None = None  # the last size's result
        self._objective: RegionalLoss | None = None
        self._descent: Descent | None = None
        self._resumed: Mapping[str, Any] | None = None
        torch.set_flush_denormal(True)

    def run(self, after_evaluation: Callable[[Progress], None] = lambda progress: None) -> None:
        """Paint to the end; what ``after_evaluation`` raises stops it where it is."""
        while self._scale < len(self.sizes):
            descent = self._begin()
            descent.run(lambda descent: after_evaluation(self._progress(descent)))
            self._picture = self._shown()
            self._descent = self._objective = None
            self._scale += 1

    @property
    def done(self) -> int:
        """Evaluations so far, at all sizes."""
        here = 0 if self._descent is None else len(self._descent.curve)
        return self._scale * self.recipe.evaluations + here

    def frame(self) -> Frame:
        """The best picture so far, at the result's size."""
        picture = self._shown()
        if picture is None:
            return self.photo
        painted = frame_of(resized_image(picture, self.sizes[-1]))
        return with_colors_of(self.photo, painted) if self.gray else painted

    def state(self) -> dict[str, Any]:
        """What :meth:`resume` goes on from, to the same picture."""
        descent = self._resumed if self._descent is None else self._descent.state()
        return {
            "settings": self.settings, "scale": self._scale, "picture": self._picture,
            "descent": descent,
        }  # fmt: skip

    def resume(self, state: Mapping[str, Any]) -> bool:
        """Go on from what :meth:`state` gave; false when that was of other pictures or settings."""
        if state.get("settings") != self.settings:
            return False
        self._scale, self._picture = state["scale"], state["picture"]
        self._resumed = state["descent"]
        return True

    def _begin(self) -> Descent:
        """The descent at the size that is next."""
        recipe, size = self.recipe, self.sizes[self._scale]
        loss = self._tiled(self.tiles_px[self._scale])
        content = self._image(self.original, size)
        adversary = None
        if loss.adversarial_weight > 0:
            pictures = [picture for _, picture in self._paintings(self.areas[0], size)]
            adversary = AdversarialLoss(pictures, seed=recipe.seed)
        masks = masks_at(self.areas, size)
        regions = [
            self._region(area, mask, size) for area, mask in zip(self.areas, masks, strict=True)
        ]
        objective = RegionalLoss(loss, content, regions, gray=self.gray, adversary=adversary)
        descent = Descent(
            objective, objective.start(self._first(content)), evaluations=recipe.evaluations,
            optimizer=recipe.optimizer, learning_rate=recipe.learning_rate,
        )  # fmt: skip
        if self._resumed is not None:
            descent.resume(self._resumed)
            self._resumed = None
        self._objective, self._descent = objective, descent
        return descent

    def _first(self, content: Tensor) -> Tensor:
        """What the size of ``content`` starts from."""
        height, width = content.shape[-2:]
        if self._picture is not None:
            return resized_image(self._picture, (height, width))
        if isinstance(self.start, str):
            noise = self.start == "noise"
            return white_noise(height, width, self.recipe.seed) if noise else content
        return self._image(self.start, (height, width))

    def _image(self, frame: Frame, size: tuple[int, int]) -> Tensor:
        return image_of(self._colored(resized_frame(frame, size)))

    def _colored(self, frame: Frame) -> Frame:
        """A frame in the colors that are optimized: none, where only the light is painted."""
        return gray(frame) if self.gray else frame

    def _region(self, area: Area, mask: Tensor | None, size: tuple[int, int]) -> Region:
        # A painting may be larger than the result.
        loss = self._tiled(self.tiles_px[self._scale] or max(size))
        pictures, styles = [], []
        for weight, picture in self._paintings(area, size):
            pictures.append(picture)
            styles.append((weight, loss.style_target(channels_last(picture))))
        if len(styles) > 1:
            styles = balanced(loss, pictures, styles)
        return Region(styles, mask)

    def _paintings(self, area: Area, size: tuple[int, int]) -> Iterator[tuple[float, Tensor]]:
        """An area's paintings and their weights, scaled for a result of ``size``."""
        for weight, painting in zip(area.weights, self.paintings, strict=True):
            if weight > 0:
                scaled = painting_size(painting, size, self.recipe.brush)
                yield weight, image_of(resized_frame(painting, scaled))

    def _tiled(self, tile_px: int) -> PerceptualLoss:
        loss = self.loss
        if tile_px:
            loss = copy.copy(loss)
            loss.encoder = TiledEncoder(loss.encoder, tile_px)
        return loss

    def _plan_memory(self) -> list[int]:
        loss, recipe = self.loss, self.recipe
        most = int(recipe.memory_gb * 2**30) if recipe.memory_gb else usual_bytes()
        layers = list({**loss.content_layers, **loss.style_layers})
        plan = MemoryPlan(loss.encoder, layers, loss.style_losses)
        for painting in self.paintings:
            plan.refuse_too_large(painting_size(painting, self.sizes[-1], recipe.brush), most)
        if plan.can_keep(*self.sizes[-1], most):
            keep_freed_memory()
        largest_first = [plan.tile_px(*size, most) for size in reversed(self.sizes)]
        return largest_first[::-1]

    def _shown(self) -> Tensor | None:
        if self._descent is None or self._objective is None:
            return self._picture
        return self._objective.shown(self._descent.best_image)

    def _progress(self, descent: Descent) -> Progress:
        pixels = [height * width for height, width in self.sizes]
        part = pixels[self._scale] * len(descent.curve) / self.recipe.evaluations
        return Progress(
            done=self.done,
            work=(sum(pixels[: self._scale]) + part) / sum(pixels),
            size=self.sizes[self._scale],
            objective=descent.value,
            terms=descent.terms,
        )


def _digest(
    photo: Frame,
    paintings: Sequence[Frame],
    loss: PerceptualLoss,
    recipe: PaintRecipe,
    areas: Sequence[Area],
    start: Frame | str,
) -> str:
    """SHA-256 of all that the picture depends on."""
    weights = {name: tensor.numpy() for name, tensor in loss.encoder.state_dict().items()}
    settings = [
        recipe.as_dict(), loss.settings, tensors_digest(weights),
        [(list(area.weights), area.rest) for area in areas],
        start if isinstance(start, str) else None,
    ]  # fmt: skip
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    masks = [area.mask for area in areas if area.mask is not None]
    pictures = [photo, *paintings, *masks, *([] if isinstance(start, str) else [start])]
    for picture in pictures:
        digest.update(f"{picture.shape}".encode())
        digest.update(picture.tobytes())
    return digest.hexdigest()
