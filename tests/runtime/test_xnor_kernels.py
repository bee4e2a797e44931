"""Every compiled kernel equals the reference bit for bit, over sizes around the word length."""

import itertools
import multiprocessing
import os
import threading
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artem.core.errors import EngineError
from artem.runtime.xnor import BinaryConvolution, Kernels, dispatch, native, words_for
from artem.runtime.xnor.dispatch import find_kernels
from artem.runtime.xnor.geometry import Geometry
from artem.runtime.xnor.reference import Finishing, Reference, empty_words
from artem.runtime.xnor.selftest import equals_reference

REFERENCE = Reference()
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # that there are none; then these tests are skipped
    COMPILED = [one for name, one in dispatch.kernels().items() if name != "reference"]

AROUND_A_WORD = (1, 2, 7, 8, 9, 31, 63, 64, 65, 127, 128, 129, 200)
AROUND_A_BLOCK = (1, 3, 4, 5, 15, 16, 17, 33, 48, 63, 64, 65, 70, 129)
SIZES = ((1, 1), (1, 9), (2, 2), (3, 7), (8, 8), (5, 67), (11, 130))

KERNELS = [(3, 3, 1), (3, 3, 2), (1, 1, 1), (1, 1, 2), (2, 2, 2), (4, 4, 2), (5, 3, 1)]

needs_compiled = pytest.mark.skipif(not COMPILED, reason="the kernels were not compiled here")


@pytest.fixture(params=COMPILED, ids=lambda one: one.name)
def compiled(request: pytest.FixtureRequest) -> Kernels:
    one: Kernels = request.param
    return one


def draw_words(shape: tuple[int, ...], channels: int, seed: int) -> Any:
    """Random bits; those beyond the last channel too, which nothing may read."""
    draw = np.random.default_rng(seed)
    return draw.integers(0, 2**64, (*shape, words_for(channels)), dtype=np.uint64)


def assert_convolutions_equal(
    compiled: Kernels, geometry: Geometry, images: int, height: int, width: int, threads: int
) -> None:
    seed = zlib.crc32(f"{geometry} {images} {height} {width}".encode())
    packed = draw_words((images, height, width), geometry.channels, seed)
    weights = draw_words(
        (geometry.out_channels, geometry.kernel_height, geometry.kernel_width),
        geometry.channels,
        seed + 1,
    )
    shape = (images, *geometry.output_size(height, width), geometry.out_channels)
    results = []
    for one in (compiled, REFERENCE):
        dots = np.full(shape, 12345, np.int16)
        sums = np.full((images, 2, geometry.out_channels), -1, np.int64)
        one.convolve(one.arrange(weights, geometry), geometry, packed, dots, sums, threads)
        results.append((dots, sums))
    np.testing.assert_array_equal(results[0][0], results[1][0], err_msg=f"{geometry}")
    np.testing.assert_array_equal(results[0][1], results[1][1], err_msg=f"{geometry}")


@pytest.mark.parametrize("border", ["reflect", "zero"])
@pytest.mark.parametrize("channels", AROUND_A_WORD)
def test_any_number_of_channels(compiled: Kernels, channels: int, border: str) -> None:
    for out, (high, wide, stride) in zip(AROUND_A_BLOCK, itertools.cycle(KERNELS), strict=False):
        geometry = Geometry(channels, out, high, wide, stride, border)
        assert_convolutions_equal(compiled, geometry, 1, 4, 5, threads=1)


@pytest.mark.parametrize("border", ["reflect", "zero"])
@pytest.mark.parametrize(("high", "wide", "stride"), KERNELS)
def test_any_size_of_maps(
    compiled: Kernels, high: int, wide: int, stride: int, border: str
) -> None:
    geometry = Geometry(70, 37, high, wide, stride, border)
    rows, columns = geometry.padding
    for height, width in SIZES:
        if border == "reflect" and (height <= rows or width <= columns):
            continue
        if height + 2 * rows < high or width + 2 * columns < wide:
            continue
        assert_convolutions_equal(compiled, geometry, 2, height, width, threads=3)


