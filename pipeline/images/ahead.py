"""Files read ahead by threads: a slow disk is waited for while other files are decoded."""

import stat
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 4
"""Files that are being read or wait to be decoded: a disk of a network answers late, not slowly."""
MAX_BYTES = 2**26
"""Larger files are left to who decodes them, who may need their header alone."""


def ahead(function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """Apply a function to items in order, while threads do so for the next `AHEAD` of them."""
    waiting = iter(items)
    with ThreadPoolExecutor(AHEAD, thread_name_prefix="ahead") as pool:
        begun: deque[Future[Result]] = deque()
        try:
            begun.extend(pool.submit(function, item) for item in islice(waiting, AHEAD))
            while begun:
                result = begun.popleft().result()
                begun.extend(pool.submit(function, item) for item in islice(waiting, 1))
                yield result
        finally:  # where nobody asks for the rest
            for future in begun:
                future.cancel()


def content_of(path: Path | None) -> bytes | None:
    """Read a file.

    None without a path, and where the file is large, no regular one or cannot be read: what opens
    it next will say why.
    """
    try:
        about = path.stat() if path else None
        if not path or not about or not stat.S_ISREG(about.st_mode) or about.st_size > MAX_BYTES:
            return None
        return path.read_bytes()
    except OSError:
        return None
