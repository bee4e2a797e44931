"""How the C library hands out memory."""

from __future__ import annotations

import ctypes
import sys

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
"""Options of glibc's ``mallopt``, as ``malloc.h`` numbers them."""


def keep_freed_memory() -> bool:
    """Let the process keep what it frees, for its next large arrays.

    Left alone, glibc asks the system for each large block anew and gives it back at once,
    and every page of it is cleared again; a training step, the same blocks over and over,
    then spends a fifth of its time on that. The process stays as large as it ever was.

    Returns:
        Whether this C library can be told so.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    settings = {M_MMAP_MAX: 0, M_TRIM_THRESHOLD: 2**31 - 1, M_TOP_PAD: 2**28}
    return all([mallopt(option, value) for option, value in settings.items()])
