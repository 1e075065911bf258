"""Files of kinds that are known and not read, and what to make of them."""

import re
from pathlib import Path

from gazescribe.pipeline.sources.presets import head_of

UNREAD = "not read"  # begins what is said of them
BY_SUFFIX = {
    ".edf": "a recording of EyeLink: make a text of it with the maker's edf2asc (format: eyelink)",
    ".idf": "a recording of SMI: make a text of it with IDF Converter or BeGaze (format: smi)",
    ".mat": "MATLAB: write a table of it with writetable(…, 'x.csv')",
    ".otr": "oTranscribe: write its times and lines as subtitles (format: srt)",
    ".xdf": "Lab Streaming Layer: write the stream of gaze as CSV, by pyxdf for instance",
    ".xls": "a sheet: save it as CSV (UTF-8)",
    ".xlsx": "a sheet: save it as CSV (UTF-8)",
}
BY_HEAD = {  # what their first characters have
    r"\AXDF:": BY_SUFFIX[".xdf"],
    r"<REC\s[^>]*\bF?B?POGX=": "Open Gaze's XML: write the attributes of REC as columns of a CSV"
    " file, or export the recording from Gazepoint Analysis (format: gazepoint)",
    r'\A\s*\{(?=[\s\S]*"text"\s*:)(?=[\s\S]*data-timestamp)': BY_SUFFIX[".otr"],
    r"Transcribed by https://otter\.ai": "Otter's text, with times of paragraphs alone: export SRT"
    " (format: srt)",
    r"(?i)\A\s*[\[{][\s\S]*\bdescript\b": "Descript: export subtitles (format: srt or webvtt)",
}


def unread(path: Path) -> str | None:
    """Say what a file is that is known and not read, and what to do; None for others."""
    head = head_of(path)
    reason = next((text for known, text in BY_HEAD.items() if re.search(known, head)), None)
    reason = reason or BY_SUFFIX.get(path.suffix.lower())
    return f"{UNREAD}, {reason}" if reason else None
