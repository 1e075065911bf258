import pytest
import yaml

from gazescribe.pipeline.ingest.drafting.writing import Guess, Question, as_yaml, scalar


@pytest.mark.parametrize(
    "value",
    ["a", "a b", "on", "1", 1, 2.5, True, "{id}.csv", r"P\d+", "a: b", "\t", "", "it's", "~"],
)
def test_scalars_come_back_as_they_were(value):
    assert yaml.safe_load(f"key: {scalar(value)}") == {"key": value}


def test_reasons_and_questions():
    content = {
        "name": "lab",
        "tables": {
            "words": {
                "file": Guess("a.csv", "2 files"),
                "columns": {"text": "word", "onset_s": {"column": "t", "unit": Question("s, ms?")}},
            }
        },
    }
    assert list(as_yaml(content)) == [
        "name: lab",
        "tables:",
        "  words:",
        "    file: a.csv  # 2 files",
        "    columns:",
        "      text: word",
        '      onset_s: {column: t, unit: !ask "s, ms?"}',
    ]
