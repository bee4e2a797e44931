"""What a study shows and tells, picture by picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from artem.core.picture import Frame


@dataclass(frozen=True)
class Panel:
    """One picture of a study's sheet, with its line in the table.

    Attributes:
        row: what the pictures beside it have in common; a heading on the sheet.
        label: what sets it apart from them.
        frame: uint8 ``(H, W, 3)``.
        figures: its line in the table, by column; empty where the picture was given.
    """

    row: str
    label: str
    frame: Frame
    figures: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Progress:
    """How far a study is.

    Attributes:
        done, total: evaluations, of all pictures together.
        label: the picture under way.
        value: what was measured last, small or large as the study has it.
    """

    done: int
    total: int
    label: str
    value: float


OnProgress = Callable[[Progress], None]


def nobody(progress: Progress) -> None:
    """Listens to the progress of a study where nobody else does."""


class Meter:
    """Counts evaluations over all pictures of a study and tells who listens.

    Args:
        total: evaluations of all pictures together.
        on_progress: called after each.
    """

    def __init__(self, total: int, on_progress: OnProgress) -> None:
        self.total = total
        self.on_progress = on_progress
        self.label = ""
        self.before = 0
        self.evaluations = 0

    def begin(self, label: str, evaluations: int) -> None:
        """The next picture; whatever evaluations the last one did not need count as done."""
        self.label = label
        self.before += self.evaluations
        self.evaluations = evaluations

    def __call__(self, number: int, value: float) -> None:
        """The picture under way has had its evaluation ``number``, from 1."""
        self.on_progress(Progress(self.before + number, self.total, self.label, value))
