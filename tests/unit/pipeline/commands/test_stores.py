"""Addresses of stores on the command line."""

import sys

import fsspec
import pytest

from gazescribe.pipeline.core.remote import UPLOADING
from tests.running import invoke
from tests.stores import memory  # noqa: F401  a fixture

CSV = b"report_id,text\nR1,No edema. Mass.\n"


@pytest.fixture
def reports(memory):  # noqa: F811  the fixture
    memory.pipe_file("/lab/reports.csv", CSV)
    return memory


def test_what_is_read_comes_and_what_is_written_goes(reports, tmp_path):
    result = invoke("label", "memory://lab/reports.csv", "memory://lab/mentions.csv")
    assert result.exit_code == 0, result.output
    assert "1 reports, 3 mentions" in result.output
    assert result.output.endswith("→ memory://lab/mentions.csv\n")
    (tmp_path / "reports.csv").write_bytes(CSV)
    invoke("label", tmp_path / "reports.csv", tmp_path / "mentions.csv")
    assert reports.cat("/lab/mentions.csv") == (tmp_path / "mentions.csv").read_bytes()


def test_a_command_that_fails_sends_nothing(reports):
    reports.pipe_file("/lab/reports.csv", b"no,such,columns\n")
    result = invoke("label", "memory://lab/reports.csv", "memory://lab/mentions.csv")
    assert result.exit_code == 2
    assert "error: memory://lab/reports.csv" in result.output, "it names the address"
    assert not reports.exists("/lab/mentions.csv")


def test_what_cannot_be_sent_is_not_said_to_be_there(reports, monkeypatch):
    def lose(*_, **__):
        raise ConnectionResetError("reset by peer")

    monkeypatch.setattr(type(reports), "put_file", lose)
    result = invoke("label", "memory://lab/reports.csv", "memory://lab/mentions.csv")
    assert result.exit_code == 2
    assert "mentions.csv: the store does not answer as it should" in result.output
    assert "→" not in result.output


def test_nothing_is_done_where_out_is_not_ours(reports):
    reports.pipe_file("/lab/out/thesis.doc", b"years of work")
    result = invoke("associate", "memory://lab/none", "memory://lab/out")
    assert result.exit_code == 2
    result = invoke("heatmaps", "memory://lab/none", "memory://lab/none", "memory://lab/out")
    assert result.exit_code == 2
    assert reports.find("/lab/out") == ["/lab/out/thesis.doc"]
    assert UPLOADING not in str(reports.find("/lab"))


def test_a_command_that_takes_paths_only(reports, tmp_path):
    result = invoke("report", "memory://lab/reports.csv", tmp_path / "pages")
    assert result.exit_code == 2
    assert "`report` takes no addresses of stores, only paths." in result.output


def test_the_extra_is_named(monkeypatch, tmp_path):
    fsspec.available_protocols()
    monkeypatch.setitem(sys.modules, "s3fs", None)
    result = invoke("label", "s3://lab/reports.csv", tmp_path / "mentions.csv")
    assert result.exit_code == 2
    assert 'pip install "gazescribe[cloud]"' in result.output
