"""Read a gold table with the texts of its reports."""

from collections import Counter
from pathlib import Path

import pyarrow as pa

from gazescribe.pipeline.core.errors import AlignmentError
from gazescribe.pipeline.dictation.checking.flips import Expected, Text
from gazescribe.pipeline.dictation.label_maps import LabelMap
from gazescribe.pipeline.dictation.mentions import read_mentions, read_own_texts
from gazescribe.pipeline.dictation.reports import read_reports


def read_texts(
    gold: Path | None, reports: Path | None, label_map: LabelMap, encoding: str
) -> list[Text]:
    """Give each report with the mentions that a gold table has of it.

    Of a report that the table does not name nothing is expected: it is not judged.

    Raises
    ------
    AlignmentError
        If the gold table is empty, names no text, or shares no label with the rules.
    """
    if reports is not None:
        left_out: Counter[str] = Counter()
        read = read_reports(reports, left_out, encoding=encoding)
        texts = {report.report_id: report.text for report in read}
    elif gold is not None:
        texts = read_own_texts(gold, encoding)
    if gold is None:
        return [Text(report_id, text, None) for report_id, text in texts.items()]
    table = {"reading_id": list(texts), "text": list(texts.values())}
    mentions = read_mentions(gold, pa.table(table), label_map, encoding=encoding).to_pylist()
    if not mentions:
        raise AlignmentError("the gold table has no mention.", where=gold)
    if not {mention["label"] for mention in mentions} & set(label_map.targets):
        message = "gold table and rules share no label."
        remedy = "Give the labels that labels.yaml maps to channels, not the channels."
        raise AlignmentError(message, where=gold, remedy=remedy)
    expected: dict[str, list[Expected]] = {}
    for mention in mentions:
        span = (mention["char_start"], mention["char_end"])
        mention_expected = Expected(*span, mention["label"], mention["polarity"])
        expected.setdefault(mention["report_id"], []).append(mention_expected)
    return [
        Text(report_id, text, tuple(expected[report_id]) if report_id in expected else None)
        for report_id, text in texts.items()
    ]
