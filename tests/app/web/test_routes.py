"""Requests and their answers."""

import asyncio
import io
import json
from urllib.parse import quote

import numpy as np
import pytest
from conftest import Library
from PIL import Image
from starlette.requests import Request
from starlette.testclient import TestClient

from artem.app.web import routes
from artem.app.web.access import Access, names_of
from artem.app.web.look import Look
from artem.app.web.routes import Server
from artem.app.web.studio import Studio
from artem.runtime.stylizer import Stylizer

from .conftest import ORIGIN, SAME, jpeg, photo, png

EVIL = "<img src=x onerror=alert(1)>"


def opened(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def test_the_page_learns_what_there_is(client: TestClient) -> None:
    about = client.get("/api/about").json()
    assert [style["name"] for style in about["styles"]] == [
        "identity",
        "great-wave",
        "starry-night",
    ]
    assert about["styles"][1]["title"] == "Great Wave"
    assert about["look"] == Look("great-wave").as_dict()
    assert (about["network"], about["engine"], about["precision"]) == ("fast", "openvino", "float")
    assert about["samples"] == ["sample"]
    assert about["long_side"] in about["long_sides"] == sorted(about["long_sides"])


def test_thumbnails_are_the_sample_painted(client: TestClient) -> None:
    pictures = {}
    for name in ("identity", "great-wave", "starry-night"):
        answer = client.get("/api/thumbnail", params={"style": name})
        assert answer.headers["content-type"] == "image/jpeg"
        pictures[name] = opened(answer.content).astype(int)
        assert pictures[name].shape == (240, 320, 3)
    assert np.abs(pictures["great-wave"] - pictures["identity"]).mean() > 5
    assert np.abs(pictures["great-wave"] - pictures["starry-night"]).mean() > 5


NAMES = ["", "nothing", "..", "../styles/great-wave", "great-wave.safetensors", "/etc/passwd",
         "..%2f..%2fetc%2fpasswd", "great-wave\0", "GREAT-WAVE"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_no_file_can_be_read_by_a_name(
    client: TestClient, tiny_library: Library, name: str
) -> None:
    asked = [
        client.get("/api/thumbnail", params={"style": name}),
        client.get("/api/sample", params={"name": name}),
        client.get("/static/x" + quote(name, safe="")),
    ]
    for answer in asked:
        assert answer.status_code == 404
        assert answer.json()["error"].startswith("There is no")
    path = str(tiny_library.folder / "styles" / "great-wave.safetensors")
    assert client.get("/api/thumbnail", params={"style": path}).status_code == 404


def test_what_there_is_not_is_said_in_json(client: TestClient) -> None:
    answer = client.get("/nothing")
    assert (answer.status_code, answer.json()) == (404, {"error": "There is nothing here."})
    answer = client.get("/api/paint")
    assert (answer.status_code, list(answer.json())) == (405, ["error"])


def paint(client: TestClient, data: bytes, **look: object) -> object:
    params = {"look": json.dumps(look)}
    return client.post("/api/paint", params=params, content=data, headers=SAME)


def test_a_photo_is_painted_in_its_own_size_to_the_bit(client: TestClient) -> None:
    frame, alpha = photo(75, 50), photo(75, 50, 1)[..., 0]
    answer = paint(client, png(frame, alpha), style="starry-night", strength=0.5, keep_color=True)
    assert answer.headers["content-type"] == "image/png"
    expected = Stylizer("starry-night", strength=0.5, keep_color=True)(frame)
    np.testing.assert_array_equal(opened(answer.content), np.dstack([expected, alpha]))


def test_a_blend_is_the_stylizers(client: TestClient) -> None:
    frame, alpha = photo(), photo(seed=1)[..., 0]
    answer = paint(client, png(frame, alpha), second="starry-night", blend=0.25)
    expected = Stylizer({"great-wave": 0.75, "starry-night": 0.25})(frame)
    # Two compiled networks may sum in another order, which can tip a rounding.
    painted = opened(answer.content)[..., :3].astype(int)
    assert np.abs(painted - expected).max() <= 1
    other = Stylizer({"great-wave": 0.25, "starry-night": 0.75})(frame)
    assert np.abs(painted - other).max() > 10


def test_a_large_photo_is_reduced_which_is_said(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("artem.app.web.studio.LARGEST_PAINTED_PIXELS", 1200)
    answer = paint(client, png(photo(80, 60)))
    assert opened(answer.content).shape == (30, 40, 3)
    assert answer.headers["artem-notes"] == "it%20was%20reduced%20to%2040x30%20pixels"


def test_pictures_that_browsers_cannot_show_are_opened_for_them(client: TestClient) -> None:
    frame = photo()
    written = io.BytesIO()
    Image.fromarray(frame).save(written, "TIFF")
    answer = client.post("/api/open", content=written.getvalue(), headers=SAME)
    assert answer.headers["content-type"] == "image/jpeg"
    assert np.abs(opened(answer.content).astype(int) - frame).mean() < 4


@pytest.mark.parametrize("path", ["/api/paint", "/api/open"])
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"text, called photo.png by someone", "not a picture"),
        (jpeg(photo(64, 64))[:-200], "damaged"),
        (b"", "empty"),
    ],
)
def test_hostile_uploads_are_refused(client: TestClient, path: str, data: bytes, said: str) -> None:
    answer = client.post(path, content=data, headers=SAME)
    assert answer.status_code == 415
    assert said in answer.json()["error"]


