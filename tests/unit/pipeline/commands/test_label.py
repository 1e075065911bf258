"""The line about labels; rules are tested in `dictation/labeler/`."""

import json

import pyarrow.parquet as pq

from tests.reviews import about, of_reading, said, write_review
from tests.running import gazescribe, invoke
from tests.synthetic import reading, write_tables

REPORTS = '{"report_id": "a", "text": "Mild edema. No fracture."}\n{"report_id": "b", "text": ""}\n'


def test_the_line_counts_reports_mentions_and_what_is_left_out(tmp_path):
    source, out = tmp_path / "reports.jsonl", tmp_path / "mentions.csv"
    source.write_text(REPORTS)
    printed = gazescribe("label", source, out, "--workers", 1)
    start = "1 reports, 2 mentions (1 positive, 1 negative); 1 left out without text; rules "
    assert printed.startswith(start)
    assert printed.endswith(f" → {out}\n")
    details = json.loads(gazescribe("label", source, out, "--workers", 1, "--json"))
    assert details["mentions"] == {
        "pulmonary edema: positive": 1,
        "acute fracture & fracture: negative": 1,
    }
    assert details["left_out"] == {"without text": 1}


def test_nothing_to_label(tmp_path):
    (tmp_path / "reports.csv").write_text("report_id,text\na,\n")
    printed = gazescribe("label", tmp_path / "reports.csv", tmp_path / "m.parquet")
    assert printed.startswith("0 reports, 0 mentions; 1 left out without text; rules ")


def test_a_faulty_rule_stops_before_anything_is_written(tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "reports.jsonl").write_text(REPORTS)
    out = tmp_path / "mentions.csv"
    result = invoke("label", tmp_path / "reports.jsonl", out, "--rules", tmp_path / "rules")
    assert result.exit_code == 2
    assert not out.exists()


def test_the_line_counts_texts_without_periods(tmp_path):
    source = tmp_path / "reports.csv"
    source.write_text("report_id,text\na,no mass period mild edema period\nb,no mass\nc,No mass.\n")
    printed = gazescribe("label", source, tmp_path / "mentions.csv", "--workers", 1)
    said = "cut by spoken periods into 2 sentences, 1 left as one sentence each; rules "
    assert f"); texts without written periods: 1 {said}" in printed


def test_reviews_correct_what_they_name_and_are_counted(tmp_path):
    text = "mild edema . no fracture ."
    tables = write_tables(tmp_path / "tables", readings=[reading("R1", text), reading("R2", text)])
    edema = said(text, "edema")
    denied = about(edema, {**edema, "polarity": "negative"})
    write_review(tmp_path / "reviews/a.json", of_reading(text, [denied]))
    write_review(tmp_path / "reviews/b/b.json", of_reading("old", [denied], reading_id="R2"))
    (tmp_path / "none").mkdir()
    out = tmp_path / "plain.parquet"
    assert "reviews" not in json.loads(gazescribe("label", tables, out, "--json"))
    gazescribe("label", tables, tmp_path / "none.parquet", "--reviews", tmp_path / "none")
    assert (tmp_path / "none.parquet").read_bytes() == out.read_bytes()
    options = ("--reviews", tmp_path / "reviews", "--workers", 1)
    printed = gazescribe("label", tables, tmp_path / "new.parquet", *options)
    assert "; reviews of 1 reader: 1 polarity (left out: 1 text has changed);" in printed
    before, after = (
        pq.read_table(tmp_path / name).to_pylist() for name in ("plain.parquet", "new.parquet")
    )
    changed = {"polarity": "negative", "rule_id": "review.polarity", "trigger": None}
    assert after == [before[0] | changed, *before[1:]]
    assert after[0]["onset_s"] == 1.0
    again = ("--reviews", tmp_path / "reviews/b", "--reviews", tmp_path / "reviews/a.json")
    gazescribe("label", tables, tmp_path / "again.parquet", *again)
    assert (tmp_path / "again.parquet").read_bytes() == (tmp_path / "new.parquet").read_bytes()
