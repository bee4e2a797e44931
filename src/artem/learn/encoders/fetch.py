"""Published ImageNet weights, fetched once and kept as safetensors."""

from __future__ import annotations

import hashlib
import http.client
import logging
import urllib.error
import urllib.request
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from artem.core.errors import EncoderError
from artem.core.files import replacing

TORCHVISION_URLS = {
    "vgg16": "https://download.pytorch.org/models/vgg16-397923af.pth",
    "vgg19": "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",
    "squeezenet1_0": "https://download.pytorch.org/models/squeezenet1_0-b66bff10.pth",
}
"""torchvision's own; the eight digits are the first of the file's SHA-256."""

CHUNK_BYTES = 1 << 20

log = logging.getLogger("artem")


def fetch_torchvision(
    name: str, *, folder: Path | None = None, url: str | None = None
) -> dict[str, Tensor]:
    """The convolutions of one of torchvision's networks, from the cache or its published URL.

    A download that broke off goes on where it stopped. The file is checked
    against the hash in its name, read without executing anything
    (``weights_only=True``), and kept without the classifier, as float32
    safetensors.

    Args:
        name: one of :data:`TORCHVISION_URLS`.
        folder: where to keep it; the user's cache folder by default.
        url: somewhere else to fetch it from; the name must end in ``-HASH.pth``.

    Raises:
        EncoderError: offline, a full disk, or a file that is not the published one.
    """
    if folder is None:
        import platformdirs  # only here: one trains with files on machines that lack it

        folder = platformdirs.user_cache_path("artem")
    kept = folder / f"{name}.safetensors"
    if kept.is_file():
        try:
            return load_file(kept)
        except (SafetensorError, OSError, ValueError) as error:
            log.info("'%s' is damaged (%s) and is fetched again.", kept, error)
    url = url or TORCHVISION_URLS[name]
    partial = folder / f"{Path(url).name}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _download(url, partial)
    except (OSError, http.client.HTTPException) as error:
        raise EncoderError(
            f"The weights of {name} cannot be fetched ({getattr(error, 'reason', error)}).\n"
            f"  Connect and try again (a broken download goes on), or give an encoder's file "
            f"with --encoder."
        ) from error
    wanted = Path(url).stem.rpartition("-")[2]
    with partial.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if not digest.startswith(wanted):
        partial.unlink()
        raise EncoderError(
            f"What came from {url} is not the published file: its SHA-256 starts with "
            f"{digest[: len(wanted)]} instead of {wanted}.\n  Try again."
        )
    try:
        state = torch.load(partial, map_location="cpu", weights_only=True)
        weights = {
            key: tensor.float().contiguous()
            for key, tensor in state.items()
            if key.startswith("features.")
        }
    except Exception as error:  # unpickling raises nearly anything
        partial.unlink()
        raise EncoderError(
            f"What came from {url} cannot be read ({str(error).partition(chr(10))[0]}).\n"
            f"  Try again, or give an encoder's file with --encoder."
        ) from error
    with replacing(kept) as written:
        try:
            save_file(weights, written)
        except SafetensorError as error:
            raise EncoderError(f"'{kept}' cannot be written ({error}).") from error
    partial.unlink()
    return weights


def _download(url: str, target: Path) -> None:
    """Append what ``target`` still lacks of ``url``."""
    have = target.stat().st_size if target.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urllib.request.urlopen(request, timeout=30)
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # nothing is left to fetch
            return
        raise
    with response, target.open("ab" if response.status == 206 else "wb") as file:
        missing = int(response.headers.get("Content-Length") or 0)
        log.info("fetching %s (%.1f MB)", url, missing / 1e6)
        while chunk := response.read(CHUNK_BYTES):
            missing -= file.write(chunk)
    if missing > 0:  # read() says nothing of a connection that broke off
        raise OSError("the connection broke off")
