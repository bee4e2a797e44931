"""The study's candidates are networks like any other."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from benchmarks.conftest import modules_of

from artem.export.onnx import export_network
from artem.learn.networks import SlimNet, style_vector
from artem.learn.training import loop
from artem.runtime.engine import open_session


@pytest.fixture(scope="module")
def study() -> Iterator[SimpleNamespace]:
    with modules_of("architectures", "candidates", "study_net", "tables") as modules:
        yield modules


def test_every_candidate_paints_odd_multiples(study: SimpleNamespace) -> None:
    for candidate in study.candidates.CANDIDATES.values():
        network = candidate.build().eval()
        height, width = (count * network.multiple for count in (9, 11))
        with torch.no_grad():
            image = network.paint(torch.rand(1, 3, height, width), style_vector(network)[None])
        assert image.shape == (1, 3, height, width), candidate.name
        assert image.isfinite().all(), candidate.name
        again = study.candidates.build(network.architecture)
        assert again.architecture == network.architecture
        assert again.style_sizes == network.style_sizes


def test_without_arguments_it_is_the_slim_network(study: SimpleNamespace) -> None:
    slim, ours = SlimNet(trunk=8), study.study_net.StudyNet(trunk=8)
    ours.load_state_dict(slim.state_dict())
    image, style = torch.rand(1, 3, 40, 32), torch.rand(1, slim.style_size)
    torch.testing.assert_close(ours(image, style), slim(image, style))


def test_what_is_enlarged_bilinearly_has_the_weights_of_its_base(study: SimpleNamespace) -> None:
    candidate = study.candidates.CANDIDATES["bilinear"]
    base = study.candidates.CANDIDATES[candidate.weights].build()
    candidate.build().load_state_dict(base.state_dict())


def test_a_study_network_is_exported_as_it_paints(study: SimpleNamespace, tmp_path: Path) -> None:
    network = study.study_net.StudyNet(
        stem=8, trunk=8, half=4, blocks=1, refine=0, entry="steps", enlarging="learned"
    )
    described = export_network(network, tmp_path / "study.onnx", name="study", card={})
    assert described.multiple == 16


def test_candidates_are_run_as_the_runtime_runs_them(tmp_path: Path) -> None:
    """An input that was forgotten would be whatever is in memory."""
    network = SlimNet(stem=8, trunk=8, half=4, blocks=1, refine=0)
    described = export_network(network, tmp_path / "slim.onnx", name="slim", card={})
    frame = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    vectors = style_vector(network).repeat(2, 1).numpy()
    with modules_of("architectures", "candidates", "study_net", "train", "measure") as modules:
        candidate = modules.candidates.CANDIDATES["base"]
        files = {"float": described.path}
        measured = modules.measure.Measured(candidate, network.multiple, vectors, files, {})
        style = modules.candidates.STYLES[0]
        painted = modules.measure.painted(measured, "float", style, frame)
    session = open_session(described, engine="openvino", precision="float", threads=1)
    np.testing.assert_array_equal(painted, session(frame[None], vectors[:1])[0])


def test_the_front_is_what_nothing_beats(study: SimpleNamespace) -> None:
    def row(name: str, ms: float, objective: float) -> dict[str, object]:
        return {"name": name, "float": {"relative": objective, "median_ms": {"vga": ms}}}

    rows = [row("slow", 9, 1.0), row("beaten", 5, 2.1), row("quick", 2, 3.0), row("good", 4, 2.0)]
    assert study.tables.on_front(rows, "float", "vga") == {"quick", "good", "slow"}


def test_objectives_are_divided_by_the_float_base(study: SimpleNamespace) -> None:
    rows = [
        {"name": name, "float": {"objective": whole}, "int8": {"objective": rounded}}
        for name, whole, rounded in (("other", 3.0, 3.1), ("base", 2.0, 2.2))
    ]
    other, base = study.tables.relative(rows)
    assert (other["float"]["relative"], other["int8"]["relative"]) == (1.5, 1.55)
    assert (base["float"]["relative"], base["int8"]["relative"]) == (1.0, 1.1)


def test_photos_are_wide_enough_for_every_candidate() -> None:
    with modules_of("architectures", "candidates", "study_net", "train") as study:
        for crop_px in (96, 192):
            for candidate in study.candidates.CANDIDATES.values():
                multiple = candidate.build().multiple
                assert crop_px + multiple <= study.train.widest_px(crop_px)
                frame = loop.frame_side(crop_px, multiple)
                assert frame % multiple == 0 and frame + multiple <= study.train.widest_px(crop_px)


def test_times_measured_elsewhere_are_converted_by_the_base(study: SimpleNamespace) -> None:
    def row(name: str, ms: float) -> dict[str, object]:
        times = {"median_ms": {"vga": ms}, "relative": 1.0}
        return {"name": name, "round": 0, "float": times, "int8": {**times}}

    former = {
        "rounds": [{"steps": 1}],
        "rows": [row("base", 10.0), row("fast", 30.0)],
        "date": "then",
    }
    now = {"rounds": [{"steps": 2}], "rows": [row("base", 4.0), row("super", 6.0)],
           "machine": {"cpu": "another"}, "date": "now"}  # fmt: skip
    both = study.tables.added(former, now)
    assert both["rounds"] == [{"steps": 1}, {"steps": 2, "timed_on": "another"}]
    assert both["date"] == "then"
    times = [(one["name"], one["round"], one["int8"]["median_ms"]["vga"]) for one in both["rows"]]
    assert times == [("base", 0, 10.0), ("fast", 0, 30.0), ("base", 1, 10.0), ("super", 1, 15.0)]
