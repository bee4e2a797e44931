"""How much a painting flickers, and what steadying it costs in sharpness.

    python benchmarks/steady/run.py [--clips FOLDER] [--network NAME|FILE ...]

Scenes with exact flow are made from the sample photos: pans by whole strides of the
network (8 px) and by parts of one (3, 1 px), noise, a changing exposure, an object that
enters. Clips come with OpenCV's DIS flow, at full size and its best preset, where it holds
forward and backward. For each scene, network and ``--steady`` it prints

- the temporal error: root mean square, of 1, of the difference between a painting and the
  one before, warped by the flow, where that is known (ReCoNet's, arXiv:1807.01197); beside it
  that of the unpainted frames, which no painting can be expected to undercut;
- the sharpness: mean gradient of the painting's luminance, against that without following
  and steadying, and in ``steady.json`` as it is. A blur lowers the error as well, so neither
  figure says anything alone.

Strokes follow the scene, as ``artem video`` and ``live`` let them, or are left to the frame.

A network's own styles are those in the folder ``styles`` beside its file, then those by name.

Writes ``results/steady.json``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import artem
from artem.app.bench_results import provenance, run_script, write_result
from artem.core.picture import Frame, load_picture
from artem.media.follower import Follower
from artem.media.opencv import resize
from artem.media.sources.video_file import VideoFile
from artem.media.steady import Steadier
from artem.runtime.library import SAMPLES

RESULTS = Path(__file__).resolve().parent.parent / "results"
SIDE_PX = 256
CLIP_PX = 480
WAYS = ((False, 0.0), (True, 0.0), (True, 0.5), (True, 1.0))
"""Whether strokes follow the scene, and how much is kept of the last painting."""

Flow = NDArray[np.float32]
Known = NDArray[np.bool_]
Step = tuple[Frame, Flow, Known]
"""A frame, where its pixels were in the frame before, and where that is known."""


@dataclass(frozen=True)
class Scene:
    """Frames with their flow; the first one's is not used."""

    name: str
    steps: list[Step]


def made_scenes(photo: Frame, other: Frame, frames: int) -> Iterator[Scene]:
    """The ones with exact flow."""
    yield pan("pan by 8, 0 px", photo, (8, 0), frames)
    yield pan("pan by 3, 1 px", photo, (3, 1), frames)
    still = photo[:SIDE_PX, :SIDE_PX]
    draw = np.random.default_rng(0)

    def noisy(index: int) -> Frame:
        return as_frame(still + draw.normal(0, 4, still.shape))

    yield Scene("noise", [(noisy(i), no_flow(still), everywhere(still)) for i in range(frames)])

    def exposed(index: int) -> Frame:
        return as_frame(still * (1 + 0.15 * np.sin(index / 3)))

    yield Scene(
        "exposure", [(exposed(i), no_flow(still), everywhere(still)) for i in range(frames)]
    )
    yield Scene("object enters", [entering(still, other, i) for i in range(frames)])


def pan(name: str, photo: Frame, step_px: tuple[int, int], frames: int) -> Scene:
    steps = []
    for index in range(frames):
        x, y = step_px[0] * index, step_px[1] * index
        frame = np.ascontiguousarray(photo[y : y + SIDE_PX, x : x + SIDE_PX])
        flow = no_flow(frame) + np.array(step_px, dtype=np.float32)
        known = everywhere(frame)
        known[SIDE_PX - step_px[1] :] = known[:, SIDE_PX - step_px[0] :] = False
        steps.append((frame, flow, known))
    return Scene(name, steps)


def entering(still: Frame, other: Frame, index: int) -> Step:
    """A piece of another photo comes in from the left, 7 px a frame; the ground is measured."""
    frame, side = still.copy(), SIDE_PX // 3
    known = everywhere(still)
    for lag in (1, 0):  # where it is, and where it was
        right = min(7 * (index - lag), SIDE_PX)
        if right > 0:
            left = max(0, right - side)
            known[side : 2 * side, left:right] = False
            if lag == 0:
                frame[side : 2 * side, left:right] = other[:side, side - (right - left) : side]
    return frame, no_flow(still), known


def clip_scene(file: Path, frames: int) -> Scene:
    """A clip, with the flow that OpenCV finds."""
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    steps: list[Step] = []
    before: Frame | None = None
    with VideoFile(file) as source:
        for timed in source:
            if len(steps) == frames:
                break
            height, width = timed.frame.shape[:2]
            scale = min(1.0, CLIP_PX / max(height, width))
            frame = resize(timed.frame, round(width * scale), round(height * scale))
            gray = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)
            flow, known = no_flow(frame), everywhere(frame)
            if before is not None:
                flow = dis.calc(gray, before, None)
                back = warp(dis.calc(before, gray, None), flow)
                length = np.square(flow).sum(2) + np.square(back).sum(2)
                known = np.square(flow + back).sum(2) < 0.01 * length + 0.5
            steps.append((frame, flow, known))
            before = gray
    return Scene(file.stem, steps)


