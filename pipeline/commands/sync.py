"""The command `sync`: offset between speech and gaze, drift of the tracker by session.

Reads: readings, fixations, words, sentences, regions; with `--raw`, EGD's `fixations.csv` for
sessions and calibration pictures. Writes: nothing, or a JSON, or with `--apply` a copy of the
tables. Params: `sync`. Drops, counted: readings without gaze, dictation, boxes or a phrase of
`rules/anatomy.yaml`; phrases without box or time; calibration rows that are no look at the disc.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.errors import AlignmentError
from gazescribe.pipeline.core.files import write_json
from gazescribe.pipeline.gaze.sync.apply import apply_to, check_target, is_told, moves_of
from gazescribe.pipeline.gaze.sync.drift import AXES
from gazescribe.pipeline.gaze.sync.estimates import run
from gazescribe.pipeline.gaze.sync.settings import Sync


@options.command("sync", example="gazescribe sync data/tables/egd", section="sync")
@click.argument("tables", type=options.EXISTING_FOLDER)
@click.option(
    "--raw", type=options.EXISTING_FOLDER, help="EGD tree: sessions and calibration pictures."
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the JSON here.")
@click.option(
    "--apply", "target", type=options.FOLDER, help="Write moved copies of TABLES to this folder."
)
@click.option(
    "--what",
    "correction",
    type=click.Choice(["drift", "offset", "both"]),
    help="What --apply corrects: gaze by drift, words by offset, or both.",
)
@options.params_option
@options.json_option
def sync(
    tables: Path,
    raw: Path | None,
    out: Path | None,
    target: Path | None,
    correction: str | None,
    params_file: Path | None,
    as_json: bool,
) -> None:
    """Estimate the offset between speech and gaze in TABLES, and the tracker's drift by session.

    Nothing is changed unless --apply says so, and then in a copy.
    """
    _check_request(raw, target, correction)
    if target:
        check_target(tables, target)
    settings = load_params(params_file).sync
    result = run(tables, raw, settings)
    if target and correction:
        # Without sessions there is no drift to correct: words alone are moved.
        drifts = result if correction != "offset" else {**result, "sessions": {}}
        moves = moves_of(tables, drifts)
        offset_s = 0.0
        if correction != "drift":
            offset_s = _offset(result, correction, settings, where=tables)
        result["what"] = correction
        result["applied"] = apply_to(tables, target, result, moves, offset_s)
    if out:
        write_json(result, out)
    options.summarise("\n".join(lines(result, settings)), result, as_json=as_json)


def _check_request(raw: Path | None, target: Path | None, correction: str | None) -> None:
    if (target is None) != (correction is None):
        problem = "--apply and --what belong together: where to, and what is to be corrected."
        raise AlignmentError(problem, remedy="Say --apply FOLDER --what drift, offset or both.")
    if correction in ("drift", "both") and raw is None:
        problem = f"--what {correction} needs sessions, which the tables do not hold."
        raise AlignmentError(problem, remedy="Give the EGD tree with --raw.")


def _offset(result: Mapping[str, Any], correction: str, settings: Sync, *, where: Path) -> float:
    """Give what is added to the times of words: 0 where `both` was asked and it may be 0."""
    offset, p = result["offset"], result["arrival"]["p"]
    if offset["value_s"] is None or p > 1 - settings.confidence:
        problem = f"the gaze is not on what is named more than by chance (p = {p}): no offset."
        raise AlignmentError(problem, where=where, remedy="Apply --what drift alone.")
    if is_told(offset, "_s"):
        return float(offset["value_s"])
    if correction == "offset":
        problem = f"the offset cannot be told from 0: {_with_interval(offset, '_s', 's')}."
        raise AlignmentError(problem, where=where, remedy="Leave the words as they are.")
    return 0.0


def lines(result: Mapping[str, Any], settings: Sync) -> Iterator[str]:
    """Say the estimates for people, and what they rest on."""
    lead, offset = result["lead"], result["offset"]
    if lead["value_s"] is None:
        yield f"lead: unknown, only {lead['n_readings']} readings name anatomy that has a box"
    else:
        basis = f"{lead['n_phrases']} phrases of {lead['n_readings']} readings, p = {lead['p']}"
        follows, distance = _ahead(lead)
        distance_s = _with_interval(distance, "_s", "s")
        yield f"gaze {'follows' if follows else 'leads'} words by {distance_s} ({basis})"
        is_after, distance = _ahead(result["arrival"])
        yield (
            f"gaze arrives {_with_interval(distance, '_s', 's')}"
            f" {'after' if is_after else 'before'} the sentence;"
            f" {settings.expected_arrival_s:g} s before it was expected, which would add"
            f" {_with_interval(offset, '_s', 's')} to the times of words"
        )
        if lead["p"] > 1 - settings.confidence:
            yield "this is no more than chance gives: do not use it"
    if result["sessions"] is None:
        yield "drift: unknown without sessions (--raw)"
    for name, session in (result["sessions"] or {}).items():
        yield f"session {name}: {_drift_line(session)}"
    if moved := result.get("applied"):
        yield "; ".join(_lines_of_moves(result, moved))


def _lines_of_moves(result: Mapping[str, Any], moved: Mapping[str, Any]) -> Iterator[str]:
    """Say what was moved; and of what was asked for and was not moved, why."""
    n_moved, offset_s = moved["n_readings_moved"], moved["offset_s"]
    if result["what"] != "offset":
        sessions = result["sessions"].values()
        has_drift = any(session["calibration"] or session["anatomy"] for session in sessions)
        why = "all intervals hold 0" if has_drift else "no session has an estimate"
        yield f"moved gaze of {n_moved} readings{'' if n_moved else f' ({why})'}"
    if result["what"] != "drift":
        why = "" if offset_s else " (its interval holds 0)"
        yield f"moved words by {offset_s:g} s{why}"


def _ahead(estimate: Mapping[str, Any]) -> tuple[bool, Mapping[str, Any]]:
    """Tell whether gaze comes after speech, and give by how much it is ahead or behind."""
    value, low, high = (estimate[f"{name}_s"] for name in ("value", "low", "high"))
    if value is None or value >= 0:
        return False, estimate
    if low is not None:  # 0.0 - x, for -x would print a zero as -0.00
        low, high = 0.0 - high, 0.0 - low
    return True, {"value_s": 0.0 - value, "low_s": low, "high_s": high}


def _drift_line(session: Mapping[str, Any]) -> str:
    parts = []
    for source in ("calibration", "anatomy"):
        if drift := session[source]:
            across, down = (_with_interval(drift[axis], "", "°") for axis in AXES)
            parts.append(f"right {across}, down {down} by {source}")
        else:
            parts.append(f"no drift by {source}, for there are too few rows")
    return "; ".join(parts)


def _with_interval(estimate: Mapping[str, Any], unit: str, sign: str) -> str:
    value, low, high = (estimate[f"{name}{unit}"] for name in ("value", "low", "high"))
    if value is None:
        return "an unknown time"
    blank = " " if sign == "s" else ""
    interval = "no interval" if low is None else f"{low:.2f} to {high:.2f}"
    return f"{value:.2f}{blank}{sign} ({interval})"
