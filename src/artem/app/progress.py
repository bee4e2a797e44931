"""How far a long command is: a bar on a terminal, a line a minute elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from artem.app.say import say

LOG_EVERY_S = 60.0


@contextmanager
def show_progress() -> Iterator[Callable[[int, int, str], None]]:
    """A function to be told how much is done, of how much, and what is under way.

    Both ways of showing it give the time left.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    console = Console(stderr=True)
    columns = (
        BarColumn(), TaskProgressColumn(), TimeLeft(),
        TextColumn("{task.description}", markup=False),
    )  # fmt: skip
    begun_s = logged_s = time.monotonic()
    first: int | None = None
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal,
        speed_estimate_period=300,
    ) as bar:  # fmt: skip
        task = bar.add_task("starting", total=None)

        def on_progress(done: int, total: int, text: str) -> None:
            nonlocal begun_s, logged_s, first
            now_s = time.monotonic()
            if first is None:
                first, begun_s = done, now_s
            bar.update(task, completed=done, total=total, description=text)
            if not console.is_terminal and now_s - logged_s >= LOG_EVERY_S and done > first:
                logged_s = now_s
                left_s = (now_s - begun_s) * (total - done) / (done - first)
                say(f"{100 * done // total} %, {text}, about {left_s / 60:.0f} min left")

        yield on_progress
