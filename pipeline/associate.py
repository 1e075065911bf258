"""Tie fixations to mentions: windows of time, and the Gaussians that draw them.

Reads: `readings, fixations, words, sentences` of a folder of tables; mentions of our labeler or of
anybody else's.
Writes: `windows.parquet`, `gaussians.parquet`, `associate.json`.
Params: `associate`.
Drops: nothing silently; readings without gaze or size and windows without a map are counted.
Source: Lanfredi et al. 2023, Sections 2.1.2 and 2.8; `spec/mil.md` section 1. Where paper and
published code differ, the code's reading is the default since it produced the published figures.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.console import (
    EXISTING_FILE,
    EXISTING_FOLDER,
    FOLDER,
    command,
    json_option,
    parallel_options,
    params_option,
    summarise,
)
from pipeline.errors import ParamsError
from pipeline.mentions import read_mentions
from pipeline.parallel import map_tasks
from pipeline.params import Associate, load_params, override
from pipeline.rules_io import LabelMap, load_label_map
from pipeline.schemas import TABLES
from pipeline.tables import (
    TableWriter,
    conform,
    read_readings,
    read_table,
    rows_of,
    split_source,
    write_json,
)

READINGS_A_TASK = 256

LAGGED_STARTS = ("startofsentence", "mention", "endofsentence")
STARTS = (*LAGGED_STARTS, "allsentences", "double", "andpause", "single", "all")
ENDS = ("startofsentence", "endofsentence", "firstmention", "lastmention", "nextword")
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
    params: Associate,
    label_map: LabelMap,
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

    Returns
    -------
    tuple
        Rows of `windows`, and for each a dict of columns of `gaussians`.
    """
    windows = list(_opened(reading, words, sentences, mentions, params, label_map))
    if len(words["onset_s"]):
        windows.append(Window("report", None, None, None, 0.0, float(words["offset_s"].max())))
    onset_s, offset_s = fixations["onset_s"], fixations["offset_s"]
    begin, end = float(onset_s.min(initial=np.inf)), float(offset_s.max(initial=-np.inf))
    if len(onset_s):
        windows.append(Window("reading", None, None, None, begin, end))
    rows, drawn = [], []
    last_s = max(end, float(words["offset_s"].max(initial=-np.inf)))
    for number, opened in enumerate(windows):
        window = replace(opened, end_s=min(opened.end_s, last_s))
        counted, overlap = fixation_overlap(onset_s, offset_s, window)
        lengths = offset_s[counted] - onset_s[counted]
        rows.append(_window_row(reading, number, window, lengths, overlap))
        drawn.append(_gaussians(reading, number, fixations, counted, overlap, params.sigma_deg))
    return rows, drawn


def _opened(
    reading: dict[str, Any],
    words: Columns,
    sentences: Columns,
    mentions: Columns,
    params: Associate,
    label_map: LabelMap,
) -> Iterator[Window]:
    opening = ("positive", "uncertain") if params.uncertain_opens else ("positive",)
    used = [
        index
        for index, label in enumerate(mentions["label"])
        if mentions["polarity"][index] in opening and label_map.channels_of(label)
    ]
    if not used or not len(words["onset_s"]):
        return
    chosen = {name: values[used] for name, values in mentions.items()}
    if params.unit == "mention":
        yield from _mention_windows(words, sentences, chosen, params, label_map)
    else:
        yield from _sentence_windows(reading, words, sentences, chosen, params, label_map)


def _sentence_windows(
    reading: dict[str, Any],
    words: Columns,
    sentences: Columns,
    mentions: Columns,
    params: Associate,
    label_map: LabelMap,
) -> Iterator[Window]:
    of = _sentence_of(mentions["char_start"], sentences)
    unfinished = not reading["text"].rstrip().endswith(".")
    for sentence in np.unique(of):
        last = sentence == len(sentences["onset_s"]) - 1
        if params.trailing_text == "drop" and last and unfinished:
            continue
        inside = {name: values[of == sentence] for name, values in mentions.items()}
        times = [
            _mention_time(int(start), int(end), words, params.mention_time)
            for start, end in zip(inside["char_start"], inside["char_end"], strict=True)
        ]
        first = int(np.argmin(inside["char_start"]))
        latest = int(np.argmax(inside["char_start"]))
        start_s, end_s = sentence_window(
            params.start,
            params.end,
            params.lag_s,
            sentence=int(sentence),
            sentences=sentences,
            first_mention_s=times[first],
            last_mention_s=times[latest],
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
    params: Associate,
    label_map: LabelMap,
) -> Iterator[Window]:
    spans = np.stack([mentions["char_start"], mentions["char_end"]], axis=1)
    for start, end in np.unique(spans, axis=0):
        here = (spans == (start, end)).all(axis=1)
        overlapping = np.flatnonzero((words["char_start"] < end) & (words["char_end"] > start))
        if not len(overlapping):
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
            *_label_counts({name: values[here] for name, values in mentions.items()}, label_map),
        )


