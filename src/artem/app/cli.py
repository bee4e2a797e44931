"""The command line: ``artem``.

Help must come at once, so nothing heavy is imported before a command runs.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import sys
import warnings
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from artem import __version__
from artem.app.any_style import any_style
from artem.app.bench import bench
from artem.app.bench_live import bench_live
from artem.app.distill import distill
from artem.app.gallery import gallery
from artem.app.imitate import imitate
from artem.app.info import info
from artem.app.judge import judge
from artem.app.live import live
from artem.app.optimize import optimize
from artem.app.quantize import quantize
from artem.app.say import complain, say
from artem.app.serve import serve
from artem.app.study import study
from artem.app.styles import styles
from artem.app.stylize import stylize
from artem.app.train import polish, train
from artem.app.video import video
from artem.core.errors import ArtemError


class Commands(TyperGroup):
    """The commands; what goes wrong inside one is said in a sentence, without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except ArtemError as error:
            complain(str(error))
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            say("stopped.")
            raise typer.Exit(130) from None
        except MemoryError:
            complain("There is not enough memory for this.\n  Use a smaller picture or batch.")
            raise typer.Exit(1) from None
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            where = f"'{error.filename}': " if error.filename else ""
            complain(f"{where}{error.strerror or error}.")
            raise typer.Exit(1) from None


app = typer.Typer(
    name="artem",
    cls=Commands,
    help="Turn pictures into paintings, in real time, on an ordinary CPU.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(no_args_is_help=True)(stylize)
app.command(no_args_is_help=True)(video)
app.command(no_args_is_help=True)(live)
app.command(no_args_is_help=True)(optimize)
app.command()(styles)
app.command()(gallery)
app.command(no_args_is_help=True)(train)
app.command(no_args_is_help=True)(polish)
app.command(no_args_is_help=True)(any_style)
app.command(no_args_is_help=True)(imitate)
app.command(no_args_is_help=True)(distill)
app.command(no_args_is_help=True)(quantize)
app.command(no_args_is_help=True)(judge)
app.command()(serve)
bench.command("live")(bench_live)
app.add_typer(study, name="study")
app.add_typer(bench, name="bench")
app.command()(info)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"artem {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


class LogLines(logging.Handler):
    """What the library has to tell, such as a download, said like all else."""

    def emit(self, record: logging.LogRecord) -> None:
        say(record.getMessage())


def main() -> None:
    """Run the command line on ``sys.argv`` and exit."""
    log = logging.getLogger("artem")
    log.setLevel(logging.INFO)
    log.addHandler(LogLines())
    # Of odd tags in pictures; what matters is said by us. The library itself leaves these be.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    for stream in (sys.stdout, sys.stderr):
        # A file name that the terminal cannot show is no reason to fail.
        with contextlib.suppress(AttributeError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        app(prog_name="artem")
    finally:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            # Whoever read us has left; Python would complain of it when it closes the stream.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
