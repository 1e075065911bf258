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

from pipeline.console import (
    EXISTING_FOLDER,
    FOLDER,
    command,
    json_option,
    params_option,
    summarise,
)
from pipeline.errors import AlignmentError
from pipeline.params import load_params
from pipeline.sync.apply import apply_to, check_target, moves_of
from pipeline.sync.drift import AXES
from pipeline.sync.estimates import run
from pipeline.sync.settings import Sync
from pipeline.tables import write_json


@command("sync")
@click.argument("tables", type=EXISTING_FOLDER)
@click.option("--raw", type=EXISTING_FOLDER, help="EGD tree: sessions and calibration pictures.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the JSON here.")
@click.option("--apply", "target", type=FOLDER, help="Write moved copies of TABLES to this folder.")
@click.option(
    "--what",
    type=click.Choice(["drift", "offset", "both"]),
    help="What --apply corrects: gaze by drift, words by offset, or both.",
)
@params_option
@json_option
def sync(
    tables: Path,
    raw: Path | None,
    out: Path | None,
    target: Path | None,
    what: str | None,
    params_file: Path | None,
    *,
    as_json: bool,
) -> None:
    """Estimate the offset between speech and gaze in TABLES, and the tracker's drift by session.

    Nothing is changed unless --apply says so, and then in a copy.
    """
    _check_request(raw, target, what)
    if target:
        check_target(tables, target)
    settings = load_params(params_file).sync
    result = run(tables, raw, settings)
    if target and what:
        moves = moves_of(tables, result if what != "offset" else {**result, "sessions": {}})
        offset_s = 0.0 if what == "drift" else _offset(result, settings, where=tables)
        result["applied"] = apply_to(tables, target, {**result, "what": what}, moves, offset_s)
    if out:
        write_json(result, out)
    summarise("\n".join(lines(result, settings)), result, as_json=as_json)


def _check_request(raw: Path | None, target: Path | None, what: str | None) -> None:
    if (target is None) != (what is None):
        problem = "--apply and --what belong together: where to, and what is to be corrected."
        raise AlignmentError(problem, remedy="Say --apply FOLDER --what drift, offset or both.")
    if what in ("drift", "both") and raw is None:
        problem = f"--what {what} needs sessions, which the tables do not hold."
        raise AlignmentError(problem, remedy="Give the EGD tree with --raw.")


def _offset(result: Mapping[str, Any], settings: Sync, *, where: Path) -> float:
    offset_s, p = result["offset"]["value_s"], result["arrival"]["p"]
    if offset_s is None or p > 1 - settings.confidence:
        problem = f"the gaze is not on what is named more than by chance (p = {p}): no offset."
        raise AlignmentError(problem, where=where, remedy="Apply --what drift alone.")
    return float(offset_s)


def lines(result: Mapping[str, Any], settings: Sync) -> Iterator[str]:
    """Say the estimates for people, and what they rest on."""
    lead, offset = result["lead"], result["offset"]
    if lead["value_s"] is None:
        yield f"lead: unknown, only {lead['n_readings']} readings name anatomy that has a box"
    else:
        how = f"{lead['n_phrases']} phrases of {lead['n_readings']} readings, p = {lead['p']}"
        yield f"gaze leads words by {_said(lead, '_s', 's')} ({how})"
        arrival = _said(result["arrival"], "_s", "s")
        yield (
            f"gaze arrives {arrival} before the sentence; {settings.expected_arrival_s:g} s were"
            f" expected, which would add {_said(offset, '_s', 's')} to the times of words"
        )
        if lead["p"] > 1 - settings.confidence:
            yield "this is no more than chance gives: do not use it"
    if result["sessions"] is None:
        yield "drift: unknown without sessions (--raw)"
    for name, session in (result["sessions"] or {}).items():
        yield f"session {name}: {_drift_said(session)}"
    if done := result.get("applied"):
        yield f"moved gaze of {done['n_readings_moved']} readings, words by {done['offset_s']:g} s"


def _drift_said(session: Mapping[str, Any]) -> str:
    parts = []
    for source in ("calibration", "anatomy"):
        if drift := session[source]:
            across, down = (_said(drift[axis], "", "°") for axis in AXES)
            parts.append(f"right {across}, down {down} by {source}")
        else:
            parts.append(f"no drift by {source}, for there are too few rows")
    return "; ".join(parts)


def _said(found: Mapping[str, Any], unit: str, sign: str) -> str:
    value, low, high = (found[f"{name}{unit}"] for name in ("value", "low", "high"))
    if value is None:
        return "an unknown time"
    blank = " " if sign == "s" else ""
    interval = "no interval" if low is None else f"{low:.2f} to {high:.2f}"
    return f"{value:.2f}{blank}{sign} ({interval})"
