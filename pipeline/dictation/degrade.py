"""Stage `degrade`: make the labeler worse on purpose, for one label.

Reads: a mentions table; with `--against` the readers' certainties of a folder of tables.
Writes: another mentions table, and beside it what was done, as JSON.
Params: section `degrade`. Drops: mentions of the label in a share of the cases that have one, each
case whole; counted, and told beside the share that was asked for.
Source: Lanfredi et al. 2023, Section 3.4: "the original mentions for the other nine abnormality
labels" stay, so a mention that is added lies beside the one whose words it borrows.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gazescribe.pipeline.core.errors import RuleError, SchemaError
from gazescribe.pipeline.core.files import replacing, write_json
from gazescribe.pipeline.core.foreign_tables import read_parquet
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.tables import conform, read_table
from gazescribe.pipeline.core.values import POLARITIES
from gazescribe.pipeline.dictation.evaluation.settings import REFERENCES, Degrade
from gazescribe.pipeline.dictation.label_maps import LabelMap, load_column_map, load_label_map

Row = dict[str, Any]


@dataclass(frozen=True)
class Noise:
    """What is done to the mentions of one channel of `labels.yaml`."""

    channel: str
    params: Degrade
    label_map: LabelMap

    def chance(self, purpose: str, report_id: str) -> float:
        """Draw from 0 to 1 by seed, purpose and report: their order does not matter."""
        text = f"{purpose}:{self.params.seed}:{self.channel}:{report_id}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64

    def channels_of(self, row: Row) -> tuple[str, ...]:
        """Channels that a mention reaches; none if it is denied."""
        return () if row["polarity"] == "negative" else self.label_map.channels_of(row["label"])

    def class_of(self, channels: tuple[str, ...]) -> str | None:
        """Find a class that reaches these channels and no other, the plainest name first."""
        names = [name for name, reached in self.label_map.targets.items() if reached == channels]
        return min(names, key=lambda name: (name != channels[0].casefold(), name), default=None)

    def added_class(self) -> str:
        """Find the class that a borrowed mention gets: one that reaches few other channels."""
        alone = self.class_of((self.channel,))
        reaching = [name for name, to in self.label_map.targets.items() if self.channel in to]
        return alone or min(reaching, key=lambda name: (len(self.label_map.targets[name]), name))


@dataclass(frozen=True)
class Case:
    """Mentions of one report, and what can be done to them."""

    report_id: str
    rows: list[Row]
    hits: list[Row]  # those that reach the label
    # mentions of other labels, said to be the label as well; none where the report has it
    borrowed: list[Row]


def degrade_mentions(mentions: pa.Table, noise: Noise) -> tuple[pa.Table, dict[str, int]]:
    """Drop a label's mentions in some cases, and make some up in others; count cases and mentions.

    Notes
    -----
    A case is a report that mentions anything, be it denied. It has the label if a positive or
    uncertain mention reaches it. One that has none can get one if it mentions another label, whose
    words are then taken for both. `add_share` is of all cases without the label, so those that can
    get one do so with a probability that is higher in proportion, at most 1. A class that reaches
    other channels too leaves them behind, where another class says just these.
    """
    cases = _cases_of(mentions, noise)
    n_without = sum(not case.hits for case in cases)
    n_possible = sum(bool(case.borrowed) for case in cases)
    add_probability = min(1.0, noise.params.add_share * n_without / max(n_possible, 1))
    counts: Counter[str] = Counter()
    rows = []
    for case in cases:
        rows += _degrade_case(case, noise, add_probability, counts)
    table = pa.Table.from_pylist(rows, schema=TABLES["mentions"].schema)
    return conform(table, "mentions"), dict(counts)


def shares_of(counts: Mapping[str, int], params: Degrade) -> dict[str, dict[str, float | None]]:
    """Set the shares of cases that were reached beside those that were asked for.

    Drops are of the cases with the label, additions of those without it; of additions also the most
    that is `possible`. A share of no case is None.
    """
    counted = Counter(counts)
    n_with, n_without = counted["cases_with_label"], counted["cases_without_label"]
    n_possible = n_without - counted["cases_without_any_other_mention"]
    return {
        "drop": {
            "asked": params.drop_share,
            "reached": counted["cases_dropped"] / n_with if n_with else None,
        },
        "add": {
            "asked": params.add_share,
            "reached": counted["cases_added"] / n_without if n_without else None,
            "possible": n_possible / n_without if n_without else None,
        },
    }


def _cases_of(mentions: pa.Table, noise: Noise) -> list[Case]:
    cases = []
    added_class = {"label": noise.added_class()}
    for report_id, group in groupby(mentions.to_pylist(), key=lambda row: str(row["report_id"])):
        rows = list(group)
        hits = [row for row in rows if noise.channel in noise.channels_of(row)]
        borrowed = []
        if not hits:
            renamed = [row | added_class for row in rows if noise.channels_of(row)]
            borrowed = [row for row in renamed if _is_new(row, rows)]
        cases.append(Case(report_id, rows, hits, borrowed))
    return cases


def _degrade_case(
    case: Case, noise: Noise, add_probability: float, counts: Counter[str]
) -> list[Row]:
    if case.hits:
        counts["cases_with_label"] += 1
        if noise.chance("drop", case.report_id) >= noise.params.drop_share:
            return case.rows
        counts["cases_dropped"] += 1
        counts["mentions_dropped"] += len(case.hits)
        remaining = [row for row in case.rows if row not in case.hits]
        for row in _rest_of(case.hits, noise, counts):
            if _is_new(row, remaining):
                remaining.append(row)
        return remaining
    counts["cases_without_label"] += 1
    if not case.borrowed:
        counts["cases_without_any_other_mention"] += 1
        return case.rows
    if noise.chance("add", case.report_id) >= add_probability:
        return case.rows
    counts["cases_added"] += 1
    number = int(noise.chance("choose", case.report_id) * len(case.borrowed))
    return [*case.rows, case.borrowed[number]]


def _rest_of(hits: list[Row], noise: Noise, counts: Counter[str]) -> list[Row]:
    """Mentions of what the dropped ones also said, in classes that say no more than that."""
    replacements = []
    for row in hits:
        channels = tuple(channel for channel in noise.channels_of(row) if channel != noise.channel)
        label = noise.class_of(channels) if channels else None
        if label:
            replacements.append(row | {"label": label})
        elif channels:
            counts["mentions_of_other_labels_lost"] += 1
    return replacements


def _is_new(row: Row, case: list[Row]) -> bool:
    key = TABLES["mentions"].key
    return all(any(row[name] != mention[name] for name in key) for mention in case)


def reference(tables: Path, channel: str, columns: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """Give how certain the readers of dictations were of a channel, the highest, by reading.

    Of readings with a text whose certainties are all known.
    """
    texts = read_table(tables, "readings", ["reading_id", "text"]).to_pylist()
    dictated = {row["reading_id"] for row in texts if (row["text"] or "").strip()}
    certainty: dict[str, int] = {}
    unknown = set()
    for row in read_table(tables, "certainties").to_pylist():
        if row["reading_id"] in dictated and channel in columns.get(row["label"], ()):
            if row["certainty"] is None:
                unknown.add(row["reading_id"])
            highest = certainty.get(row["reading_id"], 0)
            certainty[row["reading_id"]] = max(highest, row["certainty"] or 0)
    return {key: value for key, value in certainty.items() if key not in unknown}


def score(mentions: pa.Table, noise: Noise, certainty: Mapping[str, int]) -> dict[str, Any]:
    """Recall and precision of a label's mentions, at both cut-offs of the readers' certainty."""
    mentioned = {
        row["report_id"] for row in mentions.to_pylist() if noise.channel in noise.channels_of(row)
    }
    scores: dict[str, Any] = {}
    for name, least in REFERENCES.items():
        true = {reading_id for reading_id, value in certainty.items() if value >= least}
        claimed = mentioned & set(certainty)
        hits = len(true & claimed)
        scores[name] = {
            "recall": hits / len(true) if true else None,
            "precision": hits / len(claimed) if claimed else None,
        }
    return scores


def read_whole(path: Path) -> pa.Table:
    """Read a mentions table of any name; `SchemaError` if it is no Parquet, or another table."""
    remedy = "Give what `gazescribe label` wrote as .parquet."
    table = read_parquet(path, remedy=remedy)
    try:
        mentions = conform(table, "mentions")
    except SchemaError as error:
        raise SchemaError(error.what, where=path, remedy=remedy, faults=error.faults) from error
    strange = set(mentions["polarity"].unique().to_pylist()) - set(POLARITIES)
    if strange:
        message = f"{len(strange)} of its polarities are none of {', '.join(POLARITIES)}."
        raise SchemaError(message, where=path, remedy=remedy)
    return mentions


def run(
    mentions: Path,
    out: Path,
    params: Degrade,
    *,
    against: Path | None = None,
    rules: Path | None = None,
) -> dict[str, Any]:
    """Degrade a table of mentions; write it and its counts; give the counts.

    Raises
    ------
    GazeError
        If the label is none of the channels, or a table is not what it must be.
    """
    if out.suffix != ".parquet":
        raise SchemaError("mentions are written here as .parquet.", where=out)
    label_map = load_label_map(rules)
    by_folded = {channel.casefold(): channel for channel in label_map.channels}
    channel = by_folded.get(params.label.strip().casefold())
    if channel is None:
        remedy = f"Choose of: {', '.join(label_map.channels)}."
        raise RuleError(f"{params.label!r} is none of the channels.", remedy=remedy)
    noise = Noise(channel, params, label_map)
    before = read_whole(mentions)
    after, counts = degrade_mentions(before, noise)
    summary: dict[str, Any] = {
        "params": params.model_dump(),
        "counts": counts,
        "shares": shares_of(counts, params),
    }
    if against is not None:
        columns = load_column_map("reflacx", label_map.channels, rules)
        certainty = reference(against, noise.channel, columns)
        summary["n_scored"] = len(certainty)
        summary["before"] = score(before, noise, certainty)
        summary["after"] = score(after, noise, certainty)
    counted = out.with_suffix(".json")
    with replacing(counted) as counted_beside, replacing(out) as beside:
        pq.write_table(after, beside, compression="zstd")
        write_json(summary, counted_beside)
        counted.unlink(missing_ok=True)  # so that a run that is killed here leaves no older one
    return summary
