"""The whole path, frame in to frame out: our networks against the HPI network in PyTorch.

    python benchmarks/speed/run.py [--frames 100] [--threads N]

The HPI network has the architecture of pytorch/examples' fast_neural_style, with
nearest-neighbor upsampling; its speed does not depend on its weights, so they are
random. All take turns in blocks on the same cores. Prints a table with ratios
and writes ``results/speed.json``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import torch

import artem
from artem.app.bench import SIZES, figures_of, machine, measure_in_turns
from artem.core.files import replacing
from artem.core.picture import Frame
from artem.learn.networks import TransformerNet
from artem.runtime.engine import PRECISIONS, engines
from artem.runtime.library import find_network

RESULTS = Path(__file__).resolve().parent.parent / "results"


class TorchPainter:
    """The HPI network in PyTorch, from frame to frame, as its authors run it."""

    def __init__(self) -> None:
        self.network = TransformerNet().eval()

    @torch.inference_mode()
    def __call__(self, frame: Frame) -> Frame:
        image = torch.from_numpy(frame).permute(2, 0, 1)[None].float().div(255)
        painted = self.network(image)[0].clamp(0, 1).mul(255).round().to(torch.uint8)
        return painted.permute(1, 2, 0).contiguous().numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--torch-frames", type=int, default=5)
    parser.add_argument("--threads", type=int, default=None)
    arguments = parser.parse_args()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)

    described = find_network("fast")
    style = next(one for one in artem.styles() if described.identity in one.vectors)
    painters = {
        (described.name, name, precision): artem.Stylizer(
            style, engine=name, precision=precision, threads=arguments.threads
        )
        for name, engine in engines().items()
        for precision in PRECISIONS[1:]
        if engine.why_not(described, precision) is None
    }
    hpi = ("hpi", "torch", "float")
    rows = []
    for width, height in SIZES:
        # The slow one in between, so that it meets the same machine.
        half = arguments.frames // 2
        first = measure_in_turns(painters, width, height, half)
        slow = measure_in_turns({hpi: TorchPainter()}, width, height, arguments.torch_frames)
        second = measure_in_turns(painters, width, height, arguments.frames - half)
        times_ms = slow | {key: first[key] + second[key] for key in painters}
        figures = {key: figures_of(times, width, height) for key, times in times_ms.items()}
        for (network, engine, precision), figure in figures.items():
            ratio = figures[hpi]["median_ms"] / figure["median_ms"]
            rows.append({"network": network, "engine": engine, "precision": precision}
                        | figure | {"times_hpi": round(ratio, 1)})  # fmt: skip

    print(f"{'network':<8}{'engine':<13}{'precision':<11}{'size':>10}"
          f"{'p50 ms':>10}{'p95 ms':>10}{'fps':>8}{'x HPI':>8}")  # fmt: skip
    for row in rows:
        size = f"{row['width_px']}x{row['height_px']}"
        print(f"{row['network']:<8}{row['engine']:<13}{row['precision']:<11}{size:>10}"
              f"{row['median_ms']:>10.1f}{row['p95_ms']:>10.1f}{row['fps']:>8.1f}"
              f"{row['times_hpi']:>8.1f}")  # fmt: skip
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=RESULTS.parent, capture_output=True, text=True
    ).stdout.strip()
    result = {
        "machine": machine(arguments.threads) | {"torch": version("torch")},
        "commit": commit, "date": datetime.now(UTC).date().isoformat(), "rows": rows,
    }  # fmt: skip
    with replacing(RESULTS / "speed.json") as partial:
        partial.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
