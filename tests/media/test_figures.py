"""Percentiles and rates."""

import sys

import numpy as np
import pytest

from artem.media.figures import BINS, Histogram, Meter


@pytest.mark.parametrize("percent", [1, 50, 95, 100])
def test_percentiles_are_numpys_to_3_percent(percent: int) -> None:
    times_s = np.random.default_rng(percent).lognormal(-3, 1, 2000)
    histogram = Histogram()
    for time_s in times_s:
        histogram.add(float(time_s))
    exact = np.percentile(times_s, percent, method="inverted_cdf")
    assert histogram.percentile_s(percent) == pytest.approx(exact, rel=0.03)


def test_an_empty_histogram_and_times_beyond_its_ends() -> None:
    histogram = Histogram()
    assert histogram.percentile_s(50) == 0
    histogram.add(0)
    histogram.add(1e9)
    assert 0 < histogram.percentile_s(50) < 2e-4
    assert histogram.percentile_s(100) > 1000


def test_a_histogram_does_not_grow() -> None:
    histogram = Histogram()
    before = sys.getsizeof(histogram._bins)
    for index in range(5000):
        histogram.add(index / 1000)
    assert len(histogram._bins) == BINS
    assert sys.getsizeof(histogram._bins) == before


def test_the_meter_knows_now_from_on_average() -> None:
    meter = Meter()
    assert meter.figures(0).fps == 0
    meter.begin(10.0)
    meter.begin(99.0)  # only the first one counts
    for index in range(40):  # ten seconds at 4 fps ...
        meter.shown(10.0 + index / 4, 10.25 + index / 4)
    for index in range(100):  # ... then five at 20
        meter.shown(20.0 + index / 20, 20.25 + index / 20)
    figures = meter.figures(7)
    assert (figures.shown, figures.dropped) == (140, 7)
    assert figures.fps == pytest.approx(20)
    assert figures.seconds == pytest.approx(15.2)
    assert figures.mean_fps == pytest.approx(140 / 15.2)
    assert figures.median_ms == pytest.approx(250, rel=0.03)
