"""Clocks and drift, estimated from tables and a raw EGD tree, as one summary."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from gazescribe.pipeline.core.console import progress
from gazescribe.pipeline.core.errors import AlignmentError
from gazescribe.pipeline.core.tables import read_if_present, read_table, rows_of
from gazescribe.pipeline.gaze.sync.anatomy import load_anatomy, namings
from gazescribe.pipeline.gaze.sync.drift import anatomy_drift, calibration_drift, deviation_of
from gazescribe.pipeline.gaze.sync.lead import (
    Curve,
    Floats,
    arrival_s,
    curve_of,
    estimate,
    peak_s,
    shifts_of,
)
from gazescribe.pipeline.gaze.sync.sessions import Sessions, read_sessions
from gazescribe.pipeline.gaze.sync.settings import Sync
from gazescribe.pipeline.ingest.egd.screen import EgdDisplay

MEANING = (
    "lead: how long before a word the gaze is most often on what it names; the lead of the eyes and"
    " the offset of the clocks together. arrival: how long before its sentence the gaze gets there."
    " offset: expected arrival less arrival, to be added to the times of words; no better than that"
    " expectation, which comes from another data set. drift: recorded less true gaze, right and"
    " down positive."
)
SPEECH = ("words", "sentences")
TABLES = ("fixations", *SPEECH, "regions")

Rows = dict[str, dict[str, dict[str, Any]]]


def run(tables: Path, raw: Path | None, settings: Sync) -> dict[str, Any]:
    """Estimate lead, offset and drift as the JSON of docs/sync.md has them.

    Without a raw EGD tree there are neither sessions nor drift. A GazeError if a table or the raw
    file cannot be used, or there is no box of the anatomy.
    """
    left_out: Counter[str] = Counter()
    readings = read_table(tables, "readings").to_pandas().set_index("reading_id")
    ids = readings.index.tolist()
    sessions = _sessions(tables, raw, readings, settings)
    if sessions:
        left_out += sessions.left_out
    rows = {}
    for name in TABLES:
        read = read_if_present if name in SPEECH else read_table  # gaze alone has no speech
        rows[name] = rows_of(read(tables, name), "reading_id", ids)
    curves = _curves(readings, rows, settings, left_out, where=tables)
    result = {
        "meaning": MEANING,
        "shift_s": shifts_of(settings).tolist(),
        **_leads(list(curves.values()), settings),
        "sessions": None,
        "left_out": dict(sorted((+left_out).items())),
    }
    if sessions:
        result["sessions"] = _by_session(sessions, readings, rows, curves, settings)
    return result


def _sessions(
    tables: Path, raw: Path | None, readings: pd.DataFrame, settings: Sync
) -> Sessions | None:
    if raw is None:
        return None
    datasets = sorted(set(readings["dataset"]))
    if datasets != ["egd"]:
        problem = f"these tables are of {', '.join(datasets) or 'nothing'}, not of egd."
        remedy = "Leave --raw out; only EGD has sessions."
        raise AlignmentError(problem, where=tables, remedy=remedy)
    return read_sessions(raw, readings.index.tolist(), settings.max_off_deg)


def _curves(
    readings: pd.DataFrame, rows: Rows, settings: Sync, left_out: Counter[str], *, where: Path
) -> dict[str, tuple[Curve, Curve]]:
    """Give each reading's curve before words and before sentences."""
    anatomy = load_anatomy()
    named = {region for regions in anatomy.regions.values() for region in regions}
    boxes = {name for regions in rows["regions"].values() for name in regions["region"]}
    if not named & boxes:
        names = ", ".join(sorted(boxes)) or "-"
        problem = f"no box has a name of rules/anatomy.yaml (found: {names})."
        raise AlignmentError(problem, where=where, remedy="Add the data set's names to that file.")
    curves: dict[str, tuple[Curve, Curve]] = {}
    texts = dict(zip(readings.index, readings["text"], strict=True))
    for key, text in progress(texts.items(), "comparing gaze and speech", len(texts)):
        gaze, words, sentences, regions = (rows[name][key] for name in TABLES)
        if not len(gaze["onset_s"]) or pd.isna(text) or not len(regions["region"]):
            why = "gaze" if not len(gaze["onset_s"]) else "dictation" if pd.isna(text) else "boxes"
            left_out[f"readings without {why}"] += 1
            continue
        phrases = list(namings(text, words, sentences, regions, anatomy, left_out))
        left_out["readings that name no anatomy"] += not phrases
        if phrases:
            by_word = [(naming.word_s, naming.boxes) for naming in phrases]
            by_sentence = [(naming.sentence_s, naming.boxes) for naming in phrases]
            curves[key] = curve_of(gaze, by_word, settings), curve_of(gaze, by_sentence, settings)
    return curves


def _leads(curves: Sequence[tuple[Curve, Curve]], settings: Sync) -> dict[str, Any]:
    """Give lead, arrival, and the offset that follows from it."""
    lead = estimate([words for words, _ in curves], peak_s, settings)
    arrival = estimate([sentences for _, sentences in curves], arrival_s, settings)
    expected = settings.expected_arrival_s
    # A later arrival is a smaller offset, so that the bounds change places.
    turned = zip(("value_s", "low_s", "high_s"), ("value_s", "high_s", "low_s"), strict=True)
    offset = {
        name: None if arrival[bound] is None else round(expected - arrival[bound], 4)
        for name, bound in turned
    }
    return {"lead": lead, "arrival": arrival, "offset": {**offset, "expected_arrival_s": expected}}


def _by_session(
    sessions: Sessions,
    readings: pd.DataFrame,
    rows: Rows,
    curves: Mapping[str, tuple[Curve, Curve]],
    settings: Sync,
) -> dict[str, Any]:
    members: dict[int, list[str]] = defaultdict(list)
    deviations: dict[int, list[Floats]] = defaultdict(list)
    sides = (readings[side].astype(float) for side in ("width_px", "height_px"))
    sizes = dict(zip(readings.index, zip(*sides, strict=True), strict=True))
    for key, session in sorted(sessions.of_reading.items()):
        members[session].append(key)
        deviation = deviation_of(rows["fixations"][key], rows["regions"][key], sizes[key])
        if deviation is not None:
            deviations[session].append(deviation)
    calibrated = calibration_drift(sessions.looks, settings)
    by_anatomy = anatomy_drift(deviations, calibrated, settings)
    result: dict[str, Any] = {}
    for session, ids in sorted(members.items()):
        leads = _leads([curves[key] for key in ids if key in curves], settings)
        for estimated in leads.values():
            estimated.pop("curve", None)  # one for all sessions is enough for a file
        calibration = calibrated.get(session)
        result[str(session)] = {
            "readings": ids,
            **leads,
            "calibration": calibration and _with_pixels(calibration, sessions.display),
            "anatomy": by_anatomy.get(session),
        }
    return result


def _with_pixels(drift: Mapping[str, Any], display: EgdDisplay) -> dict[str, Any]:
    """Add screen pixels to a drift in degrees."""
    result = dict(drift)
    for axis, px_per_deg in (("x", display.px_per_deg_x), ("y", display.px_per_deg_y)):
        result[f"{axis}_screen_px"] = {
            name: None if value is None else round(value * px_per_deg, 2)
            for name, value in drift[f"{axis}_deg"].items()
        }
    return result