def test_too_many_bytes_are_refused_before_they_are_read(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "LARGEST_UPLOAD_BYTES", 1000)
    said_size = client.post("/api/paint", content=bytes(1001), headers=SAME)
    lied = client.post("/api/paint", content=b"x", headers=SAME | {"content-length": "-5"})
    assert said_size.status_code == 413
    assert "larger than" in said_size.json()["error"]
    assert lied.status_code in (400, 413, 415)


def test_a_body_without_a_length_is_counted_as_it_comes() -> None:
    parts = 0

    async def receive() -> dict[str, object]:
        nonlocal parts
        parts += 1
        return {"type": "http.request", "body": bytes(400), "more_body": True}

    request = Request({"type": "http", "method": "POST", "headers": []}, receive)
    assert asyncio.run(routes._body(request, 1000)) is None
    assert parts == 3


@pytest.mark.parametrize(
    ("look", "said"),
    [
        ("nonsense", "JSON object"),
        ("[]", "JSON object"),
        ("[" * 4000, "JSON object"),
        ('{"strength": 2}', "'strength' must be a number from 0 to 1"),
        ('{"strength": NaN}', "'strength' must be a number from 0 to 1"),
        ('{"blend": true}', "'blend' must be a number from 0 to 1"),
        ('{"keep_color": 1}', "'keep_color' must be true or false"),
        ('{"style": "great-wav"}', "Did you mean 'great-wave'?"),
        ('{"style": "/etc/passwd"}', "'/etc/passwd' is not a style here."),
        ('{"style": ["great-wave"]}', "is not a style here."),
        ('{"second": {}}', "is not a style here."),
    ],
)
def test_a_look_that_makes_no_sense_is_refused(client: TestClient, look: str, said: str) -> None:
    answer = client.post("/api/paint", params={"look": look}, content=jpeg(), headers=SAME)
    assert answer.status_code == 400
    assert said in answer.json()["error"]


def test_only_so_many_photos_are_painted_at_once(server: Server, client: TestClient) -> None:
    server._uploads = routes.UPLOADS_AT_ONCE
    answer = client.post("/api/paint", content=jpeg(), headers=SAME)
    assert (answer.status_code, "Try again" in answer.json()["error"]) == (503, True)
    server._uploads = 0
    assert client.post("/api/paint", content=jpeg(), headers=SAME).status_code == 200
    assert server._uploads == 0


def test_a_style_with_a_name_like_html_is_only_a_name(tiny_library: Library) -> None:
    tiny_library.make_style(tiny_library.own / f"{EVIL}.safetensors")
    server = Server(Studio(threads=1), Look(EVIL))
    with TestClient(server.app(Access(names_of("127.0.0.1"))), base_url=ORIGIN) as client:
        answer = client.get("/api/about")
        assert EVIL in [style["name"] for style in answer.json()["styles"]]
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        painted = client.get("/api/thumbnail", params={"style": EVIL})
        assert painted.headers["content-type"] == "image/jpeg"
        assert EVIL not in client.get("/").text


def test_a_style_made_while_the_server_runs_is_found(
    client: TestClient, tiny_library: Library
) -> None:
    def names() -> list[str]:
        return [style["name"] for style in client.get("/api/about").json()["styles"]]

    tiny_library.make_style(tiny_library.own / "mine.safetensors")
    assert "mine" in names()
    (tiny_library.own / "mine.safetensors").write_bytes(b"damaged")
    assert "mine" not in names()


def test_a_style_by_its_file_is_taken_in(tiny_library: Library) -> None:
    file = tiny_library.folder.parent / "elsewhere" / "brush.safetensors"
    tiny_library.make_style(file, 11)
    studio = Studio(threads=1)
    assert studio.add(file) == "brush"
    look = Look("brush")
    with TestClient(Server(studio, look).app(Access(names_of("::1"))), base_url=ORIGIN) as client:
        frame, alpha = photo(), photo(seed=1)[..., 0]
        painted = opened(paint(client, png(frame, alpha)).content)
    np.testing.assert_array_equal(painted[..., :3], Stylizer(file, threads=1)(frame))
