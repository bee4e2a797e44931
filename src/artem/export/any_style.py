"""Whole trainings towards any style: artworks and photos in, network and predictor out."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median

import torch
from torch import Tensor, nn

from artem.core.cards import network_card, predictor_card
from artem.core.errors import PictureError, TrainingError
from artem.core.files import replacing
from artem.core.network_file import NetworkFile, load_network_file
from artem.core.predictor_file import PREDICTOR_SUFFIX
from artem.export.onnx import export_network
from artem.export.predictor import export_predictor
from artem.export.running import OnProgress, Outcome, run_to_the_end, write_text
from artem.export.training import known_vectors, style_name
from artem.learn.encoders import Encoder, load_encoder
from artem.learn.encoders.compact import Compact
from artem.learn.losses.published import tell_stand_ins
from artem.learn.networks import AdaINMoments, AdaINNet, StyledNetwork, StylePredictor
from artem.learn.networks.build import load_network
from artem.learn.training.any_style import AnyStyleTrainer
from artem.learn.training.artworks import Artworks, divide_artworks
from artem.learn.training.photos import PhotoFolder, load_style_picture
from artem.learn.training.preview import write_preview
from artem.learn.training.recipe import Recipe, fitted_recipe
from artem.runtime.library import find_network

PREDICTOR = Recipe(
    steps=4000, batch=4, crop_px=192, style_px=256, consistency_weight=0.0, grid_weight=0.0,
    style_learning_rate=1e-3,
)  # fmt: skip
"""How a predictor learns. What keeps a network from drawing grids is its convolutions' affair."""

FREE = Recipe(steps=4000, batch=4, crop_px=192, style_px=256, style_learning_rate=1e-3)
"""How a network and its predictor learn together."""

ADAIN = Recipe(
    steps=8000, batch=4, crop_px=192, style_px=256, optimizer="adam", learning_rate=1e-3,
    content_layers={"relu4_1": 1.0}, style_losses={"gram": 1.0, "moments": 0.5},
)  # fmt: skip
"""Content where the decoder takes its features from. By Adam, as in the paper; by Muon the
decoder's ReLUs die, as it has no normalization. The paper's loss on moments alone leaves a
network that the Gram matrices of all other networks' losses know nothing of; together both
are met."""

LOOKED_AT = 64
"""Artworks from which a predictor learns what is usual, before the first step."""

PREVIEW_ARTWORKS, PREVIEW_CONTENTS = 6, 2
WATCHED = 12
"""Held-out artworks whose objective is told along with each preview."""

log = logging.getLogger("artem")


