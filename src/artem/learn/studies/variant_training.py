"""Trainings that differ in one thing each, one after the other."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from artem.core.errors import TrainingError
from artem.learn.encoders import Encoder, load_encoder
from artem.learn.studies.bench import Bench
from artem.learn.studies.panel import Meter, OnProgress, nobody
from artem.learn.studies.variants import (
    Trained,
    Variant,
    find_variants,
    load_variant,
    save_variant,
)
from artem.learn.training.devices import find_device
from artem.learn.training.photos import PhotoFolder, load_style_picture
from artem.learn.training.recipe import Recipe, fitted_recipe, published_recipe

FEW_PHOTOS = 500
"""As many as the HPI report compares with all of its photos."""

SET_ASIDE = 64
"""Photos that no variant sees, where no folder of held-out ones is given."""

SHUFFLE_SEED = 500

MULTIPLE_PX = 4
LEAST_CROP_PX = 32


def train_variants(
    painting: Path,
    photos: Path | None,
    held_out: Path | None,
    out: Path,
    *,
    names: Sequence[str] | None = None,
    steps: int = 1500,
    batch: int = 4,
    crop_px: int = 256,
    style_px: int = 480,
    style_weight: float = 100.0,
    learning_rate: float = 1e-3,
    few: int = FEW_PHOTOS,
    seed: int = 0,
    encoder: Encoder | str | Path | None = None,
    device: str | torch.device | None = None,
    until_s: float | None = None,
    on_line: Callable[[str], object] = print,
    on_progress: OnProgress = nobody,
) -> list[str]:
    """Train a network of each kind for one painting, and keep each when it is done.

    All have the same seed: first weights (as far as they have the same shapes), photos
    and crops. Adam, at one learning rate throughout, minimizes the losses of the HPI
    report with the layers that the encoder has. Those that are there already are left
    as they are.

    Args:
        painting: the style picture.
        photos: folder with training photos; not needed where all networks are there.
        held_out: folder with other photos to measure on; ``None`` sets 64 of ``photos``
            aside, a tenth where there are fewer than 640.
        out: each network becomes ``networks/NAME.safetensors`` in it.
        names: of :data:`~artem.learn.studies.variants.VARIANTS`; all by default.
        steps, batch, crop_px: of each training.
        style_px: shorter side to which the painting is reduced.
        style_weight: against a content weight of 25. The report's is 10, for features of
            a VGG of unknown scale: with ``compact``, total variation outweighs it then.
        learning_rate: Adam's (HPI report).
        few: how many photos the variant ``few-photos`` sees: the first ones of all,
            shuffled.
        seed: of everything drawn but this shuffle.
        encoder: one, or see :func:`~artem.learn.encoders.load_encoder`.
        device: see :func:`~artem.learn.training.devices.find_device`.
        until_s: seconds from the call after which no step is made. A network that is
            not done then is dropped, and none is begun that would not be.
        on_line: told how it goes, a sentence at a time.
        on_progress: called after each step with the objective.

    Returns:
        The names of the networks that are there now.

    Raises:
        TrainingError: there is no such variant, folder or device; there are too few photos;
            or a network that is there was trained with other settings.
    """
    return [
        name
        for name, _ in trained_variants(
            painting, photos, held_out, out, names=names, steps=steps, batch=batch,
            crop_px=crop_px, style_px=style_px, style_weight=style_weight,
            learning_rate=learning_rate, few=few, seed=seed, encoder=encoder, device=device,
            until_s=until_s, on_line=on_line, on_progress=on_progress,
        )
    ]  # fmt: skip


def trained_variants(
    painting: Path,
    photos: Path | None,
    held_out: Path | None,
    out: Path,
    *,
    names: Sequence[str] | None,
    steps: int,
    batch: int,
    crop_px: int,
    style_px: int,
    style_weight: float,
    learning_rate: float,
    few: int,
    seed: int,
    encoder: Encoder | str | Path | None,
    device: str | torch.device | None,
    until_s: float | None,
    on_line: Callable[[str], object],
    on_progress: OnProgress,
) -> Iterator[tuple[str, Trained]]:
    """Each variant of :func:`train_variants` as soon as it is there, in their order."""
    started_s = time.monotonic()
    wanted = find_variants(names)
    if crop_px % MULTIPLE_PX or crop_px < LEAST_CROP_PX:
        raise TrainingError(
            f"The crop's side of {crop_px} px does not fit.\n"
            f"  Use a multiple of {MULTIPLE_PX} from {LEAST_CROP_PX} up."
        )
    loaded = encoder if isinstance(encoder, Encoder) else load_encoder(encoder)
    picture = load_style_picture(painting, style_px)
    settings: dict[str, Any] = {
        "painting": hashlib.sha256(painting.read_bytes()).hexdigest()[:16],
        "encoder": loaded.name, "steps": steps, "batch": batch, "crop px": crop_px,
        "style px": style_px, "style weight": style_weight, "learning rate": learning_rate,
        "seed": seed,
    }  # fmt: skip
    files = {name: out / "networks" / f"{name}.safetensors" for name in wanted}
    there = {name: load_variant(file, name) for name, file in files.items() if file.is_file()}
    for name, trained in there.items():
        _refuse_other_settings(files[name], trained.settings, settings)
    missing = [name for name in wanted if name not in there]
    bench = None
    if missing:
        if photos is None:
            raise TrainingError(
                f"Not trained yet: {', '.join(missing)}.\n"
                f"  Name a folder of photos with --photos, or the variants with --variant."
            )
        shown = _divided(photos, held_out, few if "few-photos" in missing else 0)
        recipe = Recipe(
            steps=steps, batch=batch, crop_px=crop_px, style_px=style_px,
            learning_rate=learning_rate, seed=seed,
        )  # fmt: skip
        recipe = replace(published_recipe(recipe, "hpi"), style_weight=style_weight)
        recipe, _ = fitted_recipe(recipe, loaded)
        bench = Bench(loaded, recipe, picture, shown["held out"], find_device(device))
    meter = Meter(len(missing) * steps, on_progress)
    longest_s = 0.0
    for name, variant in wanted.items():
        if name in there:
            on_line(f"{name}: there already")
            yield name, there[name]
            continue
        assert bench is not None
        begun_s = time.monotonic()
        if until_s is not None and begun_s + longest_s > started_s + until_s:
            on_line(f"{name}: no time left")
            continue
        meter.begin(name, steps)
        seen = shown["few" if variant.few else "all"]
        made = bench.train(
            name, variant, seen, None if until_s is None else started_s + until_s, on_line, meter
        )
        if made is None:
            on_line(f"{name}: dropped, as the time is up")
            continue
        took_s = time.monotonic() - begun_s
        longest_s = max(longest_s, took_s)
        told = settings | _told(variant) | {
            "photos": len(seen.files), "held-out photos": len(shown["held out"].files)
        }  # fmt: skip
        network, curves = made
        trained = Trained(network, told, curves, _device_name(bench.device), took_s)
        save_variant(files[name], name, trained)
        on_line(f"{name}: done in {took_s:.0f} s")
        yield name, load_variant(files[name], name)


def _told(variant: Variant) -> dict[str, Any]:
    return {
        "variant": variant.told, "clip": variant.clip, "norm": variant.norm,
        "transposed": variant.transposed,
    }  # fmt: skip


def _refuse_other_settings(
    file: Path, theirs: Mapping[str, Any], settings: Mapping[str, Any]
) -> None:
    """Networks can be compared where everything else is the same.

    Raises:
        TrainingError: the file's network was trained with other settings.
    """
    other = {key: theirs.get(key) for key, value in settings.items() if theirs.get(key) != value}
    if other:
        told = ", ".join(
            "another painting" if key == "painting" else f"{key} {value}"
            for key, value in other.items()
        )
        raise TrainingError(
            f"'{file}' was trained with {told}.\n"
            f"  Give the same options to go on, or another folder with -o to start anew."
        )


def _device_name(device: torch.device) -> str:
    """What a training ran on, in words."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def _divided(photos: Path, held_out: Path | None, few: int) -> dict[str, PhotoFolder]:
    """The photos as ``all``, ``few`` and ``held out``; nothing of the last is in the others.

    Raises:
        TrainingError: there are none, or no more than ``few``, to train on.
    """
    every, some = PhotoFolder(photos), PhotoFolder(photos)
    order = np.random.default_rng(SHUFFLE_SEED).permutation(len(every.files))
    shuffled = [every.files[index] for index in order]
    if held_out is None:
        aside = min(SET_ASIDE, max(1, len(shuffled) // 10))
        measured = PhotoFolder(photos)
        measured.files = shuffled[-aside:]
    else:
        measured = PhotoFolder(held_out)
    never = {file.resolve() for file in measured.files}
    shuffled = [file for file in shuffled if file.resolve() not in never]
    if not shuffled:
        raise TrainingError(
            f"All photos in '{photos}' are held out.\n  Name another folder with --held-out."
        )
    if len(shuffled) <= few:
        raise TrainingError(
            f"The folder '{photos}' has {len(shuffled)} photos to train on, "
            f"no more than the {few} of the variant 'few-photos'.\n"
            f"  Name a larger folder, lower --few, or choose other variants with --variant."
        )
    every.files, some.files = sorted(shuffled), sorted(shuffled[:few])
    return {"all": every, "few": some, "held out": measured}