def _next_word_s(words: Columns, last: int) -> float:
    """Start of the next token that is not punctuation; without end after the last one."""
    for index in range(last + 1, len(words["text"])):
        if not set(words["text"][index]) <= PUNCTUATION:
            return float(words["onset_s"][index])
    return np.inf


def _mention_time(start: int, end: int, words: Columns, which: str) -> float:
    """When a mention was said (`spec/mil.md` 1.3).

    `start`: onset of the word that holds its first character, the latest when two touch there (the
    published code). `end`: offset of the word that holds its last character (the paper's words).
    """
    if which == "start":
        return float(words["onset_s"][_last_before(start + 1, words)])
    return float(words["offset_s"][_last_before(end, words)])


def _last_before(char: int, words: Columns) -> int:
    """Find the last word that starts before a character; the first word where none does."""
    return max(int(np.searchsorted(words["char_start"], char)) - 1, 0)


def _sentence_of(char_start: NDArray[Any], sentences: Columns) -> NDArray[np.intp]:
    """Find the sentence that holds a character: the last one that does not start after it."""
    found = np.searchsorted(sentences["char_start"], char_start, side="right") - 1
    return np.maximum(found, 0)


def _label_counts(
    mentions: Columns, label_map: LabelMap
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
            spans.setdefault(channel, {})[(int(start), int(end))] = polarity
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
    nothing = not len(overlap_s) or (lengths_s.any() and not overlap_s.any())
    status = "reversed" if window.end_s < window.start_s else "empty" if nothing else "ok"
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


def associate_readings(
    ids: Sequence[str], *, tables: Path, mentions: pa.Table, params: Associate, label_map: LabelMap
) -> dict[str, pa.Table]:
    """Windows and Gaussians of some readings: one task."""
    parts = {
        name: read_readings(tables, name, ids)
        for name in ("readings", "words", "sentences", "fixations")
    }
    spoken = rows_of(mentions, "report_id", ids)
    rows: list[dict[str, Any]] = []
    drawn: list[Columns] = []
    for one in ids:
        reading = {name: values[0] for name, values in parts["readings"][one].items()}
        reading |= {"width_px": int(reading["width_px"]), "height_px": int(reading["height_px"])}
        new_rows, new_drawn = associate_reading(
            reading,
            parts["words"][one],
            parts["sentences"][one],
            spoken[one],
            parts["fixations"][one],
            params=params,
            label_map=label_map,
        )
        rows += new_rows
        drawn += new_drawn
    gaussians = (
        {name: np.concatenate([one[name] for one in drawn]) for name in drawn[0]}
        if drawn
        else TABLES["gaussians"].schema.empty_table()
    )
    windows = pa.Table.from_pylist(rows, schema=TABLES["windows"].schema)
    return {"windows": conform(windows, "windows"), "gaussians": conform(gaussians, "gaussians")}


def run(
    tables: Path,
    mentions: Path,
    out: Path,
    params: Associate,
    *,
    rules: Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
) -> dict[str, Any]:
    """Associate a whole folder; write windows and Gaussians; give the counts.

    Raises
    ------
    GazeError
        If tables, mentions or rules do not fit together.
    """
    label_map = load_label_map(rules)
    readings = read_table(tables, "readings")
    spoken = read_mentions(mentions, readings, label_map)
    left_out = {
        "no gaze": pc.invert(readings["has_gaze"]),
        "no image size": pc.and_(
            readings["has_gaze"],
            pc.or_(pc.is_null(readings["width_px"]), pc.is_null(readings["height_px"])),
        ),
    }
    dropped = {reason: pc.sum(which).as_py() or 0 for reason, which in left_out.items()}
    used = pc.invert(pc.or_(*left_out.values()))
    ids = readings.filter(used)["reading_id"].to_pylist()
    tasks = [ids[at : at + READINGS_A_TASK] for at in range(0, len(ids), READINGS_A_TASK)]
    statuses: Counter[str] = Counter()
    metadata = {"sigma_deg": str(params.sigma_deg), "params": params.model_dump_json()}
    with (
        TableWriter(out, "windows", metadata) as windows,
        TableWriter(out, "gaussians", metadata) as gaussians,
    ):
        for part in map_tasks(
            partial(_associate_task, tables=tables, params=params, label_map=label_map),
            [(chunk, _spoken_by(spoken, chunk)) for chunk in tasks],
            workers=workers,
            scheduler=scheduler,
            description="associate",
        ):
            windows.write(part["windows"])
            gaussians.write(part["gaussians"])
            kinds, states = part["windows"]["kind"], part["windows"]["status"]
            statuses.update(map(" ".join, zip(kinds.to_pylist(), states.to_pylist(), strict=True)))
    summary = {
        "params": params.model_dump(),
        "split_source": split_source(tables),
        "n_readings": len(ids),
        "n_mentions": spoken.num_rows,
        "n_windows": dict(sorted(statuses.items())),
        "n_gaussians": gaussians.n_rows,
        "readings_left_out": dropped,
    }
    write_json(summary, out / "associate.json")
    return summary


def _associate_task(
    task: tuple[Sequence[str], pa.Table], *, tables: Path, params: Associate, label_map: LabelMap
) -> dict[str, pa.Table]:
    ids, mentions = task
    return associate_readings(
        ids, tables=tables, mentions=mentions, params=params, label_map=label_map
    )


def _spoken_by(mentions: pa.Table, ids: Sequence[str]) -> pa.Table:
    report = mentions["report_id"]
    return mentions.filter(
        pc.and_(pc.greater_equal(report, ids[0]), pc.less_equal(report, ids[-1]))
    )


@command("associate")
@click.argument("tables", type=EXISTING_FOLDER)
@click.argument("mentions", type=EXISTING_FILE)
@click.argument("out", type=FOLDER)
@click.option(
    "--unit", type=click.Choice(["sentence", "mention"]), help="What a window belongs to."
)
@click.option("--start", type=click.Choice(STARTS), help="Rule for the window's start.")
@click.option("--lag", "lag_s", type=float, help="Delay of that rule, seconds.")
@click.option("--end", type=click.Choice(ENDS), help="Rule for the window's end.")
@click.option(
    "--mention-time",
    type=click.Choice(["start", "end"]),
    help="A mention is said at the start of its first word, or at the end of its last.",
)
@click.option("--rules", type=EXISTING_FOLDER, help="Rules folder with labels.yaml.")
@params_option
@parallel_options
@json_option
def associate(
    tables: Path,
    mentions: Path,
    out: Path,
    rules: Path | None,
    params_file: Path | None,
    workers: int | None,
    scheduler: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Tie fixations to mentions: write OUT/windows.parquet and OUT/gaussians.parquet.

    TABLES is an ingested folder. MENTIONS is what `gazescribe label` wrote, or anybody's spans with
    report id, span, label and polarity (csv, jsonl, parquet).
    """
    section = override(load_params(params_file).associate, **options)
    _check_rules(section, options)
    summary = run(tables, mentions, out, section, rules=rules, workers=workers, scheduler=scheduler)
    counts = summary["n_windows"]
    opened = {name: n for name, n in counts.items() if name.split()[0] in ("sentence", "mention")}
    found = ", ".join(f"{n} {name}" for name, n in opened.items()) or "no sentence"
    line = f"{summary['n_readings']} readings, windows: {found}; {summary['n_gaussians']} Gaussians"
    left = ", ".join(f"{n} {why}" for why, n in summary["readings_left_out"].items() if n)
    summarise(f"{line}; left out: {left or 'none'} → {out}", summary, as_json=as_json)


def _check_rules(params: Associate, options: dict[str, Any]) -> None:
    if params.unit == "sentence" and params.end == "nextword":
        raise ParamsError("end rule nextword needs unit mention.", remedy="Add --unit mention.")
    given = [name for name in ("start", "lag_s", "mention_time") if options[name] is not None]
    if params.unit == "mention" and given:
        named = ", ".join("--" + name.removesuffix("_s").replace("_", "-") for name in given)
        raise ParamsError(
            f"{named} is for unit sentence: a mention's own window is its words.",
            remedy="Leave it out, or use --unit sentence.",
        )
    if params.unit == "mention" and options["end"] not in (None, "lastmention", "nextword"):
        raise ParamsError(
            f"end rule {params.end} is for unit sentence.",
            remedy="With --unit mention use lastmention (its last word) or nextword.",
        )
