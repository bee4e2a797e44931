"""A whole imitation: a network and its styles in, another network that paints like it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from artem.core.errors import TrainingError
from artem.core.network_file import NetworkFile
from artem.core.style_file import STYLE_SUFFIX, Style, save_style
from artem.export.onnx import export_network
from artem.export.running import (
    OnProgress,
    Outcome,
    network_file,
    refuse_used_folder,
    run_to_the_end,
    styles_of,
    write_cards,
)
from artem.export.training import PREVIEW_CONTENTS, style_name
from artem.learn.encoders import load_encoder
from artem.learn.networks import style_vector
from artem.learn.networks.build import build_network, load_network
from artem.learn.training.imitation import ImitationLoss, inherit
from artem.learn.training.imitator import ImitationRecipe, Imitator
from artem.learn.training.photos import PhotoFolder
from artem.learn.training.preview import write_lesson
from artem.runtime.library import find_network, find_style

CALIBRATION = 60
"""Photos over which int8 is calibrated, in the styles by turns."""


def imitate_network(
    *,
    photos: Path,
    out: Path,
    sizes: Mapping[str, int],
    network: str | Path = "fast",
    styles: Sequence[str | Path] = (),
    encoder: str | Path | None = None,
    recipe: ImitationRecipe | None = None,
    device: str | None = None,
    int8: bool = False,
    on_progress: OnProgress = lambda progress, steps: None,
) -> Outcome:
    """Train a network of other sizes to paint as a network does.

    The student begins with every layer that both have alike. Writes into ``out``:
    ``network.onnx``, or ``network.binary.onnx`` if its trunk is binary;
    ``styles/NAME.safetensors``, which serve the teacher as well, in the place of those
    it had; a card in Markdown beside each; ``preview.png`` (the teacher's pictures above
    the student's); and while it runs ``checkpoint.pt``. When it was stopped, the same
    call goes on from there.

    Args:
        photos: folder of training photos.
        out: folder for the results.
        sizes: arguments of the architecture in which the student differs, such as
            ``{"binary": 128}``.
        network: the teacher, by name or file.
        styles: by name or file; all that the teacher has when empty.
        encoder: gives features that are compared beside the pixels, as far as the
            recipe weighs them; see :func:`~artem.learn.encoders.load_encoder`.
        recipe: settings; the defaults when ``None``.
        device: ``cpu`` or ``cuda``; ``None`` chooses.
        int8: write ``network.binary.int8.onnx`` as well, a binary student whose other
            convolutions are int8.
        on_progress: called after each step with the number of all steps.

    Raises:
        ArtemError: in words, whatever is missing or wrong.
        KeyboardInterrupt: passed on, after a checkpoint was written.
    """
    recipe = recipe or ImitationRecipe()
    refuse_used_folder(out)
    described = find_network(network)
    chosen = _styles(described, styles)
    torch.manual_seed(recipe.seed)
    teacher = load_network(described.path)
    student = build_network({**teacher.architecture, **sizes})
    if student.architecture == teacher.architecture:
        raise TrainingError(
            f"A student built like '{described.name}' has nothing to learn from it.\n"
            f"  Give it other sizes, such as --size binary=128."
        )
    if int8 and not student.architecture["binary"]:
        raise TrainingError(
            "Only what is around a binary trunk is made int8 here.\n"
            "  Give the student one: --size binary=128."
        )
    if int8 and not all(find_spec(name) for name in ("nncf", "onnxruntime")):
        raise TrainingError(
            "Quantizing needs more packages.\n  pip install 'artem-style[train,quantize]'"
        )
    told = torch.from_numpy(np.stack([style.vectors[described.identity] for style in chosen]))
    vectors, taken = inherit(student, teacher, told, style_vector(student))
    judge = load_encoder(encoder) if recipe.feature_weight else None
    checkpoint, preview = out / "checkpoint.pt", out / "preview.png"
    folder = PhotoFolder(photos, exclude=frozenset({preview.resolve()}))
    loss = ImitationLoss(teacher, told, encoder=judge, layers=recipe.feature_layers)
    imitator = Imitator(student, vectors, loss, folder, recipe, inherited=taken, device=device)
    contents = folder.batch(PREVIEW_CONTENTS, recipe.crop_px, recipe.seed + 1, 0)
    contents = contents.to(imitator.device)

    def draw() -> None:
        write_lesson(preview, student, imitator.vectors, teacher, loss.vectors, contents)

    run_to_the_end(imitator, checkpoint, on_progress, draw)
    distances = imitator.judge(contents)
    card = {
        "license": "Apache-2.0 for the weights",
        "training": {
            "teacher": f"{described.name} {described.identity[:12]}",
            "inherited": f"{len(taken)} of {len(student.state_dict())} tensors",
            "styles": ", ".join(style.name for style in chosen),
            "photos": f"{len(folder.files)} files",
            "encoder": judge.name if judge else "none",
        },
        "figures": {"distance to the teacher": round(float(distances.mean()), 4)},
        "recipe": imitator.recipe.as_dict(),
    }
    name = style_name(out.resolve()) + (".binary" if student.architecture["binary"] else "")
    made = export_network(student, network_file(out, student), name=name, card=card)
    files = [made.path, *write_cards(made, [])]
    for style, vector, distance in zip(chosen, imitator.vectors, distances, strict=True):
        file = out / "styles" / f"{style.name}{STYLE_SUFFIX}"
        both = _with_vector(style, made, vector, f"{name}, distance to {described.name}", distance)
        save_style(file, both)
        files += [file, *write_cards(None, [(file, both)])]
    if int8:
        from artem.export.around_trunk import quantize_around_trunk  # brings NNCF along

        photos_seen = folder.batch(CALIBRATION, recipe.crop_px, recipe.seed + 2, 0)
        frames = (255 * photos_seen).round().byte().permute(0, 2, 3, 1).numpy()
        vectors_seen = imitator.vectors.detach().cpu().numpy()
        samples = [
            (frame[None], vectors_seen[index % len(vectors_seen)][None])
            for index, frame in enumerate(frames)
        ]
        target = made.path.with_suffix(".int8.onnx")
        files.insert(1, quantize_around_trunk(made, target, samples).path)
    checkpoint.unlink()
    return Outcome((*files, preview), tuple(style.name for style in chosen), folder.broken)


def _styles(teacher: NetworkFile, asked: Sequence[str | Path]) -> list[Style]:
    """The styles asked for, or all that the teacher has; each has a vector for it."""
    chosen = [find_style(style) for style in asked] if asked else styles_of(teacher)
    if not chosen:
        raise TrainingError(
            f"There is no style for the network '{teacher.name}'.\n  Name some with --style."
        )
    names = [style.name for style in chosen]
    for style in chosen:
        style.vector_for(teacher.identity, teacher.name)
        if names.count(style.name) > 1:
            raise TrainingError(f"Two styles are called '{style.name}'.\n  Name one of them only.")
    return chosen


def _with_vector(
    style: Style, network: NetworkFile, vector: Tensor, figure: str, distance: Tensor
) -> Style:
    return replace(
        style,
        vectors={**style.vectors, network.identity: vector.detach().cpu().numpy()},
        networks={**style.networks, network.identity: network.name},
        figures={**style.figures, figure: round(float(distance), 4)},
    )