def test_counters_never_overflow(compiled: Kernels) -> None:
    """All bits differ, or none, in the longest dot products there are."""
    for channels, kernel in ((32767, 1), (3640, 3), (504, 3), (512, 3)):
        geometry = Geometry(channels, 20, kernel, kernel, 1, "reflect")
        ones = np.full((1, 3, 5, words_for(channels)), ~np.uint64(0))
        words = np.zeros((20, kernel, kernel, words_for(channels)), np.uint64)
        words[::2] = ~np.uint64(0)
        dots, sums = np.empty((1, 3, 5, 20), np.int16), np.empty((1, 2, 20), np.int64)
        compiled.convolve(compiled.arrange(words, geometry), geometry, ones, dots, sums, 1)
        assert (dots[..., ::2] == geometry.size).all()
        assert (dots[..., 1::2] == -geometry.size).all()
        assert (sums[:, 0, ::2] == 15 * geometry.size).all()
        assert (sums[:, 1] == 15 * geometry.size**2).all()


def test_the_number_of_threads_changes_nothing(compiled: Kernels) -> None:
    geometry = Geometry(65, 129, 3, 3)
    for threads in (2, 7):
        assert_convolutions_equal(compiled, geometry, 3, 33, 40, threads)


@pytest.mark.parametrize("channels", AROUND_A_WORD)
@pytest.mark.parametrize("pixels", [(1, 1), (3, 5), (20, 31)])
def test_signs_and_magnitudes(compiled: Kernels, channels: int, pixels: tuple[int, int]) -> None:
    draw = np.random.default_rng(channels)
    maps = draw.standard_normal((2, *pixels, channels), np.float32)
    maps.ravel()[::7] = 0
    maps.ravel()[3::50] = np.nan
    maps.ravel()[5::50] = np.inf
    scale, shift = draw.standard_normal((2, 2, channels), np.float32)
    shift[:, ::3] = 0
    results = []
    for one in (compiled, REFERENCE):
        words = empty_words((2, *pixels), channels)
        magnitudes = np.empty((2, *pixels), np.float32)
        one.sign_pack(maps, scale, shift, words, magnitudes, 2)
        results.append((words, magnitudes))
    np.testing.assert_array_equal(results[0][0], results[1][0])
    np.testing.assert_array_equal(results[0][1], results[1][1])


@pytest.mark.parametrize("channels", AROUND_A_WORD)
def test_what_follows_a_convolution(compiled: Kernels, channels: int) -> None:
    draw = np.random.default_rng(channels)
    shape = (2, 5, 61, channels)
    dots = draw.integers(-2000, 2000, shape, dtype=np.int16)
    gain, bias, scale, shift = draw.standard_normal((4, 2, channels), np.float32)
    residual = draw.standard_normal(shape, np.float32)
    pixel_scales = draw.random(shape[:3], np.float32)
    for mapped, added, wanted, packed in itertools.product((False, True), repeat=4):
        results = []
        for one in (compiled, REFERENCE):
            out = np.zeros(shape, np.float32)
            words, magnitudes = empty_words(shape[:3], channels), np.zeros(shape[:3], np.float32)
            words[:] = 0
            finishing = Finishing(
                gain,
                bias,
                pixel_scales=pixel_scales if mapped else None,
                residual=residual if added else None,
                out=out if wanted else None,
                next_scale=scale if packed else None,
                next_shift=shift if packed else None,
                words=words if packed else None,
                magnitudes=magnitudes if packed else None,
            )
            one.finish(dots, finishing, 2)
            results.append((out, words, magnitudes))
        for one_result, other_result in zip(*results, strict=True):
            np.testing.assert_array_equal(one_result, other_result)


def test_the_residual_may_be_written_over(compiled: Kernels) -> None:
    draw = np.random.default_rng(0)
    dots = draw.integers(-9, 9, (1, 7, 50, 70), dtype=np.int16)
    gain, bias = np.ones((2, 1, 70), np.float32)
    residual = draw.standard_normal(dots.shape, np.float32)
    expected = np.empty_like(residual)
    REFERENCE.finish(dots, Finishing(gain, bias, residual=residual, out=expected), 1)
    compiled.finish(dots, Finishing(gain, bias, residual=residual, out=residual), 1)
    np.testing.assert_array_equal(residual, expected)


