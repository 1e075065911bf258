"""Faults that are open. What is mended leaves this list: tests fail as long as it does not."""

from typing import NamedTuple


class Known(NamedTuple):
    """A fault: its signature as `make faults` prints it, a case that shows it, and the reason."""

    signature: str
    command: str
    file: str
    damages: tuple[str, ...]
    reason: str


KNOWN: tuple[Known, ...] = (
    Known(
        "silent: fixations of attributes.parquet rows_shuffled",
        "fixations",
        "seen/attributes.parquet",
        ("rows_shuffled:37301",),
        "tables that are carried over to OUT are copied as they are, not sorted by key",
    ),
)
INTERRUPTED: dict[tuple[str, str], str] = {}
"""What is disturbed how, and the reason."""
