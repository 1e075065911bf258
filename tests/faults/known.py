"""Faults that are open. What is mended leaves this list: tests fail as long as it does not."""

from typing import NamedTuple


class Known(NamedTuple):
    """A fault: its signature as `make faults` prints it, a case that shows it, and the reason."""

    signature: str
    command: str
    file: str
    damages: tuple[str, ...]
    reason: str


KNOWN: tuple[Known, ...] = ()
INTERRUPTED: dict[tuple[str, str], str] = {}
"""What is disturbed how, and the reason."""
