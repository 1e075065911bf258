import csv
import json
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.dictation.reports import ReportText
from gazescribe.pipeline.dictation.run import _tasks
from tests.running import gazescribe, invoke
from tests.synthetic import reading, sentences, words, write_tables

REPORTS = [
    {"report_id": "b", "text": "No effusion.\nHeart is enlarged."},
    {"report_id": "a", "text": "Cannot exclude pneumonia."},
    {"report_id": "c", "text": ""},
    {"report_id": "d", "text": "Bones."},
]
EXPECTED = [
    ("b", 3, 11, "pleural abnormality", "negative"),
    ("b", 3, 11, "pleural effusion", "negative"),
    ("b", 13, 18, "enlarged cardiac silhouette", "positive"),
    ("a", 15, 24, "consolidation", "uncertain"),
]


def write_csv(path):
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, ["report_id", "text"])
        writer.writeheader()
        writer.writerows(REPORTS)


def write_jsonl(path):
    path.write_text("\n".join([json.dumps(row) for row in REPORTS] + [""]))


def write_parquet(path):
    pq.write_table(pa.Table.from_pylist(REPORTS), path)


def read_csv(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def read_jsonl(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def read_parquet(path):
    table = pq.read_table(path)
    assert table.schema.equals(TABLES["mentions"].schema)
    return table.to_pylist()


WRITE = {".csv": write_csv, ".jsonl": write_jsonl, ".parquet": write_parquet}
READ = {".csv": read_csv, ".jsonl": read_jsonl, ".parquet": read_parquet}


@pytest.mark.parametrize("source", list(WRITE))
@pytest.mark.parametrize("out", list(READ))
def test_every_form_gives_the_same_mentions(tmp_path, source, out):
    WRITE[source](tmp_path / f"reports{source}")
    gazescribe("label", tmp_path / f"reports{source}", tmp_path / f"mentions{out}")
    rows = READ[out](tmp_path / f"mentions{out}")
    assert list(rows[0]) == TABLES["mentions"].columns
    found = [
        (
            row["report_id"],
            int(row["char_start"]),
            int(row["char_end"]),
            row["label"],
            row["polarity"],
        )
        for row in rows
    ]
    assert sorted(found) == sorted(EXPECTED)
    assert not rows[0]["onset_s"]


def test_the_summary_counts_labels_polarities_and_what_was_left_out(tmp_path):
    write_csv(tmp_path / "reports.csv")
    details = json.loads(
        gazescribe("label", tmp_path / "reports.csv", tmp_path / "m.jsonl", "--json")
    )
    assert details["reports"] == 3
    assert details["left_out"] == {"without text": 1}
    assert details["mentions"]["consolidation: uncertain"] == 1
    assert re.fullmatch("[0-9a-f]{64}", details["rules_sha256"])
    line = gazescribe("label", tmp_path / "reports.csv", tmp_path / "m.csv")
    assert "3 reports, 4 mentions (2 negative, 1 positive, 1 uncertain); 1 left out" in line


def test_a_folder_gives_times_and_keeps_dictated_sentences(tmp_path):
    text = "no effusion . heart is big . edema"
    write_tables(
        tmp_path / "tables",
        readings=[reading(text=text)],
        words=words(text),
        sentences=sentences(words(text)),
    )
    gazescribe("label", tmp_path / "tables", tmp_path / "mentions.parquet")
    rows = read_parquet(tmp_path / "mentions.parquet")
    by_text = {row["text"]: row for row in rows}
    assert set(by_text) == {"effusion", "heart", "edema"}
    assert [by_text[one]["sentence"] for one in ("effusion", "heart", "edema")] == [0, 1, 2]
    times = {row["text"]: (row["onset_s"], row["offset_s"]) for row in words(text)}
    for said, row in by_text.items():
        assert (row["onset_s"], row["offset_s"]) == times[said]


def test_a_soft_hyphen_in_a_dictated_word_leaves_its_mention_and_time(tmp_path):
    text = "no ef\u00adfusion . big heart"
    write_tables(tmp_path / "tables", readings=[reading(text=text)], words=words(text))
    gazescribe("label", tmp_path / "tables", tmp_path / "mentions.parquet")
    row, *_ = read_parquet(tmp_path / "mentions.parquet")
    (word,) = [word for word in words(text) if "ef" in word["text"]]
    assert (row["text"], row["polarity"]) == ("ef\u00adfusion", "negative")
    assert (row["onset_s"], row["offset_s"]) == (word["onset_s"], word["offset_s"])
    assert "negative" in gazescribe("explain", text)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param(
            "r.csv", "id,text\na,b\n", "no column report_id (found: id, text)", id="column"
        ),
        pytest.param("r.csv", "report_id,text\na,x\na,y\n", "'a' is twice there", id="twice"),
        pytest.param("r.csv", "report_id,text\n,x\n", "'' is empty", id="no id"),
        pytest.param("r.jsonl", "{", "this is not jsonl", id="no json"),
        pytest.param("r.jsonl", '{"report_id": 1}\n', "no column text", id="no text"),
        pytest.param("r.jsonl", "[1]\n", "line 1: this is no JSON object", id="no object"),
        pytest.param("r.parquet", "x", "this is not a Parquet file", id="no parquet"),
        pytest.param("r.txt", "x", "reports come as .csv, .jsonl, .parquet", id="suffix"),
    ],
)
def test_bad_input_is_told_in_one_line(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    done = invoke("label", tmp_path / name, tmp_path / "m.csv")
    assert done.exit_code == 2
    assert message in done.output
    assert "Traceback" not in done.output
    assert not (tmp_path / "m.csv").exists()


def test_no_such_file_and_no_such_form(tmp_path):
    assert "there is no such file" in invoke("label", tmp_path / "x.csv", tmp_path / "m.csv").output
    write_csv(tmp_path / "r.csv")
    done = invoke("label", tmp_path / "r.csv", tmp_path / "m.xlsx")
    assert done.exit_code == 2
    assert "mentions are written as .csv, .jsonl, .parquet" in done.output


def test_an_empty_file_of_reports_gives_an_empty_table(tmp_path):
    (tmp_path / "r.csv").write_text("report_id,text\n")
    gazescribe("label", tmp_path / "r.csv", tmp_path / "m.parquet")
    assert read_parquet(tmp_path / "m.parquet") == []


def test_explain_names_rule_trigger_and_reach(tmp_path):
    done = gazescribe(
        "explain", "No effusion, but the heart is enlarged.", "--html", tmp_path / "page.html"
    )
    assert "effusion [3:11] negative; labels: pleural effusion, pleural abnormality" in done
    rule = r"rule: negation\.no \(polarity/negation_before\.yaml line \d+\)"
    assert re.search(rf'{rule}; trigger: "No"; reach: "No effusion"', done)
    assert "\x1b[" not in done
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "pleural_effusion: negative (negation.no)" in page
    assert "http" not in page


def test_explain_shows_what_was_dropped_and_why():
    done = gazescribe("explain", "The heart is seen. Indication: edema.")
    assert "heart [4:9] dropped" in done
    assert "rule: structure.no_state" in done
    assert "rule: section.ignored" in done
    assert "0 mentions, 2 dropped" in done


def test_long_reports_make_smaller_tasks(monkeypatch):
    monkeypatch.setattr("gazescribe.pipeline.dictation.run.CHARACTERS_A_TASK", 10)
    reports = [ReportText(text, text) for text in ("1234", "123456", "", "1")]
    assert [len(task) for task in _tasks(reports)] == [2, 2]


@pytest.mark.usefixtures("two_workers")
def test_workers_do_not_change_a_byte(tmp_path, monkeypatch):
    """Five tasks, so that workers are started."""
    monkeypatch.setattr("gazescribe.pipeline.dictation.run.REPORTS_A_TASK", 1)
    write_jsonl(tmp_path / "in.jsonl")
    for workers in (1, 2):
        gazescribe(
            *("label", tmp_path / "in.jsonl", tmp_path / f"{workers}.parquet"),
            *("--workers", workers),
        )
    one, two = ((tmp_path / f"{workers}.parquet").read_bytes() for workers in (1, 2))
    assert len(read_parquet(tmp_path / "1.parquet")) == len(EXPECTED)
    assert one == two
