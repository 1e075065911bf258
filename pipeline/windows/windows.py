"""Windows of one reading, and the gaze that falls into them: arithmetic without files.

Source: Lanfredi et al. 2023, Sections 2.1.2 and 2.8; `spec/mil.md` section 1. Where paper and
published code differ, the code's reading is the default since it produced the published figures.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # at run time this arithmetic needs numpy alone
    from gazescribe.pipeline.dictation.label_maps import LabelMap
    from gazescribe.pipeline.windows.settings import Associate

StartRule = Literal[
    "startofsentence",
    "mention",
    "endofsentence",
    "allsentences",
    "double",
    "andpause",
    "single",
    "all",
]
EndRule = Literal["startofsentence", "endofsentence", "firstmention", "lastmention", "nextword"]

LAGGED_STARTS = ("startofsentence", "mention", "endofsentence")
STARTS: tuple[str, ...] = get_args(StartRule)
ENDS: tuple[str, ...] = get_args(EndRule)
PUNCTUATION = frozenset(".,:;/?!")

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Window:
    """One window before its fixations are counted."""

    kind: str
    sentence: int | None
    char_start: int | None
    char_end: int | None
    start_s: float
    end_s: float
    labels: tuple[str, ...] = ()
    n_mentions: tuple[int, ...] = ()
    n_uncertain: tuple[int, ...] = ()


def sentence_window(
    start: str,
    end: str,
    lag_s: float,
    *,
    sentence: int,
    sentences: Columns,
    first_mention_s: float,
    last_mention_s: float,
) -> tuple[float, float]:
    """Start and end of a mention sentence's window.

    Parameters
    ----------
    start, end : str
        Rules, of `STARTS` and `ENDS` (Section 2.8).
    lag_s : float
        Delay of the rules in `LAGGED_STARTS`.
    sentence : int
        Row of the sentence in `sentences`.
    sentences : dict of ndarray
        `onset_s` and `offset_s` of all sentences of the reading.
    first_mention_s, last_mention_s : float
        When the first and the last mention of the sentence were said.

    Returns
    -------
    tuple of float
        Seconds; the end may lie before the start.
    """
    onset, offset = float(sentences["onset_s"][sentence]), float(sentences["offset_s"][sentence])
    before = sentence > 0
    previous_onset = float(sentences["onset_s"][sentence - 1]) if before else 0.0
    previous_offset = float(sentences["offset_s"][sentence - 1]) if before else 0.0
    starts = {
        "startofsentence": max(onset - lag_s, previous_onset),
        "mention": max(first_mention_s - lag_s, previous_onset),
        "endofsentence": max(offset - lag_s, previous_onset),
        "allsentences": float(sentences["onset_s"][0]),
        "double": previous_onset,
        "andpause": previous_offset,
        "single": onset,
        "all": 0.0,
    }
    ends = {
        "startofsentence": onset,
        "endofsentence": offset,
        "firstmention": first_mention_s,
        "lastmention": last_mention_s,
    }
    return starts[start], ends[end]


def fixation_overlap(
    onset_s: NDArray[np.float64], offset_s: NDArray[np.float64], window: Window
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Which fixations count in a window, and for how long.

    Returns
    -------
    tuple of ndarray
        Indices of the fixations, and seconds of each within the window, ≥ 0.

    Notes
    -----
    A fixation counts if it ends after the window's start and starts no later than its end; in a
    mention's own window, whose gaze may be points of no length, also if it ends at the start. In a
    reversed window nothing counts.
    """
    late = offset_s >= window.start_s if window.kind == "mention" else offset_s > window.start_s
    reached = late & (onset_s <= window.end_s)
    counted = np.flatnonzero(reached & (window.start_s <= window.end_s))
    ends = np.minimum(offset_s[counted], window.end_s)
    overlap = ends - np.maximum(onset_s[counted], window.start_s)
    return counted, overlap


