"""A training with its files: checkpoints, previews, cards, and a stop that loses nothing."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from artem.core.cards import network_card, style_card
from artem.core.errors import TrainingError
from artem.core.files import replacing
from artem.core.network_file import NetworkFile
from artem.core.style_file import STYLE_SUFFIX, Style, load_style
from artem.learn.networks import StyledNetwork
from artem.learn.training.imitator import Imitator
from artem.learn.training.loop import Progress, Trainer
from artem.runtime.library import styles

CHECKPOINT_S = 60.0
PREVIEW_S = 120.0

OnProgress = Callable[[Progress, int], None]


@dataclass(frozen=True)
class Outcome:
    """What a training left.

    Attributes:
        files: written, the most important first.
        names: of the styles.
        broken: photos that could not be read, with the reason.
    """

    files: tuple[Path, ...]
    names: tuple[str, ...]
    broken: Mapping[Path, str]


def run_to_the_end(
    trainer: Trainer | Imitator, checkpoint: Path, on_progress: OnProgress, draw: Callable[[], None]
) -> None:
    """Train to the recipe's last step, from the checkpoint where there is one.

    Ctrl-C waits for the step under way, saves, and goes on its way as
    ``KeyboardInterrupt``; a second one does not wait.

    Args:
        trainer: set up.
        checkpoint: read if it exists, and written every minute.
        on_progress: called after each step with the number of all steps, as far as it is known.
        draw: writes the preview; called every other minute and at the end.
    """
    if checkpoint.exists():
        trainer.resume(checkpoint)
    trainer.save(checkpoint)  # a place that cannot be written shows now, not in an hour
    saved = drawn = time.monotonic()

    def after_step(progress: Progress) -> bool:
        nonlocal saved, drawn
        on_progress(progress, trainer.expected_steps)
        now = time.monotonic()
        if now - saved > CHECKPOINT_S:
            trainer.save(checkpoint)
            saved = now
        if now - drawn > PREVIEW_S:
            draw()
            drawn = now
        return bool(stop)

    with stop_between_steps() as stop:
        try:
            trainer.run(after_step)
        finally:
            if len(stop) < 2:  # the second one may have come amid a step
                trainer.save(checkpoint)
    if stop and trainer.share < 1:
        raise KeyboardInterrupt
    draw()


@contextmanager
def stop_between_steps() -> Iterator[list[int]]:
    """A list that the first Ctrl-C puts something into; the second one interrupts as usual."""
    pressed: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        pressed.append(number)
        if len(pressed) > 1:
            signal.default_int_handler(number, frame)

    if threading.current_thread() is not threading.main_thread():  # signals go there alone
        yield pressed
        return
    before = signal.signal(signal.SIGINT, handle)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


def styles_of(network: NetworkFile) -> list[Style]:
    """Every style at hand that was made for a network: those known by name, those beside it."""
    beside = sorted((network.path.parent / "styles").glob(f"*{STYLE_SUFFIX}"))
    known = {style.path: style for style in [*styles(), *map(load_style, beside)]}
    return [style for style in known.values() if network.identity in style.vectors]


def network_file(out: Path, network: StyledNetwork) -> Path:
    """Where a network goes in a folder of results: a binary one says so in its name."""
    binary = network.architecture.get("binary")
    return out / ("network.binary.onnx" if binary else "network.onnx")


def refuse_used_folder(out: Path) -> None:
    """Refuse a folder that holds a finished network.

    Raises:
        TrainingError: it does.
    """
    if list(out.glob("network*.onnx")) and not (out / "checkpoint.pt").exists():
        raise TrainingError(
            f"'{out}' already holds a trained network.\n  Choose another folder with -o."
        )


def write_cards(
    network: NetworkFile | None, style_files: Sequence[tuple[Path, Style]]
) -> list[Path]:
    """A Markdown card beside each file."""
    cards = [(file.with_suffix(".md"), style_card(style)) for file, style in style_files]
    if network is not None:
        cards.insert(0, (network.path.with_suffix(".md"), network_card(network)))
    for file, text in cards:
        write_text(file, text)
    return [file for file, _ in cards]


def write_text(file: Path, text: str) -> None:
    """Write a card, whole or not at all."""
    with replacing(file) as partial:
        partial.write_text(text, encoding="utf-8")
