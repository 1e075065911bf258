"""Windows of one reading, and the gaze that falls into them: arithmetic without files.

Source: Lanfredi et al. 2023, Sections 2.1.2 and 2.8; `spec/mil.md` section 1. Where paper and
published code differ, the code's reading is the default since it produced the published figures.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # at run time this arithmetic needs numpy alone
    from gazescribe.pipeline.dictation.label_maps import LabelMap
    from gazescribe.pipeline.windows.settings import Associate

LaggedStart = Literal["startofsentence", "mention", "endofsentence"]
StartRule = Literal[LaggedStart, "allsentences", "double", "andpause", "single", "all"]
EndRule = Literal["startofsentence", "endofsentence", "firstmention", "lastmention", "nextword"]

LAGGED_STARTS: tuple[str, ...] = get_args(LaggedStart)
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
    """Which fixations count in a window, by index, and the seconds of each within it, ≥ 0.

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
    reading: Mapping[str, Any],
    tables: Mapping[str, Columns],
    *,
    params: "Associate",
    label_map: "LabelMap",
    left_out: Counter[str] | None = None,
    reviewed: Mapping[tuple[int, int, str], tuple[float, float]] | None = None,
) -> tuple[list[dict[str, Any]], list[Columns]]:
    """Windows of one reading, and the Gaussians of each.

    Parameters
    ----------
    reading : mapping
        A row of `readings`.
    tables : mapping of str to dict of ndarray
        Its rows in `words`, `sentences`, `mentions` and `fixations`, by column.
    params : Associate
        Rules and units.
    label_map : LabelMap
        Which labels open windows, and the channels they reach.
    left_out : Counter, optional
        Mentions that open no window are counted here, by reason.
    reviewed : mapping, optional
        Start and end of windows whose reviewers moved them, by first character, end and kind.

    Returns
    -------
    tuple
        Rows of `windows`, and for each a dict of columns of `gaussians`.
    """
    left_out = Counter() if left_out is None else left_out
    windows = find_windows(reading, tables, params, label_map, left_out, reviewed)
    return draw_windows(reading, windows, tables["fixations"], params.sigma_deg)


def find_windows(
    reading: Mapping[str, Any],
    tables: Mapping[str, Columns],
    params: "Associate",
    label_map: "LabelMap",
    left_out: Counter[str],
    reviewed: Mapping[tuple[int, int, str], tuple[float, float]] | None = None,
) -> list[Window]:
    """Find the windows of one reading, in the order of their numbers; as `associate_reading`."""
    fixations, spoken_s = tables["fixations"], tables["words"]["offset_s"]
    opening = _opening_mentions(tables["mentions"], params, label_map, left_out)
    windows: list[Window] = []
    if not len(spoken_s):
        left_out["no timed words"] += len(opening["label"])
    else:
        if params.unit == "mention":
            windows += _mention_windows(tables, opening, params, label_map, left_out)
        elif not len(tables["sentences"]["onset_s"]):
            left_out["no sentence"] += len(opening["label"])
        else:
            if params.trailing_text == "drop" and not str(reading["text"]).rstrip().endswith("."):
                opening = _before_last_sentence(opening, tables["sentences"], left_out)
            windows += _sentence_windows(tables, opening, params, label_map)
        windows = [_as_reviewed(window, reviewed or {}) for window in windows]
        windows.append(Window("report", None, None, None, 0.0, float(spoken_s.max())))
    # Not the last row's end: nothing says that fixations cannot overlap.
    begin_s = float(fixations["onset_s"].min(initial=np.inf))
    end_s = float(fixations["offset_s"].max(initial=-np.inf))
    if len(fixations["onset_s"]):
        windows.append(Window("reading", None, None, None, begin_s, end_s))
    # A window without end, after the last word, is cut where words and gaze end.
    last_s = max(end_s, float(spoken_s.max(initial=-np.inf)))
    return [replace(window, end_s=min(window.end_s, last_s)) for window in windows]


def _as_reviewed(
    window: Window, reviewed: Mapping[tuple[int, int, str], tuple[float, float]]
) -> Window:
    times = reviewed.get((window.char_start or 0, window.char_end or 0, window.kind))
    return replace(window, start_s=times[0], end_s=times[1]) if times else window


def gaze_begins_late(
    tables: Mapping[str, Columns], params: "Associate", label_map: "LabelMap"
) -> bool:
    """Tell whether the first fixation of a reading starts after its first mention that counts.

    Lanfredi et al. 2023, Section 4, report two such cases in the data of Karargyris et al.
    """
    words, onset_s = tables["words"], tables["fixations"]["onset_s"]
    opening = _opening_mentions(tables["mentions"], params, label_map, Counter())
    if not (len(opening["label"]) and len(words["onset_s"]) and len(onset_s)):
        return False
    first = int(opening["char_start"].min())
    return float(onset_s.min()) > _mention_time(first, first, words, "start")


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
    tables: Mapping[str, Columns], mentions: Columns, params: "Associate", label_map: "LabelMap"
) -> Iterator[Window]:
    """One window for each sentence that mentions something."""
    sentences = tables["sentences"]
    numbers = _sentence_of(mentions["char_start"], sentences)
    for number in np.unique(numbers).tolist():
        inside = _take(mentions, numbers == number)
        spans = list(zip(inside["char_start"].tolist(), inside["char_end"].tolist(), strict=True))
        # First and last in the text, whatever the order of the rows.
        first_s, last_s = (
            _mention_time(*span, tables["words"], params.mention_time)
            for span in (min(spans), max(spans))
        )
        start_s, end_s = sentence_window(
            params.start,
            params.end,
            params.lag_s,
            sentence=number,
            sentences=sentences,
            first_mention_s=first_s,
            last_mention_s=last_s,
        )
        start, end = (int(sentences[edge][number]) for edge in ("char_start", "char_end"))
        labels = _label_counts(inside, label_map)
        yield Window("sentence", number, start, end, start_s, end_s, *labels)