def train_any_style(
    artworks: Path,
    *,
    photos: Path,
    out: Path,
    network: str | Path = "fast",
    free: bool = False,
    adain: bool = False,
    named: Path | None = None,
    encoder: str | Path | None = None,
    recipe: Recipe | None = None,
    device: str | None = None,
    compile: bool = False,
    on_progress: OnProgress = lambda progress, steps: None,
) -> Outcome:
    """Train what paints in the style of any picture.

    That is a predictor of style vectors for a network that stays as it is; or for one
    that learns along with it (``free``); or an AdaIN network, whose predictor has nothing
    to learn (``adain``). Writes into ``out``: ``network.onnx``, beside it
    ``network.predictor.onnx``, a card for each, ``preview.png``, and while it runs
    ``checkpoint.pt``. When it was stopped, the same call goes on from there.

    Args:
        artworks: folder of style pictures, some hundred.
        photos: folder of training photos.
        out: folder for the results.
        network: whose vectors are predicted, by name or file; nothing to AdaIN.
        free: let the network's convolutions learn as well.
        adain: train an AdaIN network from random weights in its decoder.
        named: a folder of pictures that have styles of their own; see
            :func:`~artem.learn.training.artworks.divide_artworks`.
        encoder: gives the features that the losses compare; see
            :func:`~artem.learn.encoders.load_encoder`.
        recipe: settings; :data:`PREDICTOR`, :data:`FREE` or :data:`ADAIN` when ``None``.
        device, compile, on_progress: as :func:`~artem.export.training.train_network`.

    Raises:
        ArtemError: in words, whatever is missing or wrong.
        KeyboardInterrupt: passed on, after a checkpoint was written.
    """
    if adain and free:
        raise TrainingError("An AdaIN network learns in any case.\n  Leave out --free.")
    checkpoint, preview = out / "checkpoint.pt", out / "preview.png"
    if (out / "network.onnx").exists() and not checkpoint.exists():
        raise TrainingError(
            f"'{out}' already holds a trained network.\n  Choose another folder with -o."
        )
    recipe = recipe or (ADAIN if adain else FREE if free else PREDICTOR)
    torch.manual_seed(recipe.seed)
    judging = load_encoder(encoder)
    subject = _adain_subject() if adain else _predictor_subject(find_network(network), judging)
    materials = _Materials.found(
        photos, artworks, named, judging, recipe, exclude={preview.resolve()}
    )
    trainer = AnyStyleTrainer(
        subject.network, subject.predictor, materials.artworks.learned, materials.photos,
        materials.encoder, materials.recipe,
        train_network=free or adain, device=device, compile=compile,
    )  # fmt: skip
    if isinstance(subject.predictor, StylePredictor) and not checkpoint.exists():
        _prepare(subject, trainer)
    watched = _StylePictures(materials.artworks.held_out[:WATCHED], materials.recipe.style_px)
    contents = materials.contents.to(trainer.device)

    def draw() -> None:
        if watched.pictures:
            predicted, _ = trainer.judge(watched.pictures, contents, subject.rivals[:0])
            log.info(
                "step %d: objective %.3f on %d artworks that were held out.",
                trainer.step, mean(predicted), len(predicted),
            )  # fmt: skip
        shown = watched.pictures[:PREVIEW_ARTWORKS]
        with torch.no_grad():
            vectors = [trainer.predictor(picture.to(trainer.device)) for picture in shown]
        if shown:
            write_preview(preview, trainer.network, torch.cat(vectors), contents, shown)

    run_to_the_end(trainer, checkpoint, on_progress, draw)
    files = _write(subject, trainer, materials, out, keep_network=not (free or adain))
    checkpoint.unlink()
    broken = {**materials.photos.broken, **materials.artworks.learned.broken}
    return Outcome((*files, preview) if watched.pictures else files, (), broken)


@dataclass(frozen=True)
class _Subject:
    """What is trained.

    Attributes:
        base: the file of the network that it begins from; ``None`` for AdaIN.
        rivals: vectors of the styles at hand ``(S, P)``, to compare with.
    """

    network: StyledNetwork
    predictor: nn.Module
    base: NetworkFile | None
    rivals: Tensor


def _adain_subject() -> _Subject:
    encoder = load_encoder("compact")
    assert isinstance(encoder, Compact)
    network = AdaINNet.around(encoder)
    nothing = torch.zeros(0, network.style_size)
    return _Subject(network, AdaINMoments(network.encoder), None, nothing)


def _predictor_subject(base: NetworkFile, judging: Encoder) -> _Subject:
    """A predictor with the losses' own eyes where these are small enough to be shipped."""
    network = load_network(base.path)
    eyes = judging if isinstance(judging, Compact) else load_encoder("compact")
    predictor = StylePredictor(eyes, network.style_size)
    return _Subject(network, predictor, base, known_vectors(base))


@dataclass(frozen=True)
class _Materials:
    """What is trained on, and the settings fitted to it."""

    photos: PhotoFolder
    artworks: Artworks
    encoder: Encoder
    recipe: Recipe
    contents: Tensor

    @classmethod
    def found(
        cls,
        photos: Path,
        artworks: Path,
        named: Path | None,
        encoder: Encoder,
        recipe: Recipe,
        exclude: set[Path],
    ) -> _Materials:
        recipe, stand_ins = fitted_recipe(recipe, encoder)
        tell_stand_ins(encoder, stand_ins)
        folder = PhotoFolder(photos, exclude=frozenset(exclude))
        divided = divide_artworks(artworks, named, frozenset(exclude))
        contents = folder.batch(PREVIEW_CONTENTS, recipe.crop_px, recipe.seed + 1, 0)
        return cls(folder, divided, encoder, recipe, contents)


