"""Files that are no tables, by their first bytes: of which format they are, or what to do.

None of the messages shows what stands in a file: it may be a dictation.
"""

import re
from pathlib import Path

from gazescribe.pipeline.core.system_errors import is_out_of_handles
from gazescribe.pipeline.core.text_files import marked_encoding
from gazescribe.pipeline.sources.presets import read_format, recognised

READ = "read are CSV, TSV, Parquet and Feather"
_SHEET = "save the sheet as CSV (UTF-8)"
_WORDS = "make a CSV of it with the columns word, start and end"
FORMS = (  # first bytes, what they are, what to do
    (rb"PK\x03\x04", "an Excel sheet or another ZIP", _SHEET),
    (rb"\xd0\xcf\x11\xe0", "an old Excel sheet", _SHEET),
    (rb"WEBVTT", "subtitles (WebVTT)", _WORDS),
    (rb"\d+\s+[\d:]+[,.]\d+ +-->", "subtitles (SRT)", _WORDS),
    (rb'File type = "ooTextFile', "a TextGrid of Praat", _WORDS),
    (rb"<\?xml|<[A-Z]+_DOCUMENT", "XML, as ELAN writes it", _WORDS),
    (rb"\s*(?:\{\s*[\"}]|\[\s*[\[{\"\]])", "JSON", _WORDS),
    (rb"\x1f\x8b", "packed with gzip", "end its name with .gz"),
    (rb"[^\x00]*\x00", "no text", "export a table from the program, or name its `encoding`"),
)
_OWN = {".parquet", ".feather", ".arrow", ".gz"}
_HEAD = 256  # bytes


def foreign_form(path: Path, table: str, encoding: str | None = None) -> str | None:
    """Say of which form a file is and what to do, if it is none that is read; `table` is its use.

    Whatever else is wrong with it is found when it is read.
    """
    if path.suffix in _OWN:
        return None
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as fault:
        if is_out_of_handles(fault):
            raise
        return None
    actual = marked_encoding(head, encoding)
    if actual != "utf-8":
        head = head.decode(actual, errors="replace").encode()
    for pattern, message, remedy in FORMS:
        if re.match(pattern, head):
            formats = [name for name in recognised(path) if table in read_format(name).tables]
            if formats:
                named = " or ".join(f"`format: {name}`" for name in formats)
                return f"this is {message}: say {named} in tables.{table}"
            is_gaze = remedy is _WORDS and table != "words"
            return f"this is {message}; {READ}: {'make a CSV of it' if is_gaze else remedy}"
    return None