@pytest.mark.parametrize("border", ["reflect", "zero"])
def test_dots_that_are_finished_at_once(compiled: Kernels, border: str) -> None:
    draw = np.random.default_rng(0)
    for channels, out, images, height, width in (
        (70, 150, 2, 9, 75),
        (64, 64, 1, 5, 5),
        (9, 3, 3, 1, 200),
    ):
        geometry = Geometry(channels, out, 1 if height == 1 else 3, 3, 1, border)
        packed = draw_words((images, height, width), channels, 1)
        weights = draw_words((out, geometry.kernel_height, 3), channels, 2)
        gain, bias, scale, shift = draw.standard_normal((4, images, out), np.float32)
        pixel_scales = draw.random((images, height, width), np.float32)
        residual = draw.standard_normal((images, height, width, out), np.float32)
        results = []
        for one in (compiled, REFERENCE):
            words = empty_words(residual.shape[:3], out)
            magnitudes, result = np.empty_like(pixel_scales), residual.copy()
            finishing = Finishing(
                gain, bias, pixel_scales, result, result, scale, shift, words, magnitudes
            )
            arranged = one.arrange(weights, geometry)
            one.convolve_and_finish(arranged, geometry, packed, finishing, 3)
            results.append((result, words, magnitudes))
        for one_result, other_result in zip(*results, strict=True):
            np.testing.assert_array_equal(one_result, other_result)


def test_several_callers_at_once(compiled: Kernels) -> None:
    draw = np.random.default_rng(0)
    convolution = BinaryConvolution.from_weights(
        draw.standard_normal((64, 64, 3, 3), np.float32), kernels=compiled
    )
    inputs = [draw_words((1, 24, 24), 64, seed) for seed in range(6)]
    expected = [convolution.dots(packed)[0] for packed in inputs]
    found: list[Any] = [None] * len(inputs)

    def call(index: int) -> None:
        for _ in range(5):
            found[index] = convolution.dots(inputs[index], threads=3)[0]

    callers = [threading.Thread(target=call, args=(index,)) for index in range(len(inputs))]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_has_threads_of_its_own(compiled: Kernels) -> None:
    convolution = BinaryConvolution.from_weights(
        np.ones((64, 64, 3, 3), np.float32), kernels=compiled
    )
    packed = draw_words((1, 40, 40), 64, 0)
    expected = convolution.dots(packed, threads=3)[1].tolist()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python's, of forking with threads
        context = multiprocessing.get_context("fork")
        results: Any = context.SimpleQueue()
        child = context.Process(
            target=lambda: results.put(convolution.dots(packed, threads=3)[1].tolist())
        )
        child.start()
    assert results.get() == expected
    child.join(20)
    assert child.exitcode == 0


# Loading


@needs_compiled
def test_the_best_kernels_come_first_and_the_reference_last() -> None:
    names = list(dispatch.kernels())
    assert names[-2:] == ["portable", "reference"]
    assert [find_kernels(name).name for name in names] == names
    with pytest.raises(EngineError, match="Did you mean 'portable'"):
        find_kernels("portabel")


def test_a_kernel_that_computes_something_else_is_noticed(compiled: native.Native) -> None:
    class Wrong(native.Native):
        def __init__(self) -> None:
            self.__dict__.update(compiled.__dict__)

        def convolve(self, *arguments: Any) -> None:
            super().convolve(*arguments)
            arguments[3].ravel()[-1] += 2

    assert equals_reference(compiled)
    assert not equals_reference(Wrong())


def test_without_a_library_the_reference_runs_and_a_warning_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "LIBRARY", tmp_path / "nothing.so")
    dispatch.kernels.cache_clear()
    dispatch.why_only_reference.cache_clear()
    try:
        with pytest.warns(UserWarning, match="run slowly: the kernels were not compiled"):
            assert list(dispatch.kernels()) == ["reference"]
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # it is said once
            assert dispatch.best_kernels().name == "reference"
    finally:
        dispatch.kernels.cache_clear()
        dispatch.why_only_reference.cache_clear()


def test_a_library_of_another_kind_is_refused_in_words(tmp_path: Path) -> None:
    broken = tmp_path / "broken.so"
    broken.write_bytes(b"not a library")
    with pytest.raises(OSError, match=r"broken\.so"):
        next(native.load_native(broken))


def test_the_environment_may_choose(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in dispatch.kernels():
        monkeypatch.setenv("ARTEM_KERNELS", name)
        assert dispatch.best_kernels().name == name
    monkeypatch.setenv("ARTEM_KERNELS", "abacus")
    with pytest.raises(EngineError, match="'abacus' are not kernels that run here"):
        dispatch.best_kernels()
    monkeypatch.delenv("ARTEM_KERNELS")
    assert dispatch.best_kernels().name == next(iter(dispatch.kernels()))
