"""The baseline as a network that everything here can run, out of its small file.

    python benchmarks/baselines/unpack.py DIR

Writes ``DIR/hpi.onnx`` and ``DIR/styles/starry-night.safetensors``. Then, for instance:

    artem judge starry-night --network fast --against DIR/hpi.onnx --paintings PAINTINGS -o report/
    python benchmarks/steady/run.py --network DIR/hpi.onnx --style starry-night
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from safetensors import safe_open

from artem.core.style_file import Style, save_style
from artem.export.onnx import export_network
from artem.learn.networks.build import build_network

FILE = Path(__file__).resolve().parent / "hpi-starry-night.safetensors"


def unpack(out: Path) -> Path:
    """Write network and style below ``out``; the network's file."""
    with safe_open(FILE, framework="pt") as stored:
        said = stored.metadata()
        tensors = {name: stored.get_tensor(name).float() for name in stored.keys()}  # noqa: SIM118
    vector = tensors.pop("vector")
    network = build_network(json.loads(said["architecture"]))
    network.load_state_dict(tensors)
    file = out / "hpi.onnx"
    card = {"license": said["license"], "training": json.loads(said["training"])}
    described = export_network(network, file, name="hpi", card=card)
    style = Style(
        name="starry-night",
        vectors={described.identity: vector.numpy()},
        networks={described.identity: described.name},
        title="The Starry Night",
        author="Vincent van Gogh",
        year="1889",
        license="public domain (the artist died more than 70 years ago)",
    )
    (out / "styles").mkdir(parents=True, exist_ok=True)
    save_style(out / "styles" / "starry-night.safetensors", style)
    return file


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("error: name a folder: python benchmarks/baselines/unpack.py DIR")
    torch.set_num_threads(1)
    print(f"wrote {unpack(Path(sys.argv[1]))}")
