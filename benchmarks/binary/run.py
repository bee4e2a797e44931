"""Binary convolutions and products against float, int8, OpenVINO's binary ones and plain loops.

    python benchmarks/binary/run.py [--threads 1 2] [--parts convolutions products generators]
        [--as cpu avx2 avx512 vnni] [--networks fast fine] [--channels 64 128 256 512]
        [--sides 32 64 128 256]

3x3 convolutions of as many outputs as inputs, one picture; products of square matrices; whole
frames of networks in float, int8 and with a binary trunk. All take turns on the same cores; a
ratio is the median over the rounds of theirs to ours in the same round, so that whatever else
the machine does falls on both. With one thread it is the processor's time that counts, with
more the clock's. Ours goes from float to float: signs, packing, convolution and scaling;
OpenVINO's figures are those of its own profile for one convolution amid others, without
reordering layouts.

``--as`` measures as on a CPU that has no more than these instructions, ours and the others'.
Writes ``results/binary.json``, where what is measured anew takes the place of what was there
of the same CPU, and the tables of ``docs/binary.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from statistics import median
from typing import Any

from tables import write_tables

from artem.app.bench_results import provenance, run_script, write_result

RESULTS = Path(__file__).resolve().parent.parent / "results"
CHANNELS = (64, 128, 256, 512)
SIDES = (32, 64, 128, 256)
PRODUCTS = (256, 512, 1024, 2048, 4096, 8192, 16384)
NAIVE_SIDE, NAIVE_PRODUCT = 32, 1024
"""Plain loops are run up to here; beyond, they are taken to need the same time for a product."""

LIKE = {
    "cpu": {},
    "avx2": {"ARTEM_KERNELS": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "OPENBLAS_CORETYPE": "Haswell"},
    "avx512": {"ARTEM_KERNELS": "avx512bw", "ONEDNN_MAX_CPU_ISA": "AVX512_CORE"},
    "vnni": {"ARTEM_KERNELS": "avx512bw", "ONEDNN_MAX_CPU_ISA": "AVX512_CORE_VNNI"},
}
"""What keeps our kernels, oneDNN (in PyTorch and OpenVINO) and OpenBLAS to some instructions."""

KEYS = {
    "convolutions": ("threads", "channels", "side_px"),
    "products": ("threads", "size"),
    "generators": ("threads", "width_px", "network", "precision"),
}
"""The parts, and what tells their rows apart."""

NAMES = ("network", "precision")
"""Keys whose rows stand in the order of measuring."""

LISTS = ("parts", "channels", "sides", "products", "networks", "cores", "size")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--cores", type=int, nargs="+", help="to run on; all of them by default")
    parser.add_argument("--parts", nargs="+", choices=KEYS, default=[*KEYS])
    parser.add_argument("--as", dest="like", nargs="+", choices=LIKE, default=["cpu"])
    parser.add_argument("--channels", type=int, nargs="+", default=CHANNELS)
    parser.add_argument("--sides", type=int, nargs="+", default=SIDES)
    parser.add_argument("--products", type=int, nargs="+", default=PRODUCTS)
    parser.add_argument("--networks", nargs="+", default=["fast", "fine"])
    parser.add_argument("--binary", type=int, default=128, help="channels of a trunk not shipped")
    parser.add_argument("--size", nargs="*", default=[], help="trunk=96 ..: random weights")
    parser.add_argument("--seconds", type=float, default=4, help="for each shape, about")
    parser.add_argument("--write", help=argparse.SUPPRESS)  # a child's own results
    arguments = parser.parse_args()
    if arguments.write:
        Path(arguments.write).write_text(json.dumps(measure(arguments)))
        return

    file = RESULTS / "binary.json"
    machines = json.loads(file.read_text())["machines"] if file.exists() else {}
    cpu = provenance(__file__, "torch")["machine"]["cpu"]
    result = machines.setdefault(cpu, {"runs": {}})
    load = os.getloadavg()[0]
    for like in arguments.like:
        run = result["runs"].setdefault(like, {part: [] for part in KEYS})
        for threads in arguments.threads:
            # Some libraries only ask once how many threads there are, and what they may use.
            new = in_child(threads, like, arguments)
            run |= {name: new[name] for name in ("kernels", "limit_gmac_s")}
            for part, keys in KEYS.items():
                rows = {tuple(row[key] for key in keys): row for row in run[part] + new[part]}
                counted = [key for key in keys if key not in NAMES]
                run[part] = sorted(rows.values(), key=lambda row: [row[key] for key in counted])
            result |= provenance(__file__, "torch") | {"load_before": round(load, 1)}
            write_result(file, {"machines": machines})
            write_tables(machines)


def in_child(threads: int, like: str, arguments: argparse.Namespace) -> dict[str, Any]:
    count = str(threads)
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    own = argparse.Namespace(**vars(arguments))
    own.cores = (arguments.cores or sorted(os.sched_getaffinity(0)))[-threads:]
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "rows.json"
        command = [sys.executable, __file__, "--threads", count, "--write", str(target)]
        command += ["--seconds", str(arguments.seconds), "--binary", str(arguments.binary)]
        for name in LISTS:
            command += [f"--{name}", *map(str, getattr(own, name))]
        limits = dict.fromkeys(names, count) | LIKE[like]
        subprocess.run(command, env=os.environ | limits, check=True)
        part: dict[str, Any] = json.loads(target.read_text())
        return part


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    os.sched_setaffinity(0, arguments.cores)
    from generator import generators
    from rivals import Loops

    from artem.runtime.xnor import best_kernels

    loops, threads, kernels = Loops(), arguments.threads[0], best_kernels().name
    limit = loops.limit(kernels)
    sizes = {name: int(size) for name, _, size in (text.partition("=") for text in arguments.size)}
    makers: dict[str, Callable[[], Iterable[Any]]] = {
        "convolutions": lambda: convolutions(loops, limit * threads, arguments),
        "products": lambda: products(loops, limit * threads, arguments),
        "generators": lambda: (
            row
            for network in arguments.networks
            for row in generators(network, threads, 2 * arguments.seconds, arguments.binary, sizes)
        ),
    }
    rows = {part: list(make()) if part in arguments.parts else [] for part, make in makers.items()}
    return {"kernels": kernels, "limit_gmac_s": round(limit), **rows}


def convolutions(loops: Any, limit: float, arguments: argparse.Namespace) -> Any:
    from rivals import CONVOLUTIONS

    threads = arguments.threads[0]
    print(f"3x3 convolutions, threads: {threads}; limit {limit:.0f} GMAC/s")
    others = [*CONVOLUTIONS][2:]
    print(f"{'C':>4} {'side':>5} {'ours ms':>8} {'GOP/s':>6} {'limit':>6} {'layer ms':>9}"
          + "".join(f"{'x ' + name:>18}" for name in others) + f"{'x naive':>9}")  # fmt: skip
    for channels in arguments.channels:
        naive_ms = None
        if threads == 1:
            naive_ms = min(loops.convolution(channels, NAIVE_SIDE) for _ in range(3))
        for side in arguments.sides:
            rivals = {name: make(channels, side, threads) for name, make in CONVOLUTIONS.items()}
            rounds = in_turns(rivals, arguments.seconds)
            row = figures(rounds, 9 * channels**2 * side**2, limit)
            row |= {"channels": channels, "side_px": side, "threads": threads}
            if naive_ms is not None:
                taken = naive_ms * (side / NAIVE_SIDE) ** 2
                row |= {"naive_ms": round(taken, 1), "naive_measured": side == NAIVE_SIDE}
            print(f"{channels:>4} {side:>5} {row['median_ms']['ours']:>8.2f} {row['gop_s']:>6} "
                  f"{row['share_of_limit']:>6.0%} {row['median_ms']['our layer']:>9.2f}"
                  + "".join(f"{row['times'][name]:>18.1f}" for name in others)
                  + f"{times_naive(row):>9}", flush=True)  # fmt: skip
            yield row


def products(loops: Any, limit: float, arguments: argparse.Namespace) -> Any:
    """Signs of a float matrix by a matrix of signs, packed beforehand as weights are."""
    import numpy as np
    from rivals import draw, timed_ms

    from artem.runtime.xnor import BinaryConvolution, sign_pack

    threads = arguments.threads[0]
    print(f"square products, threads: {threads}")
    print(
        f"{'size':>6} {'ours ms':>10} {'GOP/s':>6} {'limit':>6} {'x BLAS f32':>11} {'x naive':>8}"
    )
    naive_ms: dict[int, float] = {}
    for size in arguments.products:
        one, other = draw(size, size), draw(size, size)
        convolution = BinaryConvolution.from_weights(other.reshape(size, size, 1, 1), 1.0)
        out = np.empty((size, size), np.float32)

        def ours(one: Any = one, convolution: Any = convolution) -> object:
            packed = sign_pack(one[None, None], threads=threads)
            return convolution.dots(packed, threads=threads)

        def blas(one: Any = one, other: Any = other, out: Any = out) -> object:
            return np.matmul(one, other.T, out=out)

        rivals: dict[str, Callable[[], float]] = {
            "ours": lambda ours=ours: timed_ms(ours, threads),  # type: ignore[misc]
            "BLAS f32": lambda blas=blas: timed_ms(blas, threads),  # type: ignore[misc]
        }
        row = figures(in_turns(rivals, arguments.seconds), size**3, limit)
        row |= {"size": size, "threads": threads}
        if threads == 1:
            longest = min(size, NAIVE_PRODUCT)
            if longest not in naive_ms:
                naive_ms[longest] = min(loops.product(longest) for _ in range(3))
            taken = naive_ms.get(size, naive_ms[longest] * (size / longest) ** 3)
            row |= {"naive_ms": round(taken, 1), "naive_measured": size == longest}
        print(f"{size:>6} {row['median_ms']['ours']:>10.2f} {row['gop_s']:>6} "
              f"{row['share_of_limit']:>6.0%} {row['times']['BLAS f32']:>11.1f} "
              f"{times_naive(row):>8}", flush=True)  # fmt: skip
        yield row


def in_turns(rivals: Mapping[str, Callable[[], float]], seconds: float) -> list[dict[str, float]]:
    """Milliseconds of each rival, round after round; the first round warms up.

    A turn is as many runs as take ten milliseconds, and counts by their median: in a network,
    too, a small convolution follows others of its kind.
    """
    first = {name: rival() for name, rival in rivals.items()}
    if sum(first.values()) > 5000 * seconds:
        return [first]
    first = {name: min(rival(), rival()) for name, rival in rivals.items()}
    runs = {name: max(1, int(10 / ms)) for name, ms in first.items()}
    round_s = sum(first[name] * runs[name] for name in rivals) / 1000
    return [
        {name: median(rival() for _ in range(runs[name])) for name, rival in rivals.items()}
        for _ in range(min(60, max(3, int(seconds / round_s))))
    ]


def times_naive(row: dict[str, Any]) -> str:
    return str(round(row["naive_ms"] / row["median_ms"]["ours"])) if "naive_ms" in row else ""


def figures(rounds: list[dict[str, float]], products: int, limit: float) -> dict[str, Any]:
    """Medians of the rounds; beside them the best rounds, which other work delays least."""
    others = [name for name in rounds[0] if name not in ("ours", "our layer")]
    medians = {name: median(one[name] for one in rounds) for name in rounds[0]}
    bests = {name: min(one[name] for one in rounds) for name in rounds[0]}
    times = {name: median(one[name] / one["ours"] for one in rounds) for name in others}
    return {
        "rounds": len(rounds),
        "median_ms": {name: round(ms, 3) for name, ms in medians.items()},
        "best_ms": {name: round(ms, 3) for name, ms in bests.items()},
        "times": {name: round(ratio, 2) for name, ratio in times.items()},
        "times_at_best": {name: round(bests[name] / bests["ours"], 2) for name in others},
        "gop_s": round(2 * products / medians["ours"] / 1e6),
        "gop_s_at_best": round(2 * products / bests["ours"] / 1e6),
        "share_of_limit": round(products / medians["ours"] / 1e6 / limit, 2) if limit else 0,
        "share_at_best": round(products / bests["ours"] / 1e6 / limit, 2) if limit else 0,
    }


if __name__ == "__main__":
    run_script(main)
