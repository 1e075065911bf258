import json

import pandas as pd
import pytest

from gazescribe.pipeline.core.errors import AlignmentError
from gazescribe.pipeline.dictation.label_maps import load_label_map
from gazescribe.pipeline.dictation.mentions import POLARITY_WORDS, read_mentions
from tests.synthetic import mention, reading, table

TEXT = "heart is big . edema seen ."
HEAD = "report_id,char_start,char_end,label,polarity"
WIDE = "Reports,pulmonary edema,pulmonary edema_location"
TOLD = {"report_id": "R1", "char_start": 15, "char_end": 20, "label": "Edema", "polarity": "DP"}
SPANS = {
    "one span": "[15, 20]",
    "number": "5",
    "word": "nope",
    "deep": "[" * 5000,
    "digits": "[[" + "1" * 5000 + ", 2]]",
}
READINGS = table(
    [reading(text=TEXT), reading("R2", "no edema\u2028here ."), reading("R3")], "readings"
)


@pytest.fixture
def read(tmp_path):
    def write_and_read(content, suffix=".csv"):
        path = tmp_path / f"mentions{suffix}"
        if isinstance(content, pd.DataFrame):
            content.to_parquet(path)
        elif isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content, encoding="utf-8")
        return read_mentions(path, READINGS, load_label_map()).to_pylist()

    return write_and_read


def as_csv(told):
    return ",".join(told) + "\n" + ",".join(str(value) for value in told.values()) + "\n"


def renamed(told, names):
    return {names.get(name, name): value for name, value in told.items()}


@pytest.mark.parametrize(
    ("content", "suffix"),
    [
        pytest.param(as_csv(TOLD), ".csv", id="csv"),
        pytest.param(json.dumps(TOLD) + "\n\n", ".jsonl", id="jsonl"),
        pytest.param(pd.DataFrame([TOLD]), ".parquet", id="parquet"),
        pytest.param(
            as_csv(renamed(TOLD, {"report_id": "id", "char_start": "begin", "char_end": "stop"})),
            ".csv",
            id="other column names",
        ),
        pytest.param(as_csv(TOLD | {"char_start": 15.0, "char_end": "20.0"}), ".csv", id="15.0"),
        pytest.param(as_csv(TOLD | {"label": " EDEMA "}), ".csv", id="label in capitals"),
        pytest.param(as_csv(TOLD | {"score": 0.7}), ".csv", id="a column more"),
        pytest.param(as_csv(TOLD) + "R1,15,20,edema,positive\n", ".csv", id="said twice"),
    ],
)
def test_spans_of_anybody(read, content, suffix):
    (row,) = read(content, suffix)
    expected = mention(TEXT, "edema", concept=row["concept"], sentence=1)
    empty = dict.fromkeys(("rule_id", "trigger", "onset_s", "offset_s"))
    assert row == expected | empty
    assert row["concept"].strip().casefold() == "edema"


def test_our_own_columns_are_kept(read):
    ours = {"concept": "wet lung", "sentence": 0, "rule_id": "n7", "trigger": "", "onset_s": 1.5}
    (row,) = read(as_csv(TOLD | ours))
    assert {name: row[name] for name in ours} == ours | {"trigger": None}
    assert row["offset_s"] is None
    (row,) = read(json.dumps(TOLD | ours), ".jsonl")
    assert row["sentence"] == 0


@pytest.mark.parametrize(
    ("word", "polarity"),
    [(word, polarity) for polarity, words in POLARITY_WORDS.items() for word in words],
)
def test_polarity_words(read, word, polarity):
    (row,) = read(as_csv(TOLD | {"polarity": f" {word.upper()}"}))
    assert row["polarity"] == polarity


def test_a_line_separator_inside_a_text_ends_no_line(read):
    told = TOLD | {"report_id": "R2", "char_start": 3, "char_end": 13, "text": "edema\u2028here"}
    (row,) = read(json.dumps(told, ensure_ascii=False), ".jsonl")
    assert row["text"] == "edema\u2028here"


