"""The page: well-formed, self-contained, escaped, and true to the figures."""

import base64
import io
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from PIL import Image

from artem.learn.judge import Case, Curve, Exhibit, Standing, Verdict
from artem.learn.judge.plots import curve_plot, dot_plot
from artem.learn.judge.report import Report, report_page
from artem.learn.judge.summary import Mean, summarize
from artem.learn.judge.verdict import OPTIMIZED, PHOTO

VOID = {"meta", "img", "br", "link"}
NASTY = '<script>alert("1")</script> & co'


class Page(HTMLParser):
    """Collects tags, attributes and text, and checks that tags close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def verdict(objective: float, noise: int | None) -> Verdict:
    terms = {"content": 0.5, "style": 0.02, "tv": 0.1}
    standing = Standing(objective, terms, objective / 0.5, {"photo": 2, "noise": noise})
    return Verdict(standing, standing, 0.25, 0.4, {"1/4": 3.0}, 0.01, {"gradient": 1.1})


def report(shown: bool = True, networks: tuple[str, ...] = ("fast", NASTY)) -> Report:
    draw = np.random.default_rng(0)
    cases = []
    for style in ("waves", "stars"):
        for photo in ("one", NASTY):
            frames = {
                maker: draw.integers(0, 256, (64, 64, 3), dtype=np.uint8)
                for maker in (*networks, *OPTIMIZED.values(), PHOTO)
            }
            curves = {
                "photo": Curve((4.0, 1.5, 0.5), None, 3), "noise": Curve((40.0, 9.0, 1.0), None, 3)
            }  # fmt: skip
            verdicts = {maker: verdict(0.8 + 0.1 * n, 3) for n, maker in enumerate(frames)}
            cases.append(
                Case(
                    Exhibit(style, photo, frames[PHOTO], torch.rand(1, 3, 40, 50)),
                    curves, curves, frames if shown else {}, verdicts,
                )
            )  # fmt: skip
    settings = {
        "encoder": "tiny", "independent": "other", "evaluations": 3, "starts": ["photo", "noise"],
        "photos": ["one", NASTY], "loss": {"style_weight": 10.0}, "seed": 0,
    }  # fmt: skip
    return Report(dict.fromkeys(networks, "ab12"), settings, cases, summarize(cases, 3))


def test_nothing_comes_from_elsewhere() -> None:
    text = report_page(report())
    page = Page(text)
    assert page.all("script") == page.all("link") == page.all("iframe") == []
    sources = [image["src"] or "" for image in page.all("img")]
    assert all(source.startswith("data:image/jpeg;base64,") for source in sources)
    assert not re.search(r"https?://|@import|url\(", text)


def test_names_are_shown_not_run() -> None:
    page = Page(report_page(report()))
    assert page.all("script") == []
    assert any(NASTY in text for text in page.text)
    assert f"fast against {NASTY}" in page.text


def test_the_page_is_headed_by_its_networks() -> None:
    page = Page(report_page(report(networks=("fast", "micro", "fine"))))
    assert "fast against micro, fine" in page.text


def test_pictures_are_the_frames_and_say_what_they_are() -> None:
    found = report()
    page = Page(report_page(found))
    images = page.all("img")
    assert len(images) == 2 + 4 * 5  # two paintings; four cases of five pictures
    assert all(image["alt"] for image in images)
    shown = found.cases[0].frames[PHOTO]
    first = next(image for image in images if image["alt"] == "one")
    jpeg = base64.b64decode((first["src"] or "").partition(",")[2])
    decoded = np.asarray(Image.open(io.BytesIO(jpeg)))
    assert (first["width"], first["height"]) == ("64", "64")
    assert np.abs(decoded.astype(int) - shown).mean() < 12


def test_cases_without_pictures_are_counted() -> None:
    page = Page(report_page(report(shown=False)))
    assert len(page.all("img")) == 2
    assert page.text.count("2 more judged without pictures.") == 2


def test_tables_are_labelled_and_hold_the_means() -> None:
    page = Page(report_page(report()))
    assert len(page.all("table")) == 2 + 1  # two of figures, one of settings
    assert all(cell.get("scope") in ("col", "row", "rowgroup") for cell in page.all("th"))
    regions = [one for one in page.all("div") if one.get("role") == "region"]
    assert all(one["tabindex"] == "0" and one["aria-label"] for one in regions)
    assert "all styles" in page.text
    assert "1.60" in page.text  # the first network's ratio: 0.8 / 0.5
    assert page.all("html") == [{"lang": "en"}]
    assert any(meta.get("name") == "viewport" for meta in page.all("meta"))


def test_a_network_alone_has_no_better_one() -> None:
    assert Page(report_page(report(networks=("fast",)))).all("strong") == []
    assert Page(report_page(report())).all("strong") != []


def test_a_curve_plot_is_drawn_to_scale() -> None:
    curves = {"photo": Curve((8.0, 4.0, 2.0, 1.0), None, 4), "noise": Curve((8.0,) * 4, None, 4)}
    svg = ElementTree.fromstring(curve_plot(curves, {"mine": 2.0, "far": 0.5}, title="t"))
    points = [
        tuple(map(float, pair.split(",")))
        for pair in (svg.findall("polyline")[0].get("points") or "").split()
    ]
    steps = np.diff([y for _, y in points])
    np.testing.assert_allclose(steps, steps[0], atol=0.11)  # halving is one length everywhere
    assert steps[0] > 0
    assert points[1][0] - points[0][0] == pytest.approx(points[3][0] - points[1][0], abs=0.11)
    circle = svg.findall("circle")
    assert len(circle) == 1  # one network met, by one curve
    assert (float(circle[0].get("cx", 0)), float(circle[0].get("cy", 0))) == points[2]
    label = svg.get("aria-label") or ""
    assert "mine equals 3 evaluations from photo" in label
    assert "far equals more than 4 evaluations from noise" in label


def test_a_dot_plot_orders_by_value() -> None:
    rows = {
        "waves": [(Mean(1.5), [1.2, 1.8]), (Mean(3.0), [3.0])],
        NASTY: [(Mean(1.0), [1.0]), (Mean(12.0), [12.0])],
    }
    svg = ElementTree.fromstring(dot_plot(rows, label="ratio", title="t"))
    across = [float(circle.get("cx", 0)) for circle in svg.findall("circle")]
    assert across[2] < across[0] < across[1] < across[3]
    one = next(line for line in svg.findall("line") if line.get("class") == "one")
    assert float(one.get("x1", 0)) == across[2]
    assert NASTY in [text.text for text in svg.findall("text")]
