"""``artem serve`` before it serves: what is refused, and in which words."""

import socket
from pathlib import Path

import pytest
from app.conftest import Run
from conftest import Library, draw_photo

from artem.app import serve as command
from artem.app.web import listening
from artem.app.web.listening import listen, urls


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Collects what would be served; nothing stays running."""
    calls: list[object] = []

    def serve(app: object, listening: object, *, on_ready: object, **options: object) -> None:
        calls.append((app, options))
        on_ready()  # type: ignore[operator]

    monkeypatch.setattr(listening, "serve_until_stopped", serve)
    return calls


def test_it_says_where_the_page_is(run: Run, tiny_library: Library, served: list[object]) -> None:
    result = run("serve", "--port", 0, "--style", "starry-night")
    assert result.exit_code == 0
    assert result.stdout.startswith("http://127.0.0.1:")
    assert "token" not in result.stdout
    assert len(served) == 1


def test_for_other_machines_a_token_is_made_up(
    run: Run, tiny_library: Library, served: list[object]
) -> None:
    tokens = set()
    for options in (("--host", "0.0.0.0"), ("--host", "0.0.0.0"), ("--allow-host", "a.example")):
        result = run("serve", "--port", 0, *options)
        token = result.stdout.splitlines()[0].partition("?token=")[2]
        assert len(token) >= 20
        tokens.add(token)
        assert "--certificate" in result.stderr
    assert len(tokens) == 3


def test_a_token_of_ones_own(
    run: Run, tiny_library: Library, served: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (
        "?token=a+long%26+good+one"
        in run("serve", "--port", 0, "--token", "a long& good one").stdout
    )
    monkeypatch.setenv("ARTEM_TOKEN", "from the environment")
    assert "?token=from+the+environment" in run("serve", "--port", 0).stdout
    result = run("serve", "--port", 0, "--token", "short")
    assert result.exit_code == 1
    assert "too easy to guess" in result.stderr


def test_a_port_that_is_taken_is_said(run: Run, tiny_library: Library) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run("serve", "--port", port)
    assert result.exit_code == 1
    assert f"cannot listen on 127.0.0.1, port {port}" in result.stderr
    assert run("serve", "--host", "192.0.2.1").exit_code == 1
    assert "cannot listen" in run("serve", "--host", "no.such.host.invalid").stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--style", "starry-nigt"), "Did you mean 'starry-night'?"),
        (("--style", "mine.safetensors"), "There is no style file"),
        (("--certificate-key", "key.pem"), "A key was given without its certificate."),
        (("--certificate", "no.pem"), "'no.pem' cannot serve as a certificate"),
        (("--network", "fats"), "Did you mean 'fast'?"),
    ],
)
def test_what_cannot_be_served_is_said(
    run: Run, tiny_library: Library, options: tuple[str, ...], said: str
) -> None:
    result = run("serve", "--port", 0, *options)
    assert result.exit_code == 1
    assert said in result.stderr


def test_a_file_that_is_no_certificate_is_refused(
    run: Run, tiny_library: Library, tmp_path: Path
) -> None:
    (tmp_path / "not.pem").write_text("hello")
    result = run("serve", "--port", 0, "--certificate", "not.pem")
    assert result.exit_code == 1
    assert "'not.pem' cannot serve as a certificate" in result.stderr


def test_without_its_packages_it_says_what_to_install(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_installed", lambda package: package != "uvicorn")
    result = run("serve")
    assert result.exit_code == 1
    assert "(uvicorn)" in result.stderr
    assert "pip install 'artem-style[serve]'" in result.stderr


def test_addresses_are_written_as_browsers_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "_outside_address", lambda: "192.168.1.7")
    with listen("0.0.0.0", 0) as everywhere:
        port = everywhere.getsockname()[1]
        assert urls(everywhere, secure=True, token="a b") == [
            f"https://127.0.0.1:{port}/?token=a+b",
            f"https://192.168.1.7:{port}/?token=a+b",
        ]
    if socket.has_ipv6:
        try:
            listening_6 = listen("::1", 0)
        except Exception:
            pytest.skip("no IPv6 here")
        with listening_6:
            port = listening_6.getsockname()[1]
            assert urls(listening_6, secure=False, token=None) == [f"http://[::1]:{port}/"]


def test_the_page_may_begin_with_any_picture(
    run: Run, adain_library: Library, served: list[object]
) -> None:
    draw_photo(60, 50).save("painting.png")
    for network in ("fast", "adain"):
        begun = run("serve", "--port", 0, "--network", network, "--style", "painting.png")
        assert begun.exit_code == 0, begun.stderr
    assert run("serve", "--port", 0, "--network", "adain").exit_code == 0
    assert len(served) == 3