def _mention_windows(
    tables: Mapping[str, Columns],
    mentions: Columns,
    params: "Associate",
    label_map: "LabelMap",
    left_out: Counter[str],
) -> Iterator[Window]:
    """One window for each span that mentions something, from its first word to its last."""
    words = tables["words"]
    spans = np.stack([mentions["char_start"], mentions["char_end"]], axis=1)
    for start, end in np.unique(spans, axis=0).tolist():
        has_span = (spans == (start, end)).all(axis=1)
        overlapping = np.flatnonzero((words["char_start"] < end) & (words["char_end"] > start))
        if not len(overlapping):
            left_out["touches no word"] += int(has_span.sum())
            continue
        first, last = overlapping[[0, -1]].tolist()
        start_s, end_s = float(words["onset_s"][first]), float(words["offset_s"][last])
        if params.end == "nextword":
            end_s = _next_word_s(words, last)
        sentence = None
        if len(tables["sentences"]["onset_s"]):
            sentence = int(_sentence_of(np.array([start]), tables["sentences"])[0])
        labels = _label_counts(_take(mentions, has_span), label_map)
        yield Window("mention", sentence, start, end, start_s, end_s, *labels)


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
    edge, char = ("onset_s", start + 1) if rule == "start" else ("offset_s", end)
    # The last word that starts before the character; the first word where none does.
    word = max(int(np.searchsorted(words["char_start"], char)) - 1, 0)
    return float(words[edge][word])


def _sentence_of(char_start: NDArray[Any], sentences: Columns) -> NDArray[np.intp]:
    """Find the sentence that holds a character: the last one that does not start after it."""
    numbers = np.searchsorted(sentences["char_start"], char_start, side="right") - 1
    return np.maximum(numbers, 0)


def _label_counts(
    mentions: Columns, label_map: "LabelMap"
) -> tuple[tuple[str, ...], tuple[int, ...], tuple[int, ...]]:
    """Channels mentioned, in channel order; spans that mention each; uncertain ones among them."""
    spans: dict[str, dict[tuple[int, int], str]] = {}
    for row, label in enumerate(mentions["label"]):
        span = int(mentions["char_start"][row]), int(mentions["char_end"][row])
        for channel in label_map.channels_of(label):
            polarities = spans.setdefault(channel, {})
            # Several classes of one span reach the channel; it is positive if any of them is.
            if polarities.get(span) != "positive":
                polarities[span] = mentions["polarity"][row]
    order = [channel for channel in label_map.channels if channel in spans]
    counts = [len(spans[channel]) for channel in order]
    uncertain = [list(spans[channel].values()).count("uncertain") for channel in order]
    return tuple(order), tuple(counts), tuple(uncertain)


def draw_windows(
    reading: Mapping[str, Any], windows: Iterable[Window], fixations: Columns, sigma_deg: float
) -> tuple[list[dict[str, Any]], list[Columns]]:
    """Make the rows of `windows` of a reading, and for each its rows of `gaussians` by column."""
    rows, drawn = [], []
    for number, window in enumerate(windows):
        row, gaussians = draw_window(reading, number, window, fixations, sigma_deg)
        rows.append(row)
        drawn.append(gaussians)
    return rows, drawn


def draw_window(
    reading: Mapping[str, Any], number: int, window: Window, fixations: Columns, sigma_deg: float
) -> tuple[dict[str, Any], Columns]:
    """Make a window's row of `windows`, and its rows of `gaussians` by column."""
    counted, overlap_s = fixation_overlap(fixations["onset_s"], fixations["offset_s"], window)
    inside = _take(fixations, counted)
    # Points of no length, of gaze that came as such, count although they last no time.
    are_points = not (inside["offset_s"] - inside["onset_s"]).any()
    is_empty = not len(counted) or not (are_points or overlap_s.any())
    row = {
        **vars(window),
        "reading_id": reading["reading_id"],
        "window": number,
        "n_fixations": len(counted),
        "gaze_s": float(overlap_s.sum()),
        "status": "reversed" if window.end_s < window.start_s else "empty" if is_empty else "ok",
        "width_px": reading["width_px"],
        "height_px": reading["height_px"],
    }
    gaussians: Columns = {
        "reading_id": np.full(len(counted), reading["reading_id"], object),
        "window": np.full(len(counted), number),
        "fixation": inside["fixation"],
        "weight_s": overlap_s,
    }
    for axis, length in (("x", reading["width_px"]), ("y", reading["height_px"])):
        gaussians[f"{axis}_px"] = inside[f"{axis}_px"]
        gaussians[f"sigma_{axis}_px"] = inside[f"px_per_deg_{axis}"] * sigma_deg
        for side, whole in (("min", 0), ("max", length)):
            shown = inside[f"shown_{axis}{side}_px"].astype(float)
            edge = np.where(np.isnan(shown), whole, shown)
            edge = np.rint(edge)  # half to even, as the papers' code
            gaussians[f"clip_{axis}{side}_px"] = np.clip(edge, 0, length).astype(np.int32)
    return row, gaussians
