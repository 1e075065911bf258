"""Faults that are open. A fault that is mended leaves this list; tests fail as long as it does not.

The signature of a failure, as `make faults` prints it, and what is to be done.
"""

KNOWN: dict[str, str] = {}
