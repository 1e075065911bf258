"""Files read ahead by threads, so that a slow disk is waited for while others are decoded."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path

AHEAD = 4
"""Files that are being read or wait to be decoded: a disk of a network answers late, not slowly."""
MAX_BYTES = 2**26
"""Larger files are left to who decodes them, who may need their header alone."""


def read_ahead(paths: Iterable[Path | None]) -> Iterator[bytes | None]:
    """Give the contents of files in order, while threads read the next `AHEAD` of them.

    None for a path that is None, and for a file that is large, no regular file or cannot be read:
    what opens it next will say why.
    """
    waiting = iter(paths)
    with ThreadPoolExecutor(AHEAD, thread_name_prefix="read ahead") as pool:
        reading: deque[Future[bytes | None]] = deque()
        try:
            reading.extend(pool.submit(_content, path) for path in islice(waiting, AHEAD))
            while reading:
                content = reading.popleft().result()
                reading.extend(pool.submit(_content, path) for path in islice(waiting, 1))
                yield content
        finally:  # where nobody asks for the rest
            for future in reading:
                future.cancel()


def _content(path: Path | None) -> bytes | None:
    try:
        if path is None or not path.is_file() or path.stat().st_size > MAX_BYTES:
            return None
        return path.read_bytes()
    except OSError:
        return None