@pytest.mark.parametrize(
    ("content", "suffix"),
    [
        pytest.param(HEAD + "\n", ".csv", id="csv with head only"),
        pytest.param("", ".jsonl", id="jsonl without line"),
        pytest.param(f"{WIDE}\n{TEXT},,[]\n", ".csv", id="wide without span"),
    ],
)
def test_no_mention(read, content, suffix):
    assert read(content, suffix) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"report_id": "RX"}, "no reading 'RX' with a text", id="no reading"),
        pytest.param({"report_id": "R3"}, "no reading 'R3' with a text", id="no text"),
        pytest.param({"polarity": "so so"}, "polarity 'so so' is none of positive", id="polarity"),
        pytest.param({"char_start": "x"}, "char_start 'x' is no whole number", id="no number"),
        pytest.param({"char_end": "20.5"}, "char_end '20.5' is no whole number", id="half"),
        pytest.param({"char_end": ""}, "char_end '' is no whole number", id="no end"),
        pytest.param({"char_end": 99}, r"15 to 99 lies outside a text of 27 .* \(R1\)", id="long"),
        pytest.param({"char_start": 20}, "span 20 to 20 lies outside", id="empty span"),
        pytest.param({"char_start": -1}, "span -1 to 20 lies outside", id="negative"),
        pytest.param(
            {"text": "oedema"}, "not what stands from character 15 to 20", id="other text"
        ),
        pytest.param({"onset_s": "soon"}, "onset_s 'soon' is no number of seconds", id="time"),
        pytest.param({"onset_s": "nan"}, "onset_s 'nan' is no number of seconds", id="nan"),
        pytest.param({"sentence": "last"}, "sentence 'last' is no whole number", id="sentence"),
        pytest.param({"char_start": "1_5"}, "char_start '1_5' is no whole number", id="underscore"),
        pytest.param({"sentence": -1}, "sentence -1 lies outside a text of 27", id="before"),
        pytest.param({"sentence": 2**40}, "sentence 1.* lies outside a text of", id="far"),
        pytest.param({"label": " "}, "row 1: label is empty", id="no label"),
        pytest.param({"report_id": ""}, "row 1: report_id is empty", id="no id"),
        pytest.param({"label": "Edma"}, "no label 'Edma'; the nearest is Edema", id="label"),
    ],
)
def test_faults_of_a_row(read, change, message):
    with pytest.raises(AlignmentError, match=message) as raised:
        read(as_csv(TOLD | change))
    assert raised.value.where.endswith("mentions.csv")
    assert len(raised.value.faults) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"char_end": 10**400}, "char_end of 401 characters is no whole", id="big"),
        pytest.param({"char_start": True}, "char_start True is no whole number", id="boolean"),
        pytest.param({"char_start": [15]}, r"char_start \[15\] is no whole number", id="list"),
        pytest.param({"polarity": [1]}, r"polarity \[1\] is none of", id="polarity"),
        pytest.param({"label": 3}, "row 1: label is no text", id="label"),
        pytest.param({"concept": {"a": 1}}, "row 1: concept is no text", id="concept"),
        pytest.param({"trigger": "\ud800"}, "trigger has half of a surrogate pair at", id="half"),
        pytest.param({"report_id": ["R1"]}, "row 1: report_id is no text", id="id"),
    ],
)
def test_faults_of_a_row_of_json(read, change, message):
    with pytest.raises(AlignmentError, match=message) as raised:
        read(json.dumps(TOLD | change) + "\n", ".jsonl")
    assert len(raised.value.faults) == 1


def test_no_message_shows_a_text(read):
    """Neither the words of a span, nor what stands in a table without a header."""
    text = "Something that nobody else may read. It is long."
    for content in (f'"{text}",1\n{text},2\n', f"{HEAD},text\nR1,15,20,edema,dp,{text}\n"):
        with pytest.raises(AlignmentError) as raised:
            read(content)
        assert "Something" not in str(raised.value)
        assert "edema seen" not in str(raised.value)


