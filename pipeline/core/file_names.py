"""Names of files: texts that become one, and the endings of radiographs."""

import re
from collections.abc import Iterable
from pathlib import Path

from gazescribe.pipeline.core.errors import SchemaError

DICOM_SUFFIXES = (".dcm", ".dicom")
PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png")
RADIOGRAPH_SUFFIXES = (*PICTURE_SUFFIXES, *DICOM_SUFFIXES)
LONGEST_NAME = 120  # bytes: file systems take 255, and a label, a suffix or a number are to come


def names_file(text: str) -> bool:
    """Tell whether a text can name a file as it is, in the folder it is put into and no other."""
    safe = text.isprintable() and not text.startswith(".") and not set(text) & {"/", "\\"}
    return safe and 0 < len(text.encode()) <= LONGEST_NAME


def check_file_names(ids: Iterable[str | None], column: str, path: Path) -> None:
    """Refuse a table whose ids are to name files, where one cannot.

    Parameters
    ----------
    ids : iterable of str or None
        The column, in the order of its rows.
    column : str
        Its name.
    path : pathlib.Path
        File of the table.

    Raises
    ------
    SchemaError
        Naming all such ids, each with its first row.
    """
    rows: dict[str, int] = {}
    for row, text in enumerate(ids, start=1):
        if text is not None:
            rows.setdefault(text, row)
    faults = [f"row {row}: {column} {text!r}" for text, row in rows.items() if not names_file(text)]
    if faults:
        raise SchemaError(
            "files are to be named by these ids, and cannot be.",
            where=path,
            remedy=f"An id has at most {LONGEST_NAME} bytes, no / or \\, no control character, and"
            " does not begin with a dot. Rename them where the table comes from.",
            faults=faults,
        )


def safe_name(text: str) -> str:
    """Turn any text into a file name: no separator, no leading dot, not empty, not too long."""
    safe = re.sub(r"[^\w.-]+", "_", text).encode()[-LONGEST_NAME:].decode(errors="ignore")
    return safe.strip("._-") or "image"
