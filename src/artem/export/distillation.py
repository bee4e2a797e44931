"""A whole distillation: a teacher and pictures in, an encoder file out."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from artem.core.cards import encoder_card
from artem.core.errors import TrainingError
from artem.export.running import CHECKPOINT_S, stop_between_steps, write_text
from artem.learn.encoders import load_encoder
from artem.learn.encoders.compact import save_compact
from artem.learn.training.distillation import DistillationRecipe, Distiller
from artem.learn.training.photos import PhotoFolder, load_style_picture

HELD_PX = 256
ZOOM = 2.0


def distill_encoder(
    *,
    teacher: str | Path,
    pictures: Path,
    out: Path,
    held_out: Path | None = None,
    recipe: DistillationRecipe | None = None,
    device: str | None = None,
    credits: Mapping[str, str] | None = None,
    on_progress: Callable[[int, int, float], None] = lambda step, steps, loss: None,
) -> dict[str, dict[str, float]]:
    """Distill an encoder of our own from a larger one.

    Writes ``out`` (``NAME.safetensors``, float16), its card ``NAME.md``, and while it
    runs ``NAME.checkpoint.pt``, from which the same call goes on after a stop.

    Args:
        teacher: see :func:`~artem.learn.encoders.load_encoder`.
        pictures: folder of photos and artworks to learn from.
        out: file to write.
        held_out: folder of other pictures, on which the errors are measured.
        recipe: settings; the defaults when ``None``.
        device: ``cpu`` or ``cuda``; ``None`` chooses.
        credits: lines for the card's section on the training, such as ``pictures``.
        on_progress: called with the step, all steps and the step's loss.

    Returns:
        The relative errors of features and Gram matrices by layer (as stored, in
        float16), over the held-out pictures; empty without any.

    Raises:
        ArtemError: in words, whatever is missing or wrong.
        KeyboardInterrupt: passed on, after a checkpoint was written.
    """
    if out.suffix != ".safetensors":
        raise TrainingError(
            f"'{out}' is not an encoder file's name.\n  Use {out.stem}.safetensors."
        )
    checkpoint = out.with_name(f"{out.stem}.checkpoint.pt")
    if out.exists() and not checkpoint.exists():
        raise TrainingError(f"'{out}' exists already.\n  Choose another name with -o.")
    recipe = recipe or DistillationRecipe()
    judges = PhotoFolder(held_out).files if held_out else []
    distiller = Distiller(
        load_encoder(teacher), PhotoFolder(pictures, zoom=ZOOM), recipe, device=device
    )
    if checkpoint.exists():
        distiller.resume(checkpoint)
    distiller.save(checkpoint)
    saved = time.monotonic()

    def after_step(step: int, loss: float) -> bool:
        nonlocal saved
        on_progress(step, recipe.steps, loss)
        if time.monotonic() - saved > CHECKPOINT_S:
            distiller.save(checkpoint)
            saved = time.monotonic()
        return bool(stop)

    with stop_between_steps() as stop:
        try:
            distiller.run(after_step)
        finally:
            if len(stop) < 2:  # the second one may have come amid a step
                distiller.save(checkpoint)
    if stop and distiller.step < recipe.steps:
        raise KeyboardInterrupt
    student = copy.deepcopy(distiller.student)
    student.half().float()  # judged as it is stored
    distiller.student = student
    errors = distiller.judge([
        load_style_picture(file, HELD_PX)[..., :HELD_PX, :HELD_PX] for file in judges
    ])  # fmt: skip
    card = {
        "license": "Apache-2.0 for the weights",
        "figures": {
            f"{layer}, relative error": f"features {row['features']:.3f}, Gram {row['gram']:.3f}"
            for layer, row in errors.items()
            if judges
        },
        "training": {
            "teacher": distiller.teacher.name,
            "pictures": f"{len(distiller.pictures.files)} files",
            "held out": f"{len(judges)} files, {HELD_PX}x{HELD_PX}",
            **(credits or {}),
        },
        "recipe": recipe.as_dict(),
    }
    save_compact(out, student, card)
    parameters = sum(tensor.numel() for tensor in student.parameters())
    write_text(out.with_suffix(".md"), encoder_card(out.stem, parameters, card))
    checkpoint.unlink()
    return errors if judges else {}
