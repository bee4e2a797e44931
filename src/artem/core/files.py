"""Results appear whole or not at all."""

from __future__ import annotations

import errno
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from artem.core.errors import ArtemError


@contextmanager
def replacing(target: str | Path) -> Iterator[Path]:
    """A path beside ``target`` to write to, renamed to it at the end.

    When the block fails, what was written is removed and ``target`` stays as it was.

    Raises:
        ArtemError: the folder cannot be made or written, or the disk is full.
    """
    target = Path(target)
    # The ending stays: some writers and readers go by it.
    # Its own name is not repeated: with it, a long legal one would become too long.
    partial = target.with_name(f".{secrets.token_hex(6)}.part{target.suffix}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        partial.replace(target)
    except OSError as error:
        raise ArtemError(_why(error, target)) from error
    finally:
        # A full disk must not stop us from saying so.
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _why(error: OSError, target: Path) -> str:
    if error.errno == errno.ENOSPC:
        return f"The disk is full; '{target}' was not written.\n  Make room and run it again."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"'{target}' may not be written ({error.strerror}).\n  Choose another place with -o."
    return f"'{target}' cannot be written ({error.strerror or error}).\n  Choose another place."
