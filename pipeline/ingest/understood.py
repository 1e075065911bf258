"""What was understood of a data set: measures of each reading, and their sum in words.

Reads: the fixations, samples and words of one reading. Params: none. Drops: nothing. Who sees
"median 450 s" or "the image is 263° wide" knows that a unit is wrong; what cannot be is refused by
`by_manifest/impossible.py`.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gazescribe.pipeline.geometry.sampling import Floats, noise_of, step_of
from gazescribe.pipeline.ingest.quality import on_image
from gazescribe.pipeline.ingest.transcripts import Word

Measures = dict[str, float]  # of one reading; NaN where unknown
Columns = Mapping[str, Sequence[Any]]  # of all readings, by measure
Size = tuple[int | None, int | None]  # of the image in pixels, None where unknown

SORTS = ("fixations", "samples", "words")
MEASURED = 200_000  # samples of a reading that are measured, or their places: minutes at any rate
REACH = (5, 95)  # percentiles of positions: how far gaze goes, but for a few strays


def measure_fixations(columns: Mapping[str, Floats], size_px: Size) -> Measures:
    """Measure the fixations of one reading, in time order and one at least."""
    onset_s, offset_s = columns["onset_s"], columns["offset_s"]
    duration_s = offset_s - onset_s
    span_s = float(offset_s.max() - onset_s[0])
    # Time that fixations share counts once.
    since_s = np.maximum(onset_s[1:], np.maximum.accumulate(offset_s)[:-1])
    fixated_s = float(duration_s[0] + np.maximum(offset_s[1:] - since_s, 0.0).sum())
    across, down = (float(np.median(columns[f"px_per_deg_{axis}"])) for axis in "xy")
    return {
        "n": len(onset_s),
        "span_s": span_s,
        "median_s": float(np.median(duration_s)),
        "longest_s": float(duration_s.max()),
        "shortest_s": float(duration_s.min()),
        "share_of_time": fixated_s / span_s if span_s else math.nan,
        "per_s": len(onset_s) / span_s if span_s else math.nan,
        **_degrees((across, down), size_px),
        **_where(columns["x_px"], columns["y_px"], size_px),
    }


def measure_samples(
    columns: Mapping[str, Any], size_px: Size, px_per_deg: tuple[float, float]
) -> Measures:
    """Measure the samples of one reading in time order; their noise is in pixels of the image.

    `columns` are those of the table `samples`; `px_per_deg` is NaN where it is unknown.
    """
    n = len(columns["time_s"])
    span_s = float(columns["time_s"][-1] - columns["time_s"][0]) if n else math.nan
    first = max(0, n - MEASURED) // 2
    middle = slice(first, first + MEASURED)  # copies of an hour at 1 kHz would fill the memory
    time_s, valid = columns["time_s"][middle], columns["valid"][middle]
    x_px, y_px = columns["x_px"][middle], columns["y_px"][middle]
    position_px = np.stack([x_px, y_px], axis=1)
    step_s = step_of(time_s) if len(time_s) > 1 else math.nan
    return {
        **_degrees(px_per_deg, size_px),
        "n": n,
        "span_s": span_s,
        "step_s": step_s,
        "sampling_hz": 1 / step_s if step_s > 0 else math.nan,
        "share_at_once": float((np.diff(time_s) == 0).mean()) if len(time_s) > 1 else math.nan,
        "share_valid": float(valid.mean()) if len(valid) else math.nan,
        "noise_px": noise_of(time_s, position_px, valid),
        **_where(x_px[valid], y_px[valid], size_px),
    }


def measure_words(words: Sequence[Word], n_sentences: int) -> Measures:
    """Measure the dictation of one reading, one word at least."""
    texts = [word.text.split() for word in words]
    n_words = sum(map(len, texts))
    spoken_s = sum(word.offset_s - word.onset_s for word in words)
    span_s = max(word.offset_s for word in words) - min(word.onset_s for word in words)
    n_numbers = sum(not any(map(str.isalpha, part)) for text in texts for part in text)
    return {
        "n": n_words,
        "n_sentences": n_sentences,
        "span_s": span_s,
        "share_of_time": spoken_s / span_s if span_s > 0 else math.nan,
        "per_s": n_words / spoken_s if spoken_s > 0 else math.nan,
        "word_s": spoken_s / n_words if n_words else math.nan,
        "share_numbers": n_numbers / n_words if n_words else math.nan,
        "n_times": len({word.onset_s for word in words}),
    }


def _degrees(px_per_deg: tuple[float, float], size_px: Size) -> Measures:
    across, down = px_per_deg
    width_px = math.nan if size_px[0] is None else size_px[0]
    return {"px_per_deg_x": across, "px_per_deg_y": down, "image_width_deg": width_px / across}


def _where(x_px: Floats, y_px: Floats, size_px: Size) -> Measures:
    """Say where gaze is: shares of the image, and how far it reaches in pixels."""
    known = np.isfinite(x_px) & np.isfinite(y_px)
    width_px, height_px = size_px
    where = dict.fromkeys(("x_low", "x_high", "y_low", "y_high"), math.nan)
    where |= dict.fromkeys(("share_on_image", "x_extent_px", "y_extent_px"), math.nan)
    if not known.any():
        return where
    for axis, values, size in (("x", x_px[known], width_px), ("y", y_px[known], height_px)):
        where[f"{axis}_extent_px"] = float(np.ptp(values))
        if size is not None:
            low, high = np.percentile(values, REACH).tolist()
            where |= {f"{axis}_low": (low + 0.5) / size, f"{axis}_high": (high + 0.5) / size}
    if width_px is not None and height_px is not None:
        where["share_on_image"] = float(on_image(x_px, y_px, width_px, height_px).mean())
    return where


def sum_up(measures: Mapping[str, Columns]) -> dict[str, dict[str, Any]]:
    """Sum up the measures of all readings, by sort.

    Gives `readings` and of each measure the 5th, 50th and 95th percentile of readings; of samples
    the noise in degrees too, where a reading's fixations or its own columns say the size of one.
    """
    summary: dict[str, dict[str, Any]] = {}
    for sort in SORTS:
        columns = dict(measures.get(sort, {}))
        if not columns:
            continue
        if sort == "samples":
            columns["noise_deg"] = _noise_deg(columns, measures.get("fixations", {}))
        summary[sort] = {"readings": len(columns["reading_id"])}
        for name, values in columns.items():
            if name == "reading_id":
                continue
            known = np.array(values, np.float64)
            known = known[np.isfinite(known)]
            if len(known):
                p05, p50, p95 = np.percentile(known, [5, 50, 95]).tolist()
                parts = {"p05": p05, "p50": p50, "p95": p95}
                summary[sort][name] = {key: float(f"{part:.4g}") for key, part in parts.items()}
    return summary


def _noise_deg(samples: Columns, fixations: Columns) -> list[float]:
    """Turn the noise of samples to degrees, by the fixations of the same reading or the view."""
    px_per_deg = _px_per_deg(samples) | _px_per_deg(fixations)
    rows = zip(samples["reading_id"], samples["noise_px"], strict=True)
    return [noise / px_per_deg[reading_id] for reading_id, noise in rows]


def _px_per_deg(columns: Columns) -> dict[str, float]:
    names = ("reading_id", "px_per_deg_x", "px_per_deg_y")
    rows = zip(*(columns.get(name, ()) for name in names), strict=True)
    return {reading_id: math.sqrt(across * down) for reading_id, across, down in rows}


def say(understood: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Say what was understood in lines, medians of readings; nothing where nothing is known."""
    fixations, samples, words = (understood.get(sort, {}) for sort in SORTS)
    gaze = fixations if "share_on_image" in fixations else samples
    view = fixations or samples
    lines = {
        "degrees": [
            _part(view, "px_per_deg_x", "{} pixels each across"),
            _part(view, "px_per_deg_y", "{} down"),
            _part(view, "image_width_deg", "the image is {}° wide"),
        ],
        "gaze": [
            _part(gaze, "share_on_image", "{} on the image", ".0%"),
            *(_reach(gaze, axis) for axis in "xy"),
        ],
        "fixations": [
            _part(fixations, "n", "{} a reading"),
            _part(fixations, "share_of_time", "{} of the time", ".0%"),
            _part(fixations, "median_s", "median {} s"),
        ],
        "samples": [
            _part(samples, "n", "{} a reading"),
            _part(samples, "sampling_hz", "{} Hz"),
            _part(samples, "share_valid", "{} valid", ".0%"),
            _part(samples, "noise_deg", "noise {}° from one to the next"),
        ],
        "dictation": [
            _part(words, "n_sentences", "sentences {} and"),
            _part(words, "n", "words {} a reading"),
            _part(words, "per_s", "{} words a second"),
        ],
    }
    if any(map(any, lines.values())):
        yield "understood (median of readings):"
    for title, parts in lines.items():
        if any(parts):
            yield f"  {title:10} {', '.join(filter(None, parts))}".replace(" and,", " and")


def _part(measures: Mapping[str, Any], name: str, text: str, form: str = "") -> str:
    """Put the median of a measure into a text; '' where it is unknown."""
    if name not in measures:
        return ""
    median = measures[name]["p50"]
    return text.format(format(median, form or (",.0f" if median >= 100 else ".3g")))


def _reach(gaze: Mapping[str, Any], axis: str) -> str:
    """Say how far gaze goes along an axis, in shares of the image."""
    low = _part(gaze, f"{axis}_low", f"{axis} {{}}", ".0%")
    return low and low + _part(gaze, f"{axis}_high", " to {} of it", ".0%")
