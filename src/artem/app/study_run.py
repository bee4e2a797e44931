"""From a study's options to its report: pictures read, the study run, what is there kept."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import typer

from artem.app.options import given
from artem.app.progress import show_progress
from artem.app.say import counted, note, say
from artem.app.study_report import StudyReport
from artem.core.errors import PictureError, TrainingError

if TYPE_CHECKING:
    from torch import Tensor

    from artem.learn.encoders import Encoder
    from artem.learn.studies import Panel, Progress

LEAST_PX = 32
"""A side that every layer of every encoder can take."""


def load_studies() -> ModuleType:
    """The studies, imported now because they bring PyTorch along."""
    try:
        from artem.learn import studies
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "artem":
            raise
        raise TrainingError(
            f"Studies need more packages ('{error.name}' is missing).\n"
            f"  pip install 'artem-style[train]'"
        ) from None
    return studies


def load_images(size_px: int, **files: Path | None) -> dict[str, Tensor]:
    """Pictures by name, those that were given, reduced to ``size_px`` at their longer side.

    Raises:
        PictureError: one cannot be read, or has a side too short for the deep layers.
    """
    from artem.core.picture import load_picture
    from artem.learn.optimization.images import fitting, image_of, resized_frame

    images = {}
    for name, file in given(**files).items():
        picture = load_picture(file)
        for remark in picture.notes:
            note(f"'{file}': {remark}.")
        height, width = fitting(picture.frame, min(size_px, max(picture.frame.shape)))
        if min(height, width) < LEAST_PX:
            raise PictureError(
                f"'{file}' would be {width}x{height}, too small for the deep layers.\n"
                f"  It takes {LEAST_PX} pixels a side: use another picture, or a larger --size."
            )
        images[name] = image_of(resized_frame(picture.frame, (height, width)))
    return images


def run_study(
    make: Callable[..., Iterable[Panel]],
    name: str,
    out: Path,
    encoder: str | None,
    images: Mapping[str, Tensor],
    options: Mapping[str, Any],
    overwrite: bool,
    *,
    and_settings_of: Callable[..., Any] | None = None,
) -> StudyReport:
    """Make a study's pictures and its report, of what is there when it is stopped.

    Args:
        make: the study; takes the encoder, images by name and options.
        and_settings_of: a function that options are passed on to.

    Raises:
        Exit: it was stopped by Ctrl-C.
        ArtemError: whatever is wrong, after what is there was written.
    """
    from artem.learn.encoders import load_encoder

    loaded: Encoder = load_encoder(encoder)
    settings = {"encoder": loaded.name} | {
        key: f"{image.shape[-1]}x{image.shape[-2]}" for key, image in images.items()
    }
    functions = [make] if and_settings_of is None else [make, and_settings_of]
    report = StudyReport(
        out, name, title=_title(make), settings=settings | _settings(functions, options),
        overwrite=overwrite,
    )  # fmt: skip
    try:
        with show_progress() as show:

            def on_progress(progress: Progress) -> None:
                show(progress.done, progress.total, f"{progress.label}: {progress.value:.3g}")

            for panel in make(loaded, **images, **options, on_progress=on_progress):
                report.add(panel)
    except KeyboardInterrupt:
        report.write()
        say(f"stopped after {counted(report.made, 'picture')}.")
        _say_files(report)
        raise typer.Exit(130) from None
    except BaseException:
        report.write()
        raise
    report.write()
    _say_files(report)
    return report


def _say_files(report: StudyReport) -> None:
    if report.made:
        for file in report.files:
            typer.echo(f"wrote {file}")


def _title(make: Callable[..., Any]) -> str:
    """The first sentence of a study's own description, without its full stop."""
    return (inspect.getdoc(make) or "").partition("\n")[0].rstrip(".")


def _settings(
    functions: Sequence[Callable[..., Any]], options: Mapping[str, Any]
) -> dict[str, str]:
    """What a study runs with, given or by default, as far as numbers and words can say it."""
    known: dict[str, Any] = {}
    for function in functions:
        for parameter in inspect.signature(function).parameters.values():
            if parameter.default is not parameter.empty:
                known.setdefault(parameter.name, parameter.default)
    return {
        name.replace("_", " "): ", ".join(map(str, value)) if isinstance(value, list | tuple)
        else str(value)
        for name, value in (known | dict(options)).items()
        if isinstance(value, str | int | float | list | tuple)
    }  # fmt: skip