def associate_reading(
    reading: dict[str, Any],
    words: Columns,
    sentences: Columns,
    mentions: Columns,
    fixations: Columns,
    *,
    params: "Associate",
    label_map: "LabelMap",
    left_out: Counter[str] | None = None,
) -> tuple[list[dict[str, Any]], list[Columns]]:
    """Windows of one reading, and the Gaussians of each.

    Parameters
    ----------
    reading : dict
        A row of `readings`.
    words, sentences, mentions, fixations : dict of ndarray
        Its rows in these tables, by column.
    params : Associate
        Rules and units.
    label_map : LabelMap
        Which labels open windows, and the channels they reach.
    left_out : Counter, optional
        Mentions that open no window are counted here, by reason.

    Returns
    -------
    tuple
        Rows of `windows`, and for each a dict of columns of `gaussians`.
    """
    left_out = Counter() if left_out is None else left_out
    opening = _opening_mentions(mentions, params, label_map, left_out)
    if not len(words["onset_s"]):
        left_out["no timed words"] += len(opening["label"])
        windows: list[Window] = []
    elif params.unit == "mention":
        windows = list(_mention_windows(words, sentences, opening, params, label_map, left_out))
    else:
        unfinished = not str(reading["text"]).rstrip().endswith(".")
        if params.trailing_text == "drop" and unfinished:
            opening = _before_last_sentence(opening, sentences, left_out)
        windows = list(_sentence_windows(words, sentences, opening, params, label_map))
    if len(words["onset_s"]):
        windows.append(Window("report", None, None, None, 0.0, float(words["offset_s"].max())))
    onset_s, offset_s = fixations["onset_s"], fixations["offset_s"]
    begin, end = float(onset_s.min(initial=np.inf)), float(offset_s.max(initial=-np.inf))
    if len(onset_s):
        windows.append(Window("reading", None, None, None, begin, end))
    rows, drawn = [], []
    # A window without end, after the last word, is cut where words and gaze end.
    last_s = max(end, float(words["offset_s"].max(initial=-np.inf)))
    for number, opened in enumerate(windows):
        window = replace(opened, end_s=min(opened.end_s, last_s))
        counted, overlap = fixation_overlap(onset_s, offset_s, window)
        lengths = offset_s[counted] - onset_s[counted]
        rows.append(_window_row(reading, number, window, lengths, overlap))
        drawn.append(_gaussians(reading, number, fixations, counted, overlap, params.sigma_deg))
    return rows, drawn


def gaze_begins_late(
    words: Columns,
    mentions: Columns,
    fixations: Columns,
    params: "Associate",
    label_map: "LabelMap",
) -> bool:
    """Tell whether the first fixation of a reading starts after its first mention that counts.

    Notes
    -----
    Lanfredi et al. 2023, Section 4, report two such cases in the data of Karargyris et al.
    """
    opening = _opening_mentions(mentions, params, label_map, Counter())
    if not (len(opening["label"]) and len(words["onset_s"]) and len(fixations["onset_s"])):
        return False
    first = int(opening["char_start"].min())
    return float(fixations["onset_s"].min()) > _mention_time(first, first, words, "start")


def _opening_mentions(
    mentions: Columns, params: "Associate", label_map: "LabelMap", left_out: Counter[str]
) -> Columns:
    """Choose the mentions that open windows; count the others by reason."""
    polarities = ("positive", "uncertain") if params.uncertain_opens else ("positive",)
    rows = []
    for row, label in enumerate(mentions["label"]):
        polarity = mentions["polarity"][row]
        if polarity not in polarities:
            left_out[polarity] += 1
        elif not label_map.channels_of(label):
            left_out["label without channel"] += 1
        else:
            rows.append(row)
    return _take(mentions, rows)


def _take(columns: Columns, rows: Any) -> Columns:
    return {name: values[rows] for name, values in columns.items()}


def _before_last_sentence(mentions: Columns, sentences: Columns, left_out: Counter[str]) -> Columns:
    """Drop mentions after the last period, as the published code does."""
    last = len(sentences["onset_s"]) - 1
    is_before = _sentence_of(mentions["char_start"], sentences) < last
    left_out["after the last period"] += int((~is_before).sum())
    return _take(mentions, is_before)


def _sentence_windows(
    words: Columns,
    sentences: Columns,
    mentions: Columns,
    params: "Associate",
    label_map: "LabelMap",
) -> Iterator[Window]:
    numbers = _sentence_of(mentions["char_start"], sentences)
    for sentence in np.unique(numbers):
        inside = _take(mentions, numbers == sentence)
        times = [
            _mention_time(int(start), int(end), words, params.mention_time)
            for start, end in zip(inside["char_start"], inside["char_end"], strict=True)
        ]
        order = np.lexsort((inside["char_end"], inside["char_start"]))
        start_s, end_s = sentence_window(
            params.start,
            params.end,
            params.lag_s,
            sentence=int(sentence),
            sentences=sentences,
            first_mention_s=times[order[0]],
            last_mention_s=times[order[-1]],
        )
        yield Window(
            "sentence",
            int(sentence),
            int(sentences["char_start"][sentence]),
            int(sentences["char_end"][sentence]),
            start_s,
            end_s,
            *_label_counts(inside, label_map),
        )


