"""Which rows are valid, as recorders say it: words, codes, a confidence, for one eye or both."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from gazescribe.pipeline.core.errors import quote
from gazescribe.pipeline.ingest.by_manifest.cell_texts import NO, YES, is_value
from gazescribe.pipeline.ingest.by_manifest.rows import Rows
from gazescribe.pipeline.ingest.csv_files import Mask
from gazescribe.pipeline.sources.cells import ValidCell
from gazescribe.pipeline.sources.faults import Findings

VALID = YES | {"valid"}
INVALID = NO | {"", "invalid", "n/a", "na", "nan", "null", "none", "-"}
DIGITS = frozenset({"0", "0.0", "1", "1.0"})
SAY = (
    "say `valid: {column: …, is: [Valid]}` with what valid rows have there, or `at_least: 0.6` or"
    " `at_most: 1` where it is a number"
)
MAX_SHOWN = 5
FEW = 5  # rows that may be so by chance


def stated_valid(rows: Rows, cell: ValidCell, findings: Findings) -> Mask:
    """Tell which rows are said to be valid; words that are not known are an error, and valid."""
    if cell.is_range:
        values, _ = rows.numbers(cell)
        least = -np.inf if cell.at_least is None else cell.at_least
        most = np.inf if cell.at_most is None else cell.at_most
        return (values >= least) & (values <= most)  # not where it is unknown
    column = rows.coded(cell)
    verdicts = np.zeros(len(column.values), dtype=bool)
    codes, first = np.unique(column.codes, return_index=True)
    used = codes[np.argsort(first)].tolist()  # in the order of the rows
    for code in used:
        text = column.values[code]
        if cell.is_ is not None:
            verdicts[code] = any(is_value(text, value) for value in cell.is_)
        else:
            verdicts[code] = text.lower() in VALID
    if cell.is_ is None:
        unknown = _refuse_unknown([column.values[code] for code in used], cell, findings)
        # Rows without a verdict stay, lest "no sample is valid" is said beside its cause.
        verdicts[[code for code in used if column.values[code] in unknown]] = True
    return verdicts[column.codes]


def _refuse_unknown(texts: Sequence[str], cell: ValidCell, findings: Findings) -> list[str]:
    """Note words that may mean valid or not, and give them.

    0 is good in Tobii Studio and bad in Tobii's SDK.
    """
    unknown = [text for text in texts if text.lower() not in VALID | INVALID]
    if not unknown and re.search("validity", cell.column or "", re.IGNORECASE):
        unknown = [text for text in texts if text in DIGITS]
    if unknown:
        shown = ", ".join(map(quote, unknown[:MAX_SHOWN]))
        more = f" and {len(unknown) - MAX_SHOWN} more" if len(unknown) > MAX_SHOWN else ""
        message = f"it is not known whether {shown}{more} in {cell.column} is valid: {SAY}"
        findings.add("error", "valid_unknown", message, loses="gaze")
    return unknown


def check_valid(valid: Mask, seen: Mask, columns: Any, findings: Findings) -> None:
    """Note rows of which none is valid, and refuse those that have positions only where invalid."""
    kind = columns.table
    if any(fault.code == "valid_unknown" for fault in findings.faults):
        return
    if len(valid) and not valid.any():
        message = f"no row is valid: {SAY}"
        findings.add("loss", f"{kind}_none_valid", message, loses=kind)
    n_valid, n_seen = int(valid.sum()), int((seen & ~valid).sum())
    if n_valid >= FEW and n_seen >= FEW and not (seen & valid).any():
        message = (
            f"none of {n_valid} rows that are said to be valid has a position, and {n_seen} that"
            f" are not have one: {SAY}"
        )
        findings.add("error", "valid_contrary", message, loses="gaze")
