"""Reports through a stand-in of a server to mentions, by the command."""

import json
import re

import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.core.resources import resource
from tests.running import gazescribe, invoke

REPORTS = [
    {"report_id": "a", "text": "No edema. Small left effusion."},
    {"report_id": "b", "text": "Edema, perhaps."},
    {"report_id": "c", "text": "SECRETWORD."},
]
LABELS = {"edema": "pulmonary edema", "effusion": "pleural effusion"}


def reply(body):
    """Answer as a good model would, one that goes by words alone."""
    content = body["messages"][1]["content"]
    if "SECRETWORD" in content:
        return "I cannot SECRETWORD"
    mentions = [
        {
            "sentence": int(number),
            "quote": quote.group(),
            "label": LABELS[quote.group().lower()],
            "polarity": "negative" if "No " in line else "uncertain" if "?" in line else "positive",
        }
        for number, line in re.findall(r"\[(\d+)\] (.*)", content)
        for quote in re.finditer("edema|effusion", line, re.IGNORECASE)
    ]
    invented = {"sentence": 1, "quote": "mass", "label": "mass", "polarity": "positive"}
    return json.dumps({"mentions": [*mentions, invented]})


@pytest.fixture
def project(tmp_path, stand_in, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stand_in.reply = reply
    (tmp_path / "reports.jsonl").write_text("\n".join(map(json.dumps, REPORTS)))
    params = resource("params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(params)
    (tmp_path / "params").symlink_to(resource("params"))
    return tmp_path


def test_mentions_are_verified_written_and_counted(project, stand_in):
    line = gazescribe("label", "reports.jsonl", "m.parquet", "--with", stand_in.name)
    assert line == (
        "2 reports, 3 mentions (2 positive, 1 negative);"
        " 1 left out whose reply is not in the form asked for;"
        " 2 mentions of its replies quote words that do not stand there;"
        " stand-in, prompt 1, 0 of the replies from before → m.parquet\n"
    )
    rows = pq.read_table(project / "m.parquet").to_pylist()
    assert [(row["report_id"], row["text"], row["polarity"]) for row in rows] == [
        ("a", "edema", "negative"),
        ("a", "effusion", "positive"),
        ("b", "Edema", "positive"),
    ]
    assert {row["rule_id"] for row in rows} == {"stand-in, prompt 1"}
    (_, asked) = stand_in.questions[0]
    assert asked["temperature"] == 0
    schema = asked["response_format"]["json_schema"]["schema"]
    labels = schema["properties"]["mentions"]["items"]["properties"]["label"]["enum"]
    assert "pulmonary edema" in labels
    assert labels == sorted(labels)


def test_a_later_run_asks_only_for_what_is_missing(project, stand_in):
    first = json.loads(
        gazescribe("label", "reports.jsonl", "m.csv", "--with", stand_in.name, "--json")
    )
    assert (first["n_asked"], first["n_kept"]) == (3, 0)
    before = (project / "m.csv").read_bytes()
    stand_in.questions.clear()
    again = json.loads(
        gazescribe("label", "reports.jsonl", "m.csv", "--with", stand_in.name, "--json")
    )
    assert (again["n_asked"], again["n_kept"]) == (1, 2)
    assert again["unreadable_first"] == ["c"]
    assert (project / "m.csv").read_bytes() == before
    assert len(stand_in.questions) == 1  # of the reply that was in no form
    for kept in (project / "data/language_model").rglob("*.json"):
        kept.write_text("{damaged")
    damaged = json.loads(
        gazescribe("label", "reports.jsonl", "m.csv", "--with", stand_in.name, "--json")
    )
    assert (damaged["n_asked"], damaged["n_kept"]) == (3, 0)


def test_a_failure_keeps_what_was_answered_and_says_no_word_of_a_report(project, stand_in):
    stand_in.statuses = [200, 200, 400]
    params = (project / "params.yaml").read_text()
    (project / "params.yaml").write_text(params.replace("parallel: 4 ", "parallel: 1 "))
    result = invoke("label", "reports.jsonl", "m.csv", "--with", stand_in.name)
    assert result.exit_code == 2
    assert "does not answer (status 400)" in result.output
    assert "SECRETWORD" not in result.output
    assert not (project / "m.csv").exists()
    assert len(list((project / "data/language_model").rglob("*.json"))) == 2


def test_other_hosts_are_refused_before_anything_is_sent(project):
    result = invoke("label", "reports.jsonl", "m.csv", "--with", "openai-compatible:http://h/v1")
    assert result.exit_code == 2
    assert "hosts_that_may_read_reports_under_your_data_use_agreement" in result.output


def test_a_model_without_a_server(project):
    result = invoke("label", "reports.jsonl", "m.csv", "--model", "mine")
    assert result.exit_code == 2
    assert "--model goes with --with" in result.output
