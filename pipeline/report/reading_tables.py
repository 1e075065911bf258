"""What the timeline and the plate of a reading show, said in tables."""

from collections.abc import Sequence

from gazescribe.pipeline.report.inspector import Inspector
from gazescribe.pipeline.report.numbers import NONE
from gazescribe.pipeline.report.sheets import Sheet, sheet

TIMES = ("from (s)", "to (s)")


def as_tables(page: Inspector) -> dict[str, Sheet]:
    """Give the tables by what a row is of; those without rows are left out.

    The first column is the number by which the script knows the row.
    """
    tables = {
        "sentence": (
            "Sentences and their windows",
            [*TIMES, "text", "windows (s)"],
            _sentences(page),
        ),
        "word": ("Words", [*TIMES, "word"], _words(page)),
        "mention": ("Mentions", [*TIMES, "text", "label", "polarity"], _mentions(page)),
        "window": ("Windows", [*TIMES, "labels", "fixations", "status"], _windows(page)),
        "fixation": ("Fixations", [*TIMES, "x (px)", "y (px)"], _fixations(page)),
        "ellipse": ("Ellipses", ["labels"], _ellipses(page)),
    }
    return {
        kind: sheet(title, ["no.", *columns], rows, shown=len(rows))
        for kind, (title, columns, rows) in tables.items()
        if rows
    }


def _times(span_s: Sequence[float] | None, digits: int = 2) -> list[str]:
    return [NONE, NONE] if span_s is None else [f"{time:.{digits}f}" for time in span_s]


def _sentences(page: Inspector) -> list[list[str]]:
    rows = []
    for choice in page.sentences:
        windows = [page.parts.windows[number] for number in choice.windows]
        times = [f"{row['start_s']:.2f} to {row['end_s']:.2f} ({row['status']})" for row in windows]
        text = "".join(piece.text for piece in choice.pieces)
        rows.append([choice.title.split()[1], *_times(choice.span_s), text, "; ".join(times)])
    return rows


def _words(page: Inspector) -> list[list[str]]:
    return [
        [str(number), *_times((row["onset_s"], row["offset_s"])), row["text"]]
        for number, row in enumerate(page.parts.words)
    ]


def _mentions(page: Inspector) -> list[list[str]]:
    return [
        [str(number), *_times(row["span_s"]), row["text"], row["label"], row["polarity"]]
        for number, row in enumerate(page.data["mentions"])
    ]


def _windows(page: Inspector) -> list[list[str]]:
    return [
        [
            str(number),
            *_times((row["start_s"], row["end_s"])),
            ", ".join(row["labels"]) or row["kind"],
            str(row["n_fixations"]),
            row["status"],
        ]
        for number, row in enumerate(page.parts.windows)
    ]


def _fixations(page: Inspector) -> list[list[str]]:
    return [
        [
            str(number),
            *_times((row["onset_s"], row["offset_s"]), 3),
            *(f"{row[name]:.1f}" for name in ("x_px", "y_px")),
        ]
        for number, row in enumerate(page.parts.fixations)
    ]


def _ellipses(page: Inspector) -> list[list[str]]:
    return [[str(row["number"]), ", ".join(row["labels"])] for row in page.ellipses]