def _mention_windows(
    words: Columns,
    sentences: Columns,
    mentions: Columns,
    params: "Associate",
    label_map: "LabelMap",
    left_out: Counter[str],
) -> Iterator[Window]:
    spans = np.stack([mentions["char_start"], mentions["char_end"]], axis=1)
    for start, end in np.unique(spans, axis=0):
        has_span = (spans == (start, end)).all(axis=1)
        overlapping = np.flatnonzero((words["char_start"] < end) & (words["char_end"] > start))
        if not len(overlapping):
            left_out["touches no word"] += int(has_span.sum())
            continue
        last = int(overlapping[-1])
        start_s = float(words["onset_s"][overlapping[0]])
        end_s = float(words["offset_s"][last])
        if params.end == "nextword":
            end_s = _next_word_s(words, last)
        yield Window(
            "mention",
            int(_sentence_of(np.array([start]), sentences)[0]),
            int(start),
            int(end),
            start_s,
            end_s,
            *_label_counts(_take(mentions, has_span), label_map),
        )


def _next_word_s(words: Columns, last: int) -> float:
    """Start of the next token that is not punctuation; without end after the last one."""
    for index in range(last + 1, len(words["text"])):
        if not set(words["text"][index]) <= PUNCTUATION:
            return float(words["onset_s"][index])
    return np.inf


def _mention_time(start: int, end: int, words: Columns, rule: str) -> float:
    """When a mention was said (`spec/mil.md` 1.3).

    `start`: onset of the word that holds its first character, the latest when two touch there (the
    published code). `end`: offset of the word that holds its last character (the paper's words).
    """
    if rule == "start":
        return float(words["onset_s"][_last_before(start + 1, words)])
    return float(words["offset_s"][_last_before(end, words)])


def _last_before(char: int, words: Columns) -> int:
    """Find the last word that starts before a character; the first word where none does."""
    return max(int(np.searchsorted(words["char_start"], char)) - 1, 0)


def _sentence_of(char_start: NDArray[Any], sentences: Columns) -> NDArray[np.intp]:
    """Find the sentence that holds a character: the last one that does not start after it."""
    numbers = np.searchsorted(sentences["char_start"], char_start, side="right") - 1
    return np.maximum(numbers, 0)


def _label_counts(
    mentions: Columns, label_map: "LabelMap"
) -> tuple[tuple[str, ...], tuple[int, ...], tuple[int, ...]]:
    """Channels mentioned, in channel order; spans that mention each; uncertain ones among them."""
    spans: dict[str, dict[tuple[int, int], str]] = {}
    for label, start, end, polarity in zip(
        mentions["label"],
        mentions["char_start"],
        mentions["char_end"],
        mentions["polarity"],
        strict=True,
    ):
        for channel in label_map.channels_of(label):
            polarities = spans.setdefault(channel, {})
            # Several classes of one span reach the channel; it is positive if any of them is.
            if polarities.get((int(start), int(end))) != "positive":
                polarities[(int(start), int(end))] = polarity
    order = [channel for channel in label_map.channels if channel in spans]
    counts = [len(spans[channel]) for channel in order]
    uncertain = [list(spans[channel].values()).count("uncertain") for channel in order]
    return tuple(order), tuple(counts), tuple(uncertain)


def _window_row(
    reading: dict[str, Any],
    number: int,
    window: Window,
    lengths_s: NDArray[np.float64],
    overlap_s: NDArray[np.float64],
) -> dict[str, Any]:
    # Points of no length, of gaze that came as such, count although they last no time.
    is_empty = not len(overlap_s) or (lengths_s.any() and not overlap_s.any())
    status = "reversed" if window.end_s < window.start_s else "empty" if is_empty else "ok"
    return {
        **vars(window),
        "reading_id": reading["reading_id"],
        "window": number,
        "n_fixations": len(overlap_s),
        "gaze_s": float(overlap_s.sum()),
        "status": status,
        "width_px": reading["width_px"],
        "height_px": reading["height_px"],
    }


def _gaussians(
    reading: dict[str, Any],
    number: int,
    fixations: Columns,
    counted: NDArray[np.intp],
    overlap_s: NDArray[np.float64],
    sigma_deg: float,
) -> Columns:
    width, height = reading["width_px"], reading["height_px"]
    columns: Columns = {
        "reading_id": np.full(len(counted), reading["reading_id"], object),
        "window": np.full(len(counted), number),
        "fixation": fixations["fixation"][counted],
        "x_px": fixations["x_px"][counted],
        "y_px": fixations["y_px"][counted],
        "sigma_x_px": fixations["px_per_deg_x"][counted] * sigma_deg,
        "sigma_y_px": fixations["px_per_deg_y"][counted] * sigma_deg,
        "weight_s": overlap_s,
    }
    for side, limit, whole in (
        ("xmin", width, 0),
        ("ymin", height, 0),
        ("xmax", width, width),
        ("ymax", height, height),
    ):
        shown = fixations[f"shown_{side}_px"][counted].astype(float)
        edge = np.rint(np.where(np.isnan(shown), whole, shown))  # half to even, as the papers' code
        columns[f"clip_{side}_px"] = np.clip(edge, 0, limit).astype(np.int32)
    return columns
