"""Hosts, origins, the token."""

from html.parser import HTMLParser

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.types import ASGIApp
from starlette.websockets import WebSocket, WebSocketDisconnect

from artem.app.web.access import Access, Gate, is_loopback, names_of
from artem.app.web.static_files import STATIC_FILES, page, static_file

ORIGIN = "http://127.0.0.1:8000"
SOCKETS = "ws://127.0.0.1:8000"
TOKEN = "correct horse battery"
COOKIE = "artem-8000"


async def inside(request: Request) -> Response:
    return PlainTextResponse("inside")


async def inside_socket(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("inside")
    await socket.close()


def behind_a_gate(access: Access) -> ASGIApp:
    """Something that answers to everybody, and the gate before it."""
    everywhere = [Route("/{path:path}", inside, methods=["GET", "POST"])]
    return Gate(
        Starlette(routes=[WebSocketRoute("/ws/{path}", inside_socket), *everywhere]), access
    )


@pytest.fixture
def client() -> TestClient:
    return TestClient(behind_a_gate(Access(names_of("127.0.0.1"))), base_url=ORIGIN)


@pytest.fixture
def guarded() -> TestClient:
    access = Access(names_of("0.0.0.0"), addresses=True, token=TOKEN, cookie=COOKIE)
    return TestClient(behind_a_gate(access), base_url=ORIGIN)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "LOCALHOST", "[::1]:8000"])
def test_a_server_answers_to_its_names(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "127.0.0.1.evil.example", "evil.example:8000", "10.0.0.1:8000", "",
        "127.0.0.1:8000@evil.example", "evil.example@127.0.0.1", "[::1", "127.0.0.1/evil",
    ],
)  # fmt: skip
def test_a_name_that_was_bound_to_this_address_is_refused(client: TestClient, host: str) -> None:
    answer = client.get("/", headers={"host": host})
    assert answer.status_code == 421
    assert answer.json()["error"].endswith("--allow-host NAME.")


