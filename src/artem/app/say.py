"""What a command says to people, on stderr; its results go to stdout."""

from __future__ import annotations

import typer


def say(text: str) -> None:
    """A line beside the results."""
    typer.echo(text, err=True)


def note(text: str) -> None:
    """Something that went differently than one may have expected."""
    typer.echo(f"{typer.style('note:', fg='yellow')} {text}", err=True)


def complain(text: str) -> None:
    """What was refused or failed, and what to do about it."""
    typer.echo(f"{typer.style('error:', fg='red', bold=True)} {text}", err=True)


def counted(count: int, noun: str) -> str:
    """``1 picture``, ``2 pictures``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
