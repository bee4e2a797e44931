"""How good the networks' paintings are: the judge's whole protocol, as figures to commit.

    python benchmarks/quality/run.py --paintings DIR [--cards] [STYLE...] [--size PX[:PHOTOS]]...

``--paintings`` holds the style pictures, in files named like the styles. Without other
options the shipped networks are judged on the sample photos of the package: 3 at 256 pixels
in all styles, and 1 at 512 in four of them, where a curve takes minutes. Curves of L-BFGS are
kept in ``curves/`` beside this file and used again. Prints the judge's tables, writes
``results/quality-SIZE.json`` and the tables of ``docs/judge.md`` and ``README.md``; with
``--report DIR`` also a page for each size, and with ``--cards`` the cards of the networks and
styles in the package, from what is judged at 256 pixels.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from cards import write_cards
from tables import OVERVIEW_SIZE_PX, write_tables

from artem.app.bench_results import provenance, run_script, write_result
from artem.app.judge import print_tables
from artem.app.progress import show_progress
from artem.app.say import note
from artem.export.judging import judge_networks, parse_judged_size, report_as_dict, write_report
from artem.learn.judge.curves import STARTS
from artem.learn.judge.summary import ALL_STYLES
from artem.learn.judge.verdict import OPTIMIZED
from artem.runtime.library import MODELS, SAMPLES

HERE = Path(__file__).resolve().parent
RESULTS = HERE.parent / "results"
PROTOCOL = {
    "256": ((), STARTS),
    "512:1": (("great-wave", "starry-night", "composition-vii", "tree-of-life"), STARTS[:1]),
}
"""What the committed tables have: by size and photos the styles, all where none are named, and
where L-BFGS starts."""

NETWORK = "fast"
AGAINST = ("micro", "fine", MODELS / "fast.binary.onnx", MODELS / "fine.binary.onnx")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("styles", nargs="*", help="otherwise those of the protocol")
    parser.add_argument("--paintings", required=True)
    parser.add_argument("--photos", type=Path, default=SAMPLES)
    parser.add_argument("--most-photos", type=int, default=3)
    parser.add_argument("--network", default=NETWORK)
    parser.add_argument("--against", action="append", default=[], help="may be repeated")
    parser.add_argument("--encoder", default=None)
    parser.add_argument("--independent", default=None)
    parser.add_argument("--evaluations", type=int, default=300)
    parser.add_argument("--size", action="append", metavar="PX[:PHOTOS]")
    parser.add_argument("--no-noise", action="store_true", help="L-BFGS from the photo alone")
    parser.add_argument("--report", type=Path, default=None)
    parser.add_argument("--cards", action="store_true", help="figures onto the cards as well")
    arguments = parser.parse_args()
    if arguments.network == NETWORK:
        arguments.against = arguments.against or AGAINST
    for size in arguments.size or PROTOCOL:
        styles, starts = PROTOCOL.get(size, ((), STARTS))
        _judge(
            arguments,
            parse_judged_size(size),
            arguments.styles or styles,
            STARTS[:1] if arguments.no_noise else starts,
        )
    kept = sorted(RESULTS.glob("quality-*.json"))
    write_tables([json.loads(file.read_text(encoding="utf-8")) for file in kept])


def _judge(
    arguments: argparse.Namespace,
    size: tuple[int, int | None],
    styles: Sequence[str],
    starts: Sequence[str],
) -> None:
    with show_progress() as on_progress:
        report = judge_networks(
            styles, paintings=[arguments.paintings], photos=[arguments.photos],
            most_photos=arguments.most_photos, network=arguments.network,
            against=arguments.against, encoder=arguments.encoder,
            independent=arguments.independent, evaluations=arguments.evaluations,
            sizes=[size], starts=starts,
            curves=HERE / "curves", on_progress=on_progress, on_note=note,
        )  # fmt: skip
    print_tables(report)
    result = provenance(__file__, "torch") | report_as_dict(report, curves=False)
    file = RESULTS / f"quality-{size[0]}.json"
    if file.exists():
        _keep_optimized(result, json.loads(file.read_text(encoding="utf-8")))
    write_result(file, result)
    if arguments.cards and size[0] == OVERVIEW_SIZE_PX:
        write_cards(result)
    if arguments.report:
        write_report(report, arguments.report / str(size[0]))


def _keep_optimized(result: dict[str, Any], former: dict[str, Any]) -> None:
    """Take over the means of L-BFGS's own pictures where these are not at hand.

    They lie beside the curves and are not in the repository, and no network changes them.
    Where all styles have them then, there are means over all styles as well.
    """
    if any(result[key] != former[key] for key in ("photos", "loss", "evaluations")):
        return
    rows, sizes_px = result["summary"], result["style_px"]
    known = {(row["style"], row["maker"]) for row in rows}
    alike = {style for style, px in sizes_px.items() if former["style_px"].get(style) == px}
    for row in former["summary"]:
        place = row["style"], row["maker"]
        if row["maker"] in OPTIMIZED.values() and row["style"] in alike and place not in known:
            rows.append(row)
    for maker in OPTIMIZED.values():
        own = [row for row in rows if row["maker"] == maker]
        if len(own) == len(sizes_px) > 1:  # with means over all styles it would be one more
            rows.append({**own[0], "style": ALL_STYLES, "count": len(own), "figures": _means(own)})


def _means(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Means over styles; a lower bound among them makes the mean one."""
    figures: dict[str, list[float]] = {}
    for row in rows:
        for name, value in row["figures"].items():
            figures.setdefault(name, []).append(value)
    return {
        name: True if name.endswith("_at_least") else float(f"{mean(values):.5g}")
        for name, values in figures.items()
    }


if __name__ == "__main__":
    run_script(main)