class _StylePictures:
    """Style pictures from files, without those that cannot be read or show no style."""

    def __init__(self, files: Sequence[Path], short_px: int) -> None:
        self.pictures: list[Tensor] = []
        for file in files:
            try:
                self.pictures.append(load_style_picture(file, short_px))
            except PictureError as error:
                log.info("%s", str(error).partition("\n")[0])


def _prepare(subject: _Subject, trainer: AnyStyleTrainer) -> None:
    """What a predictor knows before its first step."""
    assert isinstance(subject.predictor, StylePredictor)
    recipe = trainer.recipe
    crops = trainer.artworks.batch(LOOKED_AT, recipe.style_px, recipe.seed + 2, 0)
    subject.predictor.look_at(crop[None].to(trainer.device) for crop in crops)
    subject.predictor.start_from(subject.network, subject.rivals)
    trainer.keep()


def _write(
    subject: _Subject,
    trainer: AnyStyleTrainer,
    materials: _Materials,
    out: Path,
    *,
    keep_network: bool,
) -> tuple[Path, ...]:
    """Network, predictor and a card for each."""
    base, file = subject.base, out / "network.onnx"
    card = {
        "license": "Apache-2.0 for the weights",
        "training": {
            "artworks": f"{len(materials.artworks.learned.files)} files",
            "photos": f"{len(materials.photos.files)} files",
            "encoder": materials.encoder.name,
            "start": f"{base.name} {base.identity[:12]}" if base else "random weights",
        },
        "recipe": materials.recipe.as_dict(),
    }
    if keep_network:
        assert base is not None
        with replacing(file) as partial:
            partial.write_bytes(base.path.read_bytes())
        described = load_network_file(file)
    else:
        described = export_network(trainer.network, file, name=style_name(out.resolve()), card=card)
    # Named styles are strangers to a network that has learned since.
    figures = _figures(trainer, materials, subject.rivals if keep_network else subject.rivals[:0])
    predictor = export_predictor(
        trainer.predictor, file.with_suffix(PREDICTOR_SUFFIX),
        network=described, short_px=materials.recipe.style_px, card={"figures": figures, **card},
    )  # fmt: skip
    cards = {
        file.with_suffix(".md"): network_card(described),
        predictor.path.with_suffix(".md"): predictor_card(predictor),
    }
    for path, text in cards.items():
        write_text(path, text)
    return (file, predictor.path, *cards)


def _figures(
    trainer: AnyStyleTrainer, materials: _Materials, rivals: Tensor
) -> Mapping[str, object]:
    """The objective over all held-out artworks, for the card."""
    held = materials.artworks.held_out
    pictures = _StylePictures(held, materials.recipe.style_px).pictures
    figures: dict[str, object] = {
        "left out, having a style of their own": len(materials.artworks.named),
        "held-out artworks": len(pictures),
    }
    if not pictures:
        return figures
    predicted, nearest = trainer.judge(pictures, materials.contents, rivals)
    where = f"{len(materials.contents)} photos at {materials.recipe.crop_px} px"
    figures[f"objective of the predicted style, mean (median), {where}"] = (
        f"{mean(predicted):.3f} ({median(predicted):.3f})"
    )
    if nearest:
        figures["objective of the best named style for each"] = (
            f"{mean(nearest):.3f} ({median(nearest):.3f})"
        )
        better = sum(ours < theirs for ours, theirs in zip(predicted, nearest, strict=True))
        figures["predicted better than the best named"] = f"{better} of {len(nearest)}"
    return figures