def test_all_faults_at_once_ten_shown(read):
    with pytest.raises(AlignmentError, match=r"faults: 12(?s:.*)row 10: (?s:.*)… and 2 more"):
        read(HEAD + "\nR1,0,5,edema,so so" * 12)


def test_two_polarities_of_one_mention(read):
    with pytest.raises(AlignmentError, match=r"'edema'.* is both positive and negative"):
        read(as_csv(TOLD) + "R1,15,20,edema,absent\n")


@pytest.mark.parametrize(
    ("state", "polarity"),
    [
        ("1", "positive"),
        ("1.0", "positive"),
        ("-1", "uncertain"),
        ("", "positive"),
        ("0", "negative"),
    ],
)
def test_wide_table(read, state, polarity):
    """Joined by its text; reports of other readings are no fault."""
    rows = read(f'{WIDE}\n{TEXT},{state},"[[0, 5], [15, 20]]"\nanother .,1,"[[0, 3]]"\n')
    assert [(row["report_id"], row["text"], row["label"], row["polarity"]) for row in rows] == [
        ("R1", "heart", "pulmonary edema", polarity),
        ("R1", "edema", "pulmonary edema", polarity),
    ]


def test_faults_of_a_wide_table_come_at_once(read):
    rows = [f'{TEXT},2,"[[0, 5]]"', f'"no edema\u2028here .",1,{"[" * 5000}', ",1,[]"]
    with pytest.raises(AlignmentError) as raised:
        read("\n".join([WIDE, *rows]))
    assert raised.value.faults == (
        "row 3: Reports is no text",
        "row 1: pulmonary edema '2' is none of 1, 0, -1",
        "row 2: pulmonary edema_location is no list of spans [start, end]",
    )


def test_wide_table_with_the_same_report_twice(read):
    row = f'{TEXT},1,"[[15, 20]]"\n'
    assert len(read(f"{WIDE}\n{row}{row}")) == 1
    with pytest.raises(AlignmentError, match=r"other mentions.(?s:.*)row 1(?s:.*)row 2"):
        read(f"{WIDE}\n{row}{TEXT},1,[]\n")


@pytest.mark.parametrize(
    ("content", "suffix", "message"),
    [
        pytest.param("", ".csv", "the file is empty", id="empty csv"),
        pytest.param(b"\xff\xfe", ".csv", "offset 0 .line 1. is not utf-8", id="no text"),
        pytest.param("a,b\n1,2\n", ".csv", "found: a, b.(?s:.*)label .also: class", id="columns"),
        pytest.param('{"a": ', ".jsonl", "line 1, column 7: .*Expecting value", id="no json"),
        pytest.param("[1, 2]\n", ".jsonl", "line 1: this is no JSON object", id="json list"),
        pytest.param("text", ".parquet", "this is not a Parquet file", id="no parquet"),
        pytest.param("text", ".txt", r"suffix must be .csv, .jsonl or .parquet", id="suffix"),
        pytest.param("edema_location\n[]\n", ".csv", "_location columns but no Reports", id="wide"),
        pytest.param(
            f"{WIDE}\nelse,1,[]\n", ".csv", "none of its 1 reports is the text", id="other"
        ),
        *[
            pytest.param(f'{WIDE}\n{TEXT},1,"{cell}"\n', ".csv", "row 1: .* list of spans", id=name)
            for name, cell in SPANS.items()
        ],
    ],
)
def test_files_that_cannot_be_used(read, content, suffix, message):
    with pytest.raises(AlignmentError, match=message):
        read(content, suffix)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(AlignmentError, match=r"mentons\.csv: there is no such file"):
        read_mentions(tmp_path / "mentons.csv", READINGS, load_label_map())


def test_readings_of_another_data_set_are_named_once(read):
    rows = [f"X{n % 2},{n},{n + 1},edema,positive" for n in range(4)]
    content = "\n".join(["report_id,char_start,char_end,label,polarity", *rows])
    with pytest.raises(AlignmentError) as error:
        read(content, ".csv")
    assert error.value.faults == ("no reading 'X0' with a text", "no reading 'X1' with a text")
    assert error.value.remedy == "Give the TABLES they were made from."