def temporal_error(paintings: list[Frame], scene: Scene) -> float:
    squares = []
    for (_, flow, known), before, now in zip(
        scene.steps[1:], paintings, paintings[1:], strict=False
    ):
        moved = warp(before.astype(np.float32), flow)
        squares.append(np.square((now - moved) / 255)[known].mean())
    return float(np.sqrt(np.mean(squares)))


def sharpness(paintings: list[Frame]) -> float:
    means = []
    for painting in paintings:
        gray = cv2.cvtColor(painting, cv2.COLOR_RGB2GRAY).astype(np.float32)
        means.append(np.abs(np.diff(gray, axis=0)).mean() + np.abs(np.diff(gray, axis=1)).mean())
    return float(np.mean(means))


def steadied(scene: Scene, paintings: list[Frame], amount: float) -> list[Frame]:
    steadier = Steadier()
    return [
        steadier(frame, painting, amount)
        for (frame, _, _), painting in zip(scene.steps, paintings, strict=True)
    ]


def followed(scene: Scene, paint: artem.Stylizer) -> list[Frame]:
    follower = Follower()
    return [paint(frame, place=follower(frame)) for frame, _, _ in scene.steps]


def measure(scene: Scene, paint: artem.Stylizer) -> list[dict[str, object]]:
    frames = [frame for frame, _, _ in scene.steps]
    unpainted = temporal_error(frames, scene)
    paintings = {False: [paint(frame) for frame in frames], True: followed(scene, paint)}
    sharp = sharpness(paintings[False])
    rows: list[dict[str, object]] = []
    for follow, amount in WAYS:
        result = steadied(scene, paintings[follow], amount)
        rows.append({
            "scene": scene.name, "follow": follow, "steady": amount,
            "temporal_error": round(temporal_error(result, scene), 4),
            "of_the_frames": round(unpainted, 4),
            "sharpness": round(sharpness(result) / sharp, 3),
            "gradient": round(sharpness(result), 4),
        })  # fmt: skip
    return rows


def warp(values: NDArray[np.float32], flow: Flow) -> NDArray[np.float32]:
    height, width = flow.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype="f4"), np.arange(height, dtype="f4"))
    places = np.asarray(flow + np.dstack([x, y]), dtype=np.float32)
    warped: NDArray[np.float32] = cv2.remap(
        values, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return warped


def no_flow(frame: Frame) -> Flow:
    return np.zeros((*frame.shape[:2], 2), np.float32)


def everywhere(frame: Frame) -> Known:
    return np.ones(frame.shape[:2], bool)


def as_frame(values: NDArray[np.float64]) -> Frame:
    return values.round().clip(0, 255).astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=Path, help="a folder of videos")
    parser.add_argument("--network", action="append", help="name or file; fast when none is given")
    parser.add_argument("--style", default="starry-night")
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--threads", type=int, default=None)
    arguments = parser.parse_args()

    photo = load_picture(SAMPLES / "astronaut.jpg").frame
    other = load_picture(SAMPLES / "cat.jpg").frame
    scenes = list(made_scenes(photo, other, arguments.frames))
    for file in sorted(arguments.clips.glob("*.mp4")) if arguments.clips else ():
        scenes.append(clip_scene(file, arguments.frames))
    rows = []
    print(
        f"{'network':<12}{'scene':<22}{'follow':>7}{'steady':>7}{'error':>9}{'frames':>9}{'sharp':>8}"
    )
    for network in arguments.network or ["fast"]:
        beside = Path(network).parent / "styles" / f"{arguments.style}.safetensors"
        style = beside if beside.exists() else arguments.style
        paint = artem.Stylizer(style, network=network, threads=arguments.threads)
        for scene in scenes:
            for row in measure(scene, paint):
                rows.append({"network": paint.network.name} | row)
                print(f"{paint.network.name:<12}{row['scene']:<22}"
                      f"{'yes' if row['follow'] else 'no':>7}{row['steady']:>7}"
                      f"{row['temporal_error']:>9}{row['of_the_frames']:>9}"
                      f"{row['sharpness']:>8}", flush=True)  # fmt: skip
    result = {
        **provenance(__file__, threads=arguments.threads), "style": arguments.style, "rows": rows,
    }  # fmt: skip
    write_result(RESULTS / "steady.json", result)


if __name__ == "__main__":
    run_script(main)
