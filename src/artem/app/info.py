"""``artem info``: what is here and what can run."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import typer

from artem import __version__
from artem.core.errors import NetworkError

if TYPE_CHECKING:
    from artem.core.network_file import NetworkFile


def info() -> None:
    """Show engines, precisions, networks and folders."""
    from artem.core.network_file import load_network_file
    from artem.runtime.engine import PRECISIONS, engines
    from artem.runtime.library import MODELS, network_files, style_files, user_styles_folder
    from artem.runtime.predictor import predictor_beside
    from artem.runtime.processor import byte_products
    from artem.runtime.versions import why_not_int8
    from artem.runtime.xnor.dispatch import best_kernels, why_only_reference

    typer.echo(f"artem {__version__}")
    networks = [load_network_file(file) for file in network_files().values()]
    for engine in engines().values():
        for precision in PRECISIONS:
            if precision == "auto" or not networks:
                continue
            reason = engine.why_not(first_in(precision, networks), precision)
            typer.echo(f"{engine.name}, {precision}: {'ready' if reason is None else reason}")
    for network in networks:
        reason = why_not_int8(network)
        taken = f"int8, as this CPU has {byte_products()}" if reason is None else f"float: {reason}"
        typer.echo(f"--precision auto takes for {network.name}: {taken}")
    slow = why_only_reference()
    kernels = f"by {best_kernels().name} kernels" if slow is None else f"slowly: {slow}"
    typer.echo(f"binary networks: {kernels}")
    names = ", ".join(f"{network.name} ({network.identity[:12]})" for network in networks)
    typer.echo(f"networks: {names or 'none'}")
    able = ", ".join(network.name for network in networks if predictor_beside(network))
    typer.echo(f"any picture as a style: {able or 'no predictor yet'}")
    typer.echo(f"styles: {len(style_files()) + 1}, listed by: artem styles")
    typer.echo(f"shipped with the package: {MODELS}")
    folder = user_styles_folder()
    typer.echo(f"your own styles: {folder}{'' if folder.is_dir() else ' (not made yet)'}")


def first_in(precision: str, networks: Sequence[NetworkFile]) -> NetworkFile:
    """Of the networks that have a version in this precision the first; without any, the first."""
    from artem.runtime.versions import version_for

    for network in networks:
        with suppress(NetworkError):
            return version_for(network, precision=precision)
    return networks[0]
