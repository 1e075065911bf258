"""What commands print while they run: progress bars and counts."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def progress(items: Iterable[Item], description: str, total: int | None = None) -> Iterator[Item]:
    """Pass items through; show a bar once two seconds have passed, none when not a terminal."""
    if not sys.stderr.isatty():
        yield from items
        return
    import time

    from rich.console import Console
    from rich.progress import Progress

    begin = time.monotonic()
    with Progress(console=Console(stderr=True), transient=True, disable=False) as bar:
        task = bar.add_task(description, total=total, visible=False)
        for item in items:
            yield item
            bar.update(task, advance=1, visible=time.monotonic() - begin > 2)


def plural(n: int, word: str, many: str = "") -> str:
    """Say a count: `1 shard`, `2,000 shards`, or with `many` what an s does not make."""
    return f"{n:,} {word if n == 1 else many or f'{word}s'}"