def test_a_server_for_others_answers_to_addresses_and_allowed_names() -> None:
    access = Access(names_of("0.0.0.0", ["Art.Example"]), addresses=True)
    client = TestClient(behind_a_gate(access), base_url=ORIGIN)
    hosts = {"192.168.1.7:8000": 200, "[fe80::1]:8000": 200, "art.example": 200, "b.example": 421}
    for host, status in hosts.items():
        assert client.get("/view", headers={"host": host}).status_code == status


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True),
        ("0.0.0.0", False), ("::", False), ("192.168.1.2", False), ("", False), ("box", False),
    ],
)  # fmt: skip
def test_what_only_this_machine_can_reach(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


FOREIGN = [None, "null", "http://evil.example", "http://127.0.0.1:9999", "http://127.0.0.1",
           "file://127.0.0.1:8000", "http://[", "http://127.0.0.1:8000.evil.example"]  # fmt: skip


@pytest.mark.parametrize("origin", FOREIGN)
def test_what_another_site_posts_is_refused(client: TestClient, origin: str | None) -> None:
    headers = {} if origin is None else {"origin": origin}
    answer = client.post("/api/paint", content=b"anything", headers=headers)
    assert answer.status_code == 403
    assert "another site" in answer.json()["error"]
    assert client.post("/api/paint", content=b"", headers={"origin": ORIGIN}).text == "inside"


@pytest.mark.parametrize("path", ["/ws/paint", "/ws/view"])
@pytest.mark.parametrize("origin", FOREIGN)
def test_a_websocket_of_another_site_is_refused(
    client: TestClient, path: str, origin: str | None
) -> None:
    headers = {} if origin is None else {"origin": origin}
    with (
        pytest.raises(WebSocketDisconnect) as refused,
        client.websocket_connect(SOCKETS + path, headers=headers),
    ):
        pass
    assert refused.value.code == 1008


EVERYTHING = [
    "/api/about",
    "/api/thumbnail?style=great-wave",
    "/api/sample?name=sample",
    "/nothing",
]


def test_without_the_token_there_is_a_door_and_nothing_behind_it(guarded: TestClient) -> None:
    for path in EVERYTHING:
        answer = guarded.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (401, "application/json")
        assert "token" in answer.json()["error"]
    for path in ("/", "/view"):
        answer = guarded.get(path)
        assert answer.status_code == 401
        assert answer.text == page("locked.html")
    posted = guarded.post("/api/paint", content=b"x", headers={"origin": ORIGIN})
    assert posted.status_code == 401
    for path in ("/ws/paint", "/ws/view"):
        with (
            pytest.raises(WebSocketDisconnect),
            guarded.websocket_connect(SOCKETS + path, headers={"origin": ORIGIN}),
        ):
            pass
    assert guarded.get("/static/page.css").status_code == 200


def test_the_token_opens_once_and_leaves_a_cookie(guarded: TestClient) -> None:
    answer = guarded.get("/view", params={"stream": "a&b", "token": TOKEN})
    assert answer.status_code == 200
    assert answer.headers["refresh"] == "0; url=/view?stream=a%26b"
    cookie = answer.headers["set-cookie"]
    for part in (f"{COOKIE}=", "HttpOnly", "SameSite=strict", "Path=/"):
        assert part in cookie
    assert "Secure" not in cookie
    assert not any(word in cookie for word in TOKEN.split())
    assert guarded.get("/api/about").status_code == 200
    assert guarded.get("/").text == "inside"
    with guarded.websocket_connect(SOCKETS + "/ws/paint", headers={"origin": ORIGIN}) as socket:
        assert socket.receive_text() == "inside"


@pytest.mark.parametrize("wrong", ["", "correct horse", TOKEN.upper(), TOKEN + "x", "schlüssel"])
def test_a_wrong_token_opens_nothing(guarded: TestClient, wrong: str) -> None:
    answer = guarded.get("/", params={"token": wrong})
    assert answer.status_code == 401
    assert answer.text == page("wrong-token.html")
    assert "set-cookie" not in answer.headers
    bearer = f"Bearer {wrong}".encode()
    assert guarded.get("/api/about", headers={"authorization": bearer}).status_code == 401
    forged = f"{COOKIE}={wrong}".encode()
    assert guarded.get("/api/about", headers={"cookie": forged}).status_code == 401


def test_the_token_counts_in_pages_only_so_that_it_stays_out_of_addresses(
    guarded: TestClient,
) -> None:
    for path in ("/api/about", "//evil.example/", "/view/"):
        answer = guarded.get(ORIGIN + path, params={"token": TOKEN}, follow_redirects=False)
        assert answer.status_code == 401
        assert "refresh" not in answer.headers


def test_programs_show_the_token_in_a_header(guarded: TestClient) -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}
    assert guarded.get("/api/about", headers=headers).status_code == 200
    # No page of another site can set this header, so no origin is asked for.
    assert guarded.post("/api/paint", content=b"x", headers=headers).text == "inside"
    with guarded.websocket_connect(SOCKETS + "/ws/paint", headers=headers) as socket:
        assert socket.receive_text() == "inside"


def test_over_https_the_cookie_is_for_https() -> None:
    access = Access(names_of("0.0.0.0"), token=TOKEN, secure=True)
    answer = TestClient(behind_a_gate(access), base_url=ORIGIN).get("/", params={"token": TOKEN})
    assert "Secure" in answer.headers["set-cookie"]


def test_every_answer_says_what_the_browser_may_load(guarded: TestClient) -> None:
    answers = [guarded.get(path) for path in (*EVERYTHING, "/", "/static/page.js")]
    answers += [guarded.get("/", headers={"host": "evil.example"}), guarded.post("/api/paint")]
    answers += [guarded.get("/?token=" + TOKEN), guarded.get("/api/about"), guarded.get("/nothing")]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "unsafe" not in policy and "*" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in answer.headers


class Inline(HTMLParser):
    """Collects what the policy would not let run, and the files that are asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.inline: list[str] = []
        self.files: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)
        self.inline += [name for name in given if name == "style" or name.startswith("on")]
        wanted = [given.get(name) for name in ("src", "href")]
        self.files += [one for one in wanted if one and one.startswith("/static/")]


def test_the_pages_live_by_that_policy_and_have_all_their_files() -> None:
    for name in ("index.html", "view.html", "locked.html", "wrong-token.html"):
        parser = Inline()
        parser.feed(page(name))
        assert parser.inline == []
        assert parser.files
        assert all(static_file(one.removeprefix("/static/")) for one in parser.files)
    assert all(static_file(name) for name in STATIC_FILES)
