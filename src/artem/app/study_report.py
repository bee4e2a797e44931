"""What a study leaves in a folder: a sheet of pictures, a table to read and one to compute with."""

from __future__ import annotations

import csv
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from artem.core.errors import ArtemError
from artem.core.files import replacing

if TYPE_CHECKING:
    from artem.learn.studies import Panel

WRITE_EVERY_S = 30.0


class StudyReport:
    """``NAME.png``, ``NAME.md`` and ``NAME.csv``, written again as the study goes on.

    Nothing is written before the first picture that the study made itself.

    Args:
        folder: made where it does not exist.
        name: of the files.
        title: over the table.
        settings: what the study was run with, told below the title.
        overwrite: whether files that exist may be replaced.

    Attributes:
        panels: so far.

    Raises:
        ArtemError: the folder is none, or holds one of the files.
        OSError: it cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        *,
        title: str,
        settings: Mapping[str, str],
        overwrite: bool,
    ) -> None:
        self.files = [folder / f"{name}.{suffix}" for suffix in ("png", "md", "csv")]
        self.title = title
        self.settings = settings
        self.panels: list[Panel] = []
        self._written_s = time.monotonic()
        if folder.exists() and not folder.is_dir():
            raise ArtemError(
                f"'{folder}' is a file where a folder is needed.\n  Choose another -o."
            )
        for file in self.files:
            if file.exists() and not overwrite:
                raise ArtemError(f"'{file}' exists already.\n  Use --overwrite, or another -o.")
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass  # a place that cannot be written shows now, not in an hour

    @property
    def made(self) -> int:
        """Pictures that the study made, beside those it was given."""
        return sum(1 for panel in self.panels if panel.figures)

    def add(self, panel: Panel) -> None:
        """One more picture; now and then the files are brought up to date."""
        self.panels.append(panel)
        if time.monotonic() - self._written_s > WRITE_EVERY_S:
            self.write()

    def write(self) -> None:
        """Bring the files up to date.

        Raises:
            ArtemError: they cannot be written.
        """
        if not self.made:
            return
        from artem.app.sheet import lay_out
        from artem.core.picture import save_picture

        sheet, text, table = self.files
        rows: dict[str, list[Panel]] = {}
        for panel in self.panels:
            rows.setdefault(panel.row, []).append(panel)
        save_picture(
            sheet,
            lay_out({
                row: [(panel.label, panel.frame) for panel in panels]
                for row, panels in rows.items()
            }),
        )  # fmt: skip
        with replacing(text) as partial:
            partial.write_text(self._markdown(rows), encoding="utf-8")
        with replacing(table) as partial, partial.open("w", encoding="utf-8", newline="") as lines:
            columns = dict.fromkeys(name for panel in self.panels for name in panel.figures)
            writer = csv.writer(lines)
            writer.writerow(["row", "picture", *columns])
            for panel in self.panels:
                if panel.figures:
                    told = [_number(panel.figures.get(name, ""), 6) for name in columns]
                    writer.writerow([panel.row, panel.label, *told])
        self._written_s = time.monotonic()

    def _markdown(self, rows: Mapping[str, list[Panel]]) -> str:
        told = ", ".join(f"{name} {value}" for name, value in self.settings.items())
        parts = [f"# {self.title}", f"{told}.", f"![{self.title}]({self.files[0].name})"]
        for row, panels in rows.items():
            lines = [panel for panel in panels if panel.figures]
            if not lines:
                continue
            columns = dict.fromkeys(name for panel in lines for name in panel.figures)
            table = [
                f"| picture | {' | '.join(columns)} |",
                f"|---|{'---:|' * len(columns)}",
                *(
                    f"| {panel.label} | "
                    + " | ".join(_number(panel.figures.get(name, ""), 3) for name in columns)
                    + " |"
                    for panel in lines
                ),
            ]
            parts += [f"## {row}", "\n".join(table)]
        return "\n\n".join(parts) + "\n"


def _number(figure: float | str, digits: int) -> str:
    return figure if isinstance(figure, str) else f"{figure:.{digits}g}"
