"""Packed products of signs on a GPU, against cuBLAS and cuDNN.

    python benchmarks/binary/gpu.py [--out FILE]
    python benchmarks/binary/gpu.py --draw

Square products and 3x3 convolutions by the Triton kernels of ``artem.learn.binary.triton``,
with words that are packed already, against the same products in float32, TF32 and bfloat16.
Medians of Triton's own ``do_bench``; every product is compared with the float one first, which
is exact for so few terms. Needs CUDA. Writes ``results/binary-gpu.json``; ``--draw`` writes its
tables into ``docs/binary.md``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from artem.app.bench_results import run_script, today, write_between, write_result
from artem.runtime.xnor.packing import pack_signs

RESULT = Path(__file__).resolve().parent.parent / "results" / "binary-gpu.json"
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "binary.md"
BEGIN, END = "<!-- begin: bench-binary on a GPU -->", "<!-- end of those on a GPU -->"
PRODUCTS = (256, 512, 1024, 2048, 4096, 8192)
CHANNELS = (64, 128, 256, 512)
SIDES = (32, 64, 128, 256)
FLOATS = ("float32", "tf32", "bfloat16")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=RESULT)
    parser.add_argument("--draw", action="store_true", help="the tables alone")
    arguments = parser.parse_args()
    if arguments.draw:
        _draw(json.loads(RESULT.read_text(encoding="utf-8")))
        return
    write_result(arguments.out, _measure())


def _measure() -> dict[str, Any]:
    import torch
    import triton

    rows: dict[str, list[dict[str, Any]]] = {"convolutions": [], "products": []}
    sizes = [("convolutions", (c, side)) for c in CHANNELS for side in SIDES]
    sizes += [("products", (size,)) for size in PRODUCTS]
    for part, size in sizes:
        row = _convolution(*size) if part == "convolutions" else _product(*size)
        print(row, flush=True)
        rows[part].append(row)
    return {
        "device": torch.cuda.get_device_name(), "torch": torch.__version__,
        "triton": triton.__version__, "date": today(), **rows,
    }  # fmt: skip


def _product(size: int) -> dict[str, Any]:
    from artem.learn.binary.triton import packed_gemm

    words, floats = _operands((size, size), (size, size))
    row = {"size": size}
    return row | _timed(
        lambda: packed_gemm(*words, size), lambda kind: floats[kind][0] @ floats[kind][1].T
    )


def _convolution(channels: int, side: int) -> dict[str, Any]:
    import torch

    from artem.learn.binary.triton import packed_convolution

    words, floats = _operands((1, side, side, channels), (channels, 3, 3, channels))

    def convolved(kind: Any) -> Any:
        maps, weights = (one.permute(0, 3, 1, 2) for one in floats[kind])
        return torch.conv2d(maps, weights, padding=1).permute(0, 2, 3, 1)

    row = {"channels": channels, "side_px": side}
    return row | _timed(lambda: packed_convolution(*words, channels, border="zero"), convolved)


def _operands(*shapes: tuple[int, ...]) -> tuple[list[Any], dict[Any, list[Any]]]:
    """Random signs of these shapes: as words, and as floats by type."""
    import torch

    from artem.learn.binary.triton import words_tensor

    draw = np.random.default_rng(0)
    signs = [2 * draw.integers(0, 2, shape, dtype=np.int8) - 1 for shape in shapes]
    words = [words_tensor(pack_signs(one), "cuda") for one in signs]
    kinds = (torch.float32, torch.bfloat16)
    return words, {
        kind: [torch.from_numpy(one).to("cuda", kind) for one in signs] for kind in kinds
    }


def _timed(ours: Callable[[], Any], theirs: Callable[[Any], Any]) -> dict[str, Any]:
    """Median milliseconds of ours and of theirs in each of :data:`FLOATS`; the same results."""
    import torch
    from triton.testing import do_bench

    found: dict[str, Any] = {}
    for kind in FLOATS:
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = kind == "tf32"
        dtype = torch.bfloat16 if kind == "bfloat16" else torch.float32
        if kind == "float32":
            torch.testing.assert_close(ours().float(), theirs(dtype), rtol=0, atol=0.25)
            found["ours_ms"] = _median_ms(do_bench, ours)
        found[f"{kind}_ms"] = _median_ms(do_bench, partial(theirs, dtype))
    return found


def _median_ms(do_bench: Callable[..., Any], work: Callable[[], Any]) -> float:
    return round(float(do_bench(work, warmup=10, rep=40, return_mode="median")), 5)


def _draw(result: dict[str, Any]) -> None:
    parts = [
        f"{result['device']}, PyTorch {result['torch']}, Triton {result['triton']}, "
        f"{result['date']}: times of the float product over ours, and ours in TOP/s (two for each "
        "pair of signs).",
        _table("product", [
            (f"{row['size']}²", row, row["size"] ** 3) for row in result["products"]
        ]),
        _table("3x3 convolution", [
            (
                f"C = {row['channels']}, {row['side_px']}²", row,
                9 * row["channels"] ** 2 * row["side_px"] ** 2,
            )
            for row in result["convolutions"]
        ]),
    ]  # fmt: skip
    write_between(DOCUMENT, BEGIN, END, parts)


def _table(what: str, rows: list[tuple[str, dict[str, Any], int]]) -> str:
    lines = [
        f"| {what} | ours, ms | TOP/s | float32 | TF32 | bfloat16 |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, row, pairs in rows:
        ours = row["ours_ms"]
        cells = [f"{row[f'{kind}_ms'] / ours:.2f}x" for kind in FLOATS]
        lines.append(
            f"| {name} | {ours:.3f} | {2 * pairs / ours / 1e9:.1f} | {' | '.join(cells)} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    run_script(main)
