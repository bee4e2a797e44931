"""The page as people meet it: a real browser with a made-up camera, and a server of its own."""

import io
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import draw_photo
from PIL import Image

from artem.runtime import library
from artem.runtime.versions import why_not_int8

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")

TOKEN = "let me in, please"
EVIL = "<img src=x onerror=alert(1)>"
PATIENCE_S = 60.0

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
]  # fmt: skip


def _heed_ctrl_c() -> None:
    """Tests that run in the background of a shell are deaf to it, and so would the server be."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a server runs, with one style that has a hostile name; stopped as by Ctrl-C."""
    data = tmp_path_factory.mktemp("data")
    own = data / "artem" / "styles"
    own.mkdir(parents=True)
    shutil.copy(library.MODELS / "styles" / "udnie.safetensors", own / f"{EVIL}.safetensors")
    server = subprocess.Popen(
        [sys.executable, "-m", "artem", "serve", "--port", "0", "--token", TOKEN, "--fps", "5"],
        env=os.environ | {"XDG_DATA_HOME": str(data)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_heed_ctrl_c,
    )
    assert server.stdout is not None
    yield server.stdout.readline().strip().partition("?")[0]
    server.send_signal(signal.SIGINT)
    _, errors = server.communicate(timeout=PATIENCE_S)
    assert (server.returncode, errors) == (130, "Ctrl-C stops it.\nstopped.\n")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Any) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(1000 * PATIENCE_S)
    yield context
    context.close()


@pytest.fixture
def page(context: Any, address: str) -> Iterator[Any]:
    """The page with its first painting on it. Nothing may go wrong inside."""
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: wrong.append("a dialog"))
    page.goto(f"{address}?token={TOKEN.replace(' ', '+')}")
    page.wait_for_selector("body[data-painted]", state="attached")
    yield page
    assert wrong == []


MEAN_COLOR = """canvas => {
    const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    const sums = [0, 0, 0];
    data.forEach((value, index) => { if (index % 4 < 3) sums[index % 4] += value; });
    return sums.map(sum => sum / (canvas.width * canvas.height));
}"""


def mean_color(page: Any) -> list[float]:
    return list(page.eval_on_selector("#canvas", MEAN_COLOR))


def until(check: Callable[[], bool]) -> None:
    """Wait for something to come true."""
    end_s = time.monotonic() + PATIENCE_S
    while not check():
        assert time.monotonic() < end_s, "it did not come true"
        time.sleep(0.1)


def is_green(page: Any) -> bool:
    """So is the browser's made-up camera; no painting is."""
    red, green, blue = mean_color(page)
    return green > 90 and red < 60 and blue < 60


def set_slider(page: Any, name: str, value: float) -> None:
    page.eval_on_selector(
        f"#{name}",
        "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input')); }",
        value,
    )


def test_the_token_is_required_and_leaves_the_address(context: Any, address: str) -> None:
    page = context.new_page()
    page.goto(address)
    assert page.title() == "Art'Em: token needed"
    page.fill("#token", "let me out")
    page.click("button")
    assert page.inner_text("[role=alert]") == "That is not the token."
    page.fill("#token", TOKEN)
    page.click("button")
    page.wait_for_selector("body[data-painted]", state="attached")
    assert page.url == address
    assert not page.evaluate("document.cookie")
    page.goto(address)
    assert page.title() == "Art'Em"


def test_a_link_from_another_site_leads_in(context: Any, address: str) -> None:
    page = context.new_page()
    link = f"{address.replace('127.0.0.1', 'localhost')}?token={TOKEN.replace(' ', '+')}"
    page.goto(address)  # 127.0.0.1 and localhost are two sites
    page.evaluate("link => location.assign(link)", link)
    page.wait_for_selector("body[data-painted]", state="attached")


def test_the_camera_is_painted_and_sliders_act(page: Any) -> None:
    page.check("input[value=identity]")
    page.click("#camera")
    until(lambda: is_green(page))
    page.check("input[value=red-chalk]")
    until(lambda: not is_green(page))
    set_slider(page, "strength", 0)
    until(lambda: is_green(page))
    set_slider(page, "strength", 1)
    until(lambda: not is_green(page))
    page.select_option("#second", "identity")
    set_slider(page, "blend", 1)
    until(lambda: is_green(page))
    assert page.inner_text("#blend-value") == "0% Red Chalk, 100% Original"
    until(lambda: page.inner_text("#figure-fps").replace(".", "").isdigit())
    taken = "float" if why_not_int8(library.find_network("fast")) else "int8"
    assert page.inner_text("#figure-engine") == f"openvino, {taken}"
    assert page.locator("#alert").is_hidden()


