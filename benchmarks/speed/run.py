"""The whole path, frame in to frame out: our networks against others' architectures in PyTorch.

    python benchmarks/speed/run.py [--network FILE]... [--frames 300] [--threads 1 2]

Others' are the HPI network (the architecture of pytorch/examples' fast_neural_style, with
nearest-neighbor upsampling) and MicroAST; speed does not depend on weights, so theirs are random.
All take turns in blocks on the same cores. "half" is painting at half the width and height and
enlarging, as ``artem live`` does when its governor saves time: another picture, softer.
Prints a table with ratios and writes ``results/speed.json``.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from microast import MicroAst
from torch import Tensor

import artem
from artem.app.bench import SIZES, figures_of, measure_in_turns
from artem.app.bench_results import provenance, run_script, write_result
from artem.core.errors import ArtemError
from artem.core.picture import Frame
from artem.learn.networks import TransformerNet
from artem.media.opencv import resize
from artem.runtime.engine import engines
from artem.runtime.library import find_network, network_files
from artem.runtime.versions import version_for

RESULTS = Path(__file__).resolve().parent.parent / "results"

Key = tuple[str, str, str, str]
"""Network, engine, precision and working size."""


class TorchPainter:
    """A network in PyTorch, from frame to frame, as its authors run it."""

    def __init__(self, paint: Callable[[Tensor], Tensor]) -> None:
        self.paint = paint

    @torch.inference_mode()
    def __call__(self, frame: Frame) -> Frame:
        image = torch.from_numpy(frame).permute(2, 0, 1)[None].float().div(255)
        painted = self.paint(image)[0].clamp(0, 1).mul(255).round().to(torch.uint8)
        return painted.permute(1, 2, 0).contiguous().numpy()


class HalfSize:
    """Paints at half the width and height and enlarges, as the painter does at a scale of 0.5."""

    def __init__(self, stylizer: artem.Stylizer) -> None:
        self.stylizer = stylizer

    def __call__(self, frame: Frame) -> Frame:
        height, width = frame.shape[:2]
        return resize(self.stylizer(resize(frame, width // 2, height // 2)), width, height)


def our_painters(network: str, threads: int) -> dict[Key, Callable[[Frame], Frame]]:
    """A network in float, bfloat16 and int8 in every engine that runs it; the quickest at half."""
    described = find_network(network)
    known = [one for one in artem.styles() if described.identity in one.vectors]
    style = known[0] if known else "identity"
    painters: dict[Key, Callable[[Frame], Frame]] = {}
    for name, engine in engines().items():
        for precision in ("float", "bfloat16", "int8"):
            try:
                reason = engine.why_not(version_for(described, precision=precision), precision)
            except ArtemError as error:
                reason = str(error).splitlines()[0]
            if reason is not None:
                print(f"{described.name}, {name}, {precision}: {reason}")
                continue
            stylizer = artem.Stylizer(
                style, network=described.path, engine=name, precision=precision, threads=threads
            )
            painters[described.name, name, precision, "full"] = stylizer
            if name == "openvino" and precision in ("float", "int8"):
                painters[described.name, name, precision, "half"] = HalfSize(stylizer)
    return painters


def others() -> dict[Key, Callable[[Frame], Frame]]:
    hpi, microast = TransformerNet().eval(), MicroAst().eval()
    with torch.inference_mode():
        style = microast.learn(torch.rand(1, 3, 512, 512))
    return {
        ("hpi", "torch", "float", "full"): TorchPainter(hpi),
        ("microast", "torch", "float", "full"): TorchPainter(lambda image: microast(image, style)),
    }


def measure(networks: list[str], threads: int, frames: int, torch_frames: int) -> list[Any]:
    """A row for each painter and size."""
    torch.set_num_threads(threads)
    painters = {key: p for one in networks for key, p in our_painters(one, threads).items()}
    slow_ones = others()
    rows = []
    for width, height in SIZES:
        # The slow ones in between, so that they meet the same machine.
        half = max(1, frames // 2)
        first = measure_in_turns(painters, width, height, half)
        slow = measure_in_turns(slow_ones, width, height, torch_frames)
        second = measure_in_turns(painters, width, height, max(1, frames - half))
        times_ms = slow | {key: first[key] + second[key] for key in painters}
        figures = {key: figures_of(times, width, height) for key, times in times_ms.items()}
        for (network, engine, precision, working), figure in figures.items():
            ratios = {
                f"times_{other}": round(
                    figures[other, "torch", "float", "full"]["median_ms"] / figure["median_ms"], 1
                )
                for other in ("hpi", "microast")
            }
            who = {"network": network, "engine": engine, "precision": precision}
            rows.append(who | {"working_size": working, "threads": threads} | figure | ratios)
    return rows


def print_table(rows: list[Any]) -> None:
    print(f"{'network':<10}{'engine':<13}{'precision':<11}{'working':<9}{'cores':<7}{'size':>10}"
          f"{'p50 ms':>10}{'p95 ms':>10}{'fps':>8}{'x HPI':>8}{'x MicroAST':>12}")  # fmt: skip
    for row in rows:
        size = f"{row['width_px']}x{row['height_px']}"
        print(f"{row['network']:<10}{row['engine']:<13}{row['precision']:<11}"
              f"{row['working_size']:<9}{row['threads']:<7}{size:>10}"
              f"{row['median_ms']:>10.1f}{row['p95_ms']:>10.1f}{row['fps']:>8.1f}"
              f"{row['times_hpi']:>8.1f}{row['times_microast']:>12.1f}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", action="append", help="by name or file; all shipped ones")
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--torch-frames", type=int, default=5)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    arguments = parser.parse_args()
    networks = arguments.network or list(network_files())
    rows = [
        row
        for threads in arguments.threads
        for row in measure(networks, threads, arguments.frames, arguments.torch_frames)
    ]
    print_table(rows)
    write_result(RESULTS / "speed.json", provenance(__file__, "torch") | {"rows": rows})


if __name__ == "__main__":
    run_script(main)
