"""What commands print while they run: progress bars and counts."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

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


def say_ends(counts: Mapping[str, Mapping[str, Any]], texts: str = "dictations") -> str:
    """Say how the sentences of texts without periods were made; '' where there is no such text.

    `counts` has numbers of texts (`items`) and sentences (`rows`) by code, as `count_faults` does.
    """
    parts = []
    for code, how in (("spoken", "spoken periods"), ("pauses", "pauses")):
        count = counts.get(f"sentence_ends_{code}")
        if count is not None:
            sentences = plural(count["rows"], "sentence")
            parts.append(f"{count['items']:,} cut by {how} into {sentences}")
    count = counts.get("no_sentence_ends")
    if count is not None:
        parts.append(f"{count['items']:,} left as one sentence each")
    return f"{texts} without written periods: {', '.join(parts)}" if parts else ""
