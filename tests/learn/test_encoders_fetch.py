"""The download, against a server of our own on this machine."""

import hashlib
import io
import pickle
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from torch import Tensor

from artem.core.errors import EncoderError
from artem.learn.encoders.fetch import fetch_torchvision

TENSORS = {
    "features.0.weight": torch.arange(27 * 64.0).view(64, 3, 3, 3),
    "features.0.bias": torch.arange(64.0),
    "classifier.0.weight": torch.ones(8, 8),
}


class Server(ThreadingHTTPServer):
    """Serves one file, in parts when asked to.

    Attributes:
        content: the file.
        url: where it is.
        ranges: the Range header of each request so far.
        breaks_after: bytes after which connections break, once; ``None`` for never.
    """

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = content
        self.url = f"http://127.0.0.1:{self.server_port}/models/{name}"
        self.ranges: list[str | None] = []
        self.breaks_after: int | None = None


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        rest = self.server.content[start:]
        if not self.server.url.endswith(self.path) or not rest:
            self.send_error(416 if rest == b"" else 404)
            return
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        stop, self.server.breaks_after = self.server.breaks_after, None
        self.wfile.write(rest[:stop])

    def log_message(self, format: str, *args: object) -> None:
        pass


def published(tensors: dict[str, Tensor]) -> tuple[bytes, str]:
    """A .pth file and the name that it is published under."""
    file = io.BytesIO()
    torch.save(tensors, file)
    digest = hashlib.sha256(file.getvalue()).hexdigest()
    return file.getvalue(), f"vgg16-{digest[:8]}.pth"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = Server(*published(TENSORS))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def check(weights: dict[str, Tensor]) -> None:
    assert weights.keys() == {"features.0.weight", "features.0.bias"}
    for name, tensor in weights.items():
        torch.testing.assert_close(tensor, TENSORS[name], rtol=0, atol=0)


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_fetched_once_and_kept_as_safetensors(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    check(fetch_torchvision("vgg16", folder=folder, url=server.url))
    assert names(folder) == ["vgg16.safetensors"]
    check(fetch_torchvision("vgg16", folder=folder, url=server.url))
    assert server.ranges == [None]


def test_half_a_file_is_completed(server: Server, tmp_path: Path) -> None:
    partial = tmp_path / f"{Path(server.url).name}.part"
    partial.write_bytes(server.content[:1000])
    check(fetch_torchvision("vgg16", folder=tmp_path, url=server.url))
    assert server.ranges == ["bytes=1000-"]
    assert names(tmp_path) == ["vgg16.safetensors"]


def test_a_whole_file_that_was_not_yet_read_is_not_fetched_again(
    server: Server, tmp_path: Path
) -> None:
    (tmp_path / f"{Path(server.url).name}.part").write_bytes(server.content)
    check(fetch_torchvision("vgg16", folder=tmp_path, url=server.url))
    assert server.ranges == [f"bytes={len(server.content)}-"]


def test_a_connection_that_breaks_off_is_told_and_gone_on_with(
    server: Server, tmp_path: Path
) -> None:
    server.breaks_after = 1234
    with pytest.raises(EncoderError, match="broke off"):
        fetch_torchvision("vgg16", folder=tmp_path, url=server.url)
    check(fetch_torchvision("vgg16", folder=tmp_path, url=server.url))
    assert server.ranges == [None, "bytes=1234-"]


def test_a_file_with_another_hash_is_refused_and_not_kept(server: Server, tmp_path: Path) -> None:
    server.content = server.content[:-1] + b"?"
    with pytest.raises(EncoderError, match="is not the published file"):
        fetch_torchvision("vgg16", folder=tmp_path, url=server.url)
    assert names(tmp_path) == []


def test_a_damaged_cache_is_fetched_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / "vgg16.safetensors").write_bytes(b"damaged")
    check(fetch_torchvision("vgg16", folder=tmp_path, url=server.url))
    check(fetch_torchvision("vgg16", folder=tmp_path, url=server.url))
    assert len(server.ranges) == 1


def test_what_is_fetched_is_logged(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "artem")
    fetch_torchvision("vgg16", folder=tmp_path, url=server.url)
    fetch_torchvision("vgg16", folder=tmp_path, url=server.url)
    size = f"({len(server.content) / 1e6:.1f} MB)"
    assert [record.getMessage() for record in caplog.records] == [f"fetching {server.url} {size}"]


@pytest.mark.parametrize("content", [b"no tensors", pickle.dumps(Path), b""])
def test_a_published_file_that_cannot_be_read_is_told(
    server: Server, tmp_path: Path, content: bytes
) -> None:
    server.content = content + b"."
    digest = hashlib.sha256(server.content).hexdigest()
    server.url = f"{server.url.rpartition('/')[0]}/vgg16-{digest[:8]}.pth"
    with pytest.raises(EncoderError, match=r"cannot be read \("):
        fetch_torchvision("vgg16", folder=tmp_path, url=server.url)
    assert names(tmp_path) == []


def test_offline_gives_one_sentence_and_a_way_out(server: Server, tmp_path: Path) -> None:
    server.shutdown()
    server.server_close()
    with pytest.raises(EncoderError) as caught:
        fetch_torchvision("vgg16", folder=tmp_path, url=server.url)
    first, second = str(caught.value).split("\n")
    assert first.startswith("The weights of vgg16 cannot be fetched (")
    assert "--encoder" in second
    assert names(tmp_path) == []


def test_an_address_that_has_moved_is_told(server: Server, tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"cannot be fetched .*Not Found"):
        fetch_torchvision("vgg16", folder=tmp_path, url=server.url.replace("models", "gone"))
