"""Whole trainings: pictures and photos in, network and style files out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

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
from artem.learn.encoders import load_encoder
from artem.learn.losses.published import find_published, tell_stand_ins
from artem.learn.networks import StyledNetwork, style_vector
from artem.learn.networks.build import build_network, load_network, preset_architecture
from artem.learn.networks.pruning import resize
from artem.learn.training.loop import Trainer
from artem.learn.training.photos import PhotoFolder, load_style_picture
from artem.learn.training.preview import write_preview
from artem.learn.training.recipe import Recipe, fitted_recipe
from artem.runtime.library import find_network
from artem.runtime.predictor import predict_style, predictor_beside

POLISH = Recipe(
    steps=60, batch=2, crop_px=192, consistency_weight=0.0, style_learning_rate=3e-2
)  # fmt: skip
"""How a style vector alone is trained: fewer, longer steps; the network stays what it is.

Of three artworks, by Gram matrices with a weight of 8, these came from an objective of 1.44 that
the predictor gives to 1.15 in the mean; at a learning rate of 0.06 60 steps to 1.19 and 100 to
1.20. Where there is no predictor and no style near, more steps at a higher rate go farther.
"""

PREVIEW_CONTENTS = 3


def train_network(
    pictures: Sequence[Path],
    *,
    photos: Path,
    out: Path,
    start: str | Path | None = "fast",
    encoder: str | Path | None = None,
    recipe: Recipe | None = None,
    device: str | None = None,
    compile: bool = False,
    architecture: str = "fast",
    sizes: Mapping[str, int] | None = None,
    credits: Mapping[str, str] | None = None,
    on_progress: OnProgress = lambda progress, steps: None,
) -> Outcome:
    """Train a network of its own for one or more style pictures.

    Writes into ``out``: ``network.onnx``, ``styles/NAME.safetensors``, a card in
    Markdown beside each, ``preview.png``, and while it runs ``checkpoint.pt``. When
    it was stopped, the same call goes on from there.

    Args:
        pictures: style pictures; each one's file name becomes its style's name.
        photos: folder of training photos.
        out: folder for the results.
        start: network to start from, by name or file; ``None`` for random weights.
        encoder: see :func:`~artem.learn.encoders.load_encoder`; ``None`` takes the
            published recipe's where the recipe names one.
        recipe: settings; the defaults when ``None``.
        device: ``cpu`` or ``cuda``; ``None`` chooses.
        compile: see :class:`~artem.learn.training.Trainer`.
        architecture: with random weights, which of
            :data:`~artem.learn.networks.build.PRESETS`.
        sizes: arguments of the architecture that differ: of any kind with random weights,
            else those of a network that can :func:`~artem.learn.networks.pruning.resize`.
        credits: title, author, year, license of the one picture, for the cards.
        on_progress: called after each step with the number of all steps.

    Raises:
        ArtemError: in words, whatever is missing or wrong.
        KeyboardInterrupt: passed on, after a checkpoint was written.
    """
    recipe = recipe or Recipe()
    checkpoint, preview = out / "checkpoint.pt", out / "preview.png"
    refuse_used_folder(out)
    names = style_names(pictures)
    if credits and len(pictures) > 1:
        raise TrainingError(
            f"{', '.join(credits)} can be told of one picture only, not of {len(pictures)}.\n"
            f"  Leave it out, or train them one by one."
        )
    torch.manual_seed(recipe.seed)
    base = find_network(start) if start is not None else None
    sizes = dict(sizes or {})
    network = (
        load_network(base.path) if base else build_network(preset_architecture(architecture, sizes))
    )
    run = _Run(
        network, base, pictures, photos, encoder, recipe, device,
        train_network=True, compile=compile, preview=preview, sizes=sizes,
    )  # fmt: skip
    run.go(checkpoint, on_progress)
    card = {
        "license": "Apache-2.0 for the weights",
        "training": {
            "styles": ", ".join(names),
            "photos": f"{len(run.photos.files)} files",
            "encoder": run.encoder.name,
            "start": f"{base.name} {base.identity[:12]}" if base else "random weights",
        },
        "recipe": run.recipe.as_dict(),
    }
    name = style_name(out.resolve())
    trained = run.trainer.network
    described = export_network(trained, network_file(out, trained), name=name, card=card)
    files = [described.path, *write_cards(described, [])]
    for index, style in enumerate(names):
        made = run.style(style, index, described, credits or {})
        file = out / "styles" / f"{style}{STYLE_SUFFIX}"
        save_style(file, made)
        files += [file, *write_cards(None, [(file, made)])]
    checkpoint.unlink()
    return Outcome((*files, preview), tuple(names), run.photos.broken)


def polish_style(
    picture: Path,
    *,
    photos: Path,
    out: Path,
    network: str | Path = "fast",
    encoder: str | Path | None = None,
    recipe: Recipe | None = None,
    device: str | None = None,
    credits: Mapping[str, str] | None = None,
    on_progress: OnProgress = lambda progress, steps: None,
) -> Outcome:
    """Train a style vector for a network that stays as it is.

    Starts from the style at hand that comes nearest, or from the one that the network's
    predictor makes of the picture where that serves better. Writes the style file ``out``
    (``NAME.safetensors``) and beside it the card ``NAME.md``, ``NAME.preview.png``
    and, while it runs, ``NAME.checkpoint.pt``.

    Args and errors: as :func:`train_network`; files that exist are not replaced.
    """
    if out.suffix != STYLE_SUFFIX:
        raise TrainingError(f"'{out}' is not a style file's name.\n  Use {out.stem}{STYLE_SUFFIX}.")
    checkpoint = out.with_name(f"{out.stem}.checkpoint.pt")
    preview = out.with_name(f"{out.stem}.preview.png")
    for file in (out, out.with_suffix(".md")):
        if file.exists() and not checkpoint.exists():
            raise TrainingError(f"'{file}' exists already.\n  Choose another name with -o.")
    described = find_network(network)
    trained = load_network(described.path)
    run = _Run(
        trained, described, [picture], photos, encoder, recipe or POLISH, device,
        train_network=False, preview=preview,
    )  # fmt: skip
    run.go(checkpoint, on_progress)
    style = run.style(out.stem, 0, described, credits or {})
    save_style(out, style)
    cards = write_cards(None, [(out, style)])
    checkpoint.unlink()
    return Outcome((out, *cards, preview), (style.name,), run.photos.broken)


def style_name(path: Path) -> str:
    """A name out of a file's or folder's: lower case, words joined by hyphens."""
    return re.sub(r"[\W_]+", "-", path.stem.lower()).strip("-") or "style"


def style_names(pictures: Sequence[Path]) -> list[str]:
    """A style's name from each picture's file name.

    Raises:
        TrainingError: two pictures would get the same name, or there is none.
    """
    if not pictures:
        raise TrainingError("There is no style picture.\n  Name one or more picture files.")
    names = [style_name(picture) for picture in pictures]
    for name in names:
        if names.count(name) > 1:
            raise TrainingError(f"Two style pictures would be called '{name}'.\n  Rename one.")
    return names


def known_vectors(network: NetworkFile) -> Tensor:
    """The vectors ``(S, P)`` of all styles at hand for a network: by name, and in ``styles``
    beside its file."""
    vectors = [
        torch.from_numpy(style.vectors[network.identity].copy()) for style in styles_of(network)
    ]
    return torch.stack(vectors) if vectors else torch.zeros(0, network.style_size)


def _predicted_vectors(network: NetworkFile, pictures: Sequence[Path]) -> Tensor:
    """The vectors of style pictures as far as there is a predictor to tell, ``(S, P)``."""
    predictor = predictor_beside(network)
    if predictor is None:
        return torch.zeros(0, network.style_size)
    predicted = [predict_style(picture, network, predictor) for picture in pictures]
    return torch.stack([torch.from_numpy(s.vectors[network.identity]) for s in predicted])


class _Run:
    """What training and polishing share: set-up, the loop with its files, and the result."""

    def __init__(
        self,
        network: StyledNetwork,
        base: NetworkFile | None,
        pictures: Sequence[Path],
        photos: Path,
        encoder: str | Path | None,
        recipe: Recipe,
        device: str | None,
        *,
        train_network: bool,
        preview: Path,
        compile: bool = False,
        sizes: Mapping[str, int] | None = None,
    ) -> None:
        self.pictures = [load_style_picture(picture, recipe.style_px) for picture in pictures]
        self.photos = PhotoFolder(photos, exclude=frozenset({preview.resolve()}))
        self.preview = preview
        if encoder is None and recipe.published:
            encoder = find_published(recipe.published).encoder
        self.encoder = load_encoder(encoder)
        self.recipe, stand_ins = fitted_recipe(recipe, self.encoder)
        tell_stand_ins(self.encoder, stand_ins)
        self.candidates = style_vector(network)[None]
        if base is not None:
            starts = [self.candidates, known_vectors(base), _predicted_vectors(base, pictures)]
            self.candidates = torch.cat(starts)
        if base is not None and sizes:
            network, self.candidates = resize(network, self.candidates, sizes)
        self.trainer = Trainer(
            network, self.candidates[:1].repeat(len(pictures), 1), self.pictures, self.photos,
            self.encoder, self.recipe,
            train_network=train_network, device=device, compile=compile,
        )  # fmt: skip

    def go(self, checkpoint: Path, on_progress: OnProgress) -> None:
        """Train to the end, from the checkpoint where there is one."""
        trainer, recipe = self.trainer, self.recipe
        contents = self.photos.batch(PREVIEW_CONTENTS, recipe.crop_px, recipe.seed + 1, 0)
        contents = contents.to(trainer.device)
        if not checkpoint.exists() and len(self.candidates) > 1:
            trainer.start_from(self.candidates, contents)

        def draw() -> None:
            write_preview(self.preview, trainer.network, trainer.vectors, contents, self.pictures)

        run_to_the_end(trainer, checkpoint, on_progress, draw)

    def style(
        self, name: str, index: int, network: NetworkFile, credits: Mapping[str, str]
    ) -> Style:
        """The style with this number, as it is saved."""
        vector = self.trainer.vectors[index].detach().cpu().numpy()
        return Style(
            name=name,
            vectors={network.identity: vector},
            networks={network.identity: network.name},
            title=credits.get("title", name),
            author=credits.get("author", ""),
            year=credits.get("year", ""),
            license=credits.get("license", ""),
            recipe=self.recipe.as_dict() | {"encoder": self.encoder.name},
            figures={
                f"training {term}": round(value, 4)
                for term, value in self.trainer.smooth_terms.items()
            },
        )
