"""From camera to painting in the page of ``artem serve``: delay and frame rate of both ways.

    python benchmarks/serve/run.py [--seconds 20] [--size 480] [--rounds 3]

A server and a headless Chromium on this machine, which therefore share its cores. The page's
camera is a canvas on which each frame bears its number, as two rows of black and white blocks; at
strength 0 the network runs as ever and gives the frame back, so the numbers can be read in the
paintings. The delay of a frame goes from the moment it was drawn to the moment its painting
stands on the page: capture, both encoders and decoders, the painting and whatever waits in
between; not the screen's own delay. The ways take turns. Writes ``results/serve.json``.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

import artem
from artem.app.bench_results import provenance, run_script, write_result

RESULTS = Path(__file__).resolve().parent.parent / "results"
WAYS = {"socket": "WebSocket, JPEG", "rtc": "WebRTC, H.264"}
WARM_UP_MS = 8000
FLAGS = ["--no-sandbox", "--disable-gpu", "--use-fake-ui-for-media-stream"]

CAMERA = """
const [WIDTH, HEIGHT, BLOCKS, FPS] = [640, 480, 8, 30];
const drawn = new Map();
window.delays = [];
navigator.mediaDevices.getUserMedia = async () => {
  const photo = await createImageBitmap(await (await fetch("/api/sample?name=" +
    (await (await fetch("/api/about")).json()).samples[0])).blob());
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [WIDTH, HEIGHT];
  const context = canvas.getContext("2d");
  let number = 0;
  setInterval(() => {
    number = (number + 1) % 65536;
    context.drawImage(photo, 30 * Math.sin(number / 20) - 40, -20, WIDTH + 80, HEIGHT + 40);
    for (let bit = 0; bit < 16; bit += 1) {
      context.fillStyle = (number >> bit) & 1 ? "white" : "black";
      const side = WIDTH / BLOCKS;
      context.fillRect((bit % BLOCKS) * side, bit < BLOCKS ? 0 : HEIGHT - side, side, side);
    }
    drawn.set(number, performance.now());
    drawn.delete((number + 65536 - 900) % 65536);
  }, 1000 / FPS);
  return canvas.captureStream(FPS);
};
const eye = new OffscreenCanvas(BLOCKS, 2).getContext("2d", {willReadFrequently: true});
addEventListener("DOMContentLoaded", () => {
  new MutationObserver(() => {
    const nowMs = performance.now();
    const shown = document.getElementById("canvas");
    const side = shown.width / BLOCKS;
    let number = 0;
    for (let bit = 0; bit < 16; bit += 1) {
      const x = (bit % BLOCKS + 0.25) * side;
      const y = bit < BLOCKS ? 0.25 * side : shown.height - 0.75 * side;
      eye.drawImage(shown, x, y, side / 2, side / 2, 0, 0, 1, 1);
      number += (eye.getImageData(0, 0, 1, 1).data[1] > 127) << bit;
    }
    if (drawn.has(number)) {
      window.delays.push([nowMs, nowMs - drawn.get(number)]);
    }
  }).observe(document.body, {attributeFilter: ["data-painted"]});
});
"""

STRENGTH_0 = """() => {
  const slider = document.getElementById("strength");
  slider.value = 0;
  slider.dispatchEvent(new Event("input"));
}"""


@contextmanager
def serving() -> Iterator[str]:
    """A server of its own, and where its page is."""
    command = [sys.executable, "-m", "artem", "serve", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
    finally:
        server.terminate()
        server.wait()


def measure(page: Page, way: str, seconds: float) -> list[list[float]]:
    """When paintings stood on the page, and their delays, in milliseconds."""
    page.evaluate("document.querySelector('.more').open = true")
    page.select_option("#transport", way)
    page.wait_for_timeout(WARM_UP_MS)
    page.evaluate("window.delays = []")
    page.wait_for_timeout(1000 * seconds)
    if not page.locator("#alert").is_hidden():
        raise SystemExit(f"error: {page.text_content('#alert-text')}")
    found: list[list[float]] = page.evaluate("window.delays")
    return found


def summarized(way: str, rounds: list[list[list[float]]], seconds: float) -> dict[str, Any]:
    """One row of the table."""
    delays_ms = np.concatenate([np.array(one)[:, 1] for one in rounds])
    return {
        "way": WAYS[way], "frames": len(delays_ms),
        "fps": round(len(delays_ms) / seconds / len(rounds), 1),
        "p50_ms": round(float(np.percentile(delays_ms, 50)), 1),
        "p95_ms": round(float(np.percentile(delays_ms, 95)), 1),
    }  # fmt: skip


def main() -> None:
    """Measure both ways in turns, print a table, write the result."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=20.0, help="of each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size", default="480", help="working size, longer side in pixels")
    options = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    rounds: dict[str, list[list[list[float]]]] = {way: [] for way in WAYS}
    with serving() as address, sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.add_init_script(CAMERA)
        page.goto(address)
        page.wait_for_selector("body[data-painted]", state="attached")
        page.evaluate("document.querySelector('.more').open = true")
        page.select_option("#size", options.size)
        page.click("#camera")
        page.wait_for_selector("#camera[aria-pressed=true]")
        page.uncheck("#mirror")
        page.evaluate(STRENGTH_0)
        for _ in range(options.rounds):
            for way in WAYS:
                rounds[way].append(measure(page, way, options.seconds))
        version = browser.version
        browser.close()
    rows = [summarized(way, rounds[way], options.seconds) for way in WAYS]
    for row in rows:
        print(f"{row['way']:16} {row['fps']:5.1f} frames/s   delay {row['p50_ms']:.0f} ms"
              f" (p95 {row['p95_ms']:.0f})   {row['frames']} frames")  # fmt: skip
    result = {
        **provenance(__file__), "artem": artem.__version__,
        "load": [round(one, 1) for one in os.getloadavg()],
        "chromium": version, "working_px": int(options.size),
        "rows": rows,
    }  # fmt: skip
    write_result(RESULTS / "serve.json", result)


if __name__ == "__main__":
    run_script(main)
