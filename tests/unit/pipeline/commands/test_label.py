"""The line about labels; rules are tested in `dictation/labeler/`."""

import json

from tests.running import gazescribe, invoke

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