def test_the_camera_over_webrtc(page: Any) -> None:
    if page.locator("#transport-field").count() == 0:
        pytest.skip("the extra 'webrtc' is not installed")
    page.click("#camera")
    page.click("summary")
    page.select_option("#transport", "rtc")
    page.wait_for_selector("body[data-painted=rtc], #alert:not([hidden])", state="attached")
    if page.locator("#alert").is_visible():
        pytest.skip(page.inner_text("#alert-text"))
    until(lambda: not is_green(page))
    page.check("input[value=identity]")
    until(lambda: is_green(page))
    page.select_option("#transport", "socket")
    until(lambda: page.get_attribute("body", "data-painted") != "rtc")


def test_what_is_compared_is_the_picture_that_was_painted(page: Any) -> None:
    page.check("input[value=red-chalk]")
    page.click("#camera")
    until(lambda: page.inner_text("#status") == "Painting: Camera" and not is_green(page))
    page.click("#split")
    assert page.evaluate("document.activeElement.id") == "divider"
    page.keyboard.press("End")
    until(lambda: is_green(page))
    page.keyboard.press("Home")
    until(lambda: not is_green(page))


def test_a_hostile_upload_is_refused_and_the_painting_goes_on(page: Any, tmp_path: Path) -> None:
    hostile = tmp_path / "holiday.png"
    hostile.write_text("<script>alert(1)</script>")
    page.set_input_files("#file", hostile)
    page.wait_for_selector("#alert:not([hidden])")
    assert page.inner_text("#alert-text").startswith("This file is not a picture")
    page.click("#alert-close")
    before = page.get_attribute("body", "data-painted")
    page.check("input[value=udnie]")
    until(lambda: page.get_attribute("body", "data-painted") != before)


def test_a_dropped_photo_is_saved_in_its_own_size(page: Any, tmp_path: Path) -> None:
    draw_photo(1501, 700).save(tmp_path / "photo.png")
    page.set_input_files("#file", tmp_path / "photo.png")
    until(lambda: page.inner_text("#figure-size").startswith("960"))
    with page.expect_download() as download:
        page.click("#save")
    with Image.open(download.value.path()) as painted:
        assert painted.size == (1501, 700)
        assert np.abs(np.asarray(painted).astype(int) - draw_photo(1501, 700)).mean() > 5
    assert download.value.suggested_filename.startswith("artem-great-wave-")


def test_a_snapshot_and_a_recording(page: Any) -> None:
    page.click("#camera")
    until(lambda: page.inner_text("#status") == "Painting: Camera")
    with page.expect_download() as download:
        page.click("#save")
    assert Image.open(io.BytesIO(Path(download.value.path()).read_bytes())).format == "PNG"
    page.click("#record")
    assert page.get_attribute("#record", "aria-pressed") == "true"
    until(lambda: page.inner_text("#recording-time") != "0:00")
    with page.expect_download() as download:
        page.click("#record")
    assert download.value.suggested_filename.endswith((".mp4", ".webm"))
    assert Path(download.value.path()).stat().st_size > 1000


def test_others_watch(page: Any, context: Any) -> None:
    page.click("#camera")
    page.click("summary")
    page.check("#share")
    until(lambda: "/view?stream=" in page.input_value("#share-link"))
    viewer = context.new_page()
    viewer.goto(page.input_value("#share-link"))
    until(lambda: viewer.eval_on_selector("#canvas", "canvas => canvas.width") in (320, 480, 640))
    until(lambda: max(mean_color(viewer)) > 0)
    until(lambda: page.inner_text("#viewers") == "Watched by 1.")
    page.uncheck("#share")
    until(lambda: "ended" in viewer.inner_text("#status"))
    assert max(mean_color(viewer)) == 0


def test_a_style_with_a_name_like_html_is_text(page: Any) -> None:
    labels = page.locator(".thumbnail").all_inner_texts()
    assert any(EVIL in label.lower() for label in labels)
    assert page.locator("[onerror]").count() == 0
    assert page.locator(".thumbnail img").count() == len(labels)
    page.locator(".thumbnail input").last.check()


def test_everything_has_a_name_and_fits_on_a_phone(page: Any) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.click("summary")
    too_wide = page.evaluate(
        """[...document.querySelectorAll("body *:not(.thumbnail, .thumbnail *)")]
            .filter(one => one.getBoundingClientRect().right > 360.5).map(one => one.outerHTML)"""
    )
    assert too_wide == []
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    nameless = page.evaluate(
        """[...document.querySelectorAll("button, input, select, summary")]
            .filter(one => !(one.getAttribute("aria-label") || one.innerText?.trim()
                || [...(one.labels ?? [])].some(label => label.innerText.trim())))
            .map(one => one.outerHTML)"""
    )
    assert [one for one in nameless if "hidden" not in one] == []
