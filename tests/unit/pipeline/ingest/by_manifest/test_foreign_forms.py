import gzip

import pytest

from gazescribe.pipeline.ingest.by_manifest.foreign_forms import foreign_form

JSON = '{"text": "x", "segments": [{"words": [{"word": "effusion.", "start": 1.6}]}]}'


@pytest.mark.parametrize(
    ("content", "what"),
    [
        pytest.param('[\n  {"word": "effusion."}]', "JSON", id="json list"),
        pytest.param('<?xml version="1.0"?>\n<DOCUMENT>', "XML", id="xml"),
        pytest.param(b"PK\x03\x04\x14\x00", "Excel", id="xlsx"),
        pytest.param(gzip.compress(b"word,start\n"), "gzip", id="gzip"),
        pytest.param(b"EDF\x00\x01", "no text", id="binary"),
    ],
)
def test_other_forms_are_refused_with_a_way_out(lab, content, what):
    lab.files["speech/A1.csv"] = content
    lab.tables["words"] = {
        "file": "speech/{reading_id}.csv",
        "columns": {"text": "word", "onset_s": "start", "offset_s": "end"},
    }
    result = lab.run()
    assert result.exit_code == 2
    assert "speech/A1.csv: this is " in result.output
    assert what in result.output
    assert "read are CSV, TSV, Parquet and Feather: " in result.output
    assert "effusion" not in result.output


@pytest.mark.parametrize(
    ("content", "what", "name"),
    [
        pytest.param(JSON, "JSON", "whisper", id="json"),
        pytest.param(
            "WEBVTT\n\n00:01.000 --> 00:02.600\neffusion.\n", "WebVTT", "webvtt", id="vtt"
        ),
        pytest.param(
            "\ufeff1\r\n00:00:00,500 --> 00:00:02,100\r\neffusion.\r\n", "SRT", "srt", id="srt"
        ),
        pytest.param(
            'File type = "ooTextFile"\nObject class = "TextGrid"',
            "TextGrid",
            "textgrid",
            id="praat",
        ),
        pytest.param('<?xml version="1.0"?>\n<ANNOTATION_DOCUMENT>', "XML", "elan", id="elan"),
    ],
)
def test_files_of_a_known_format_are_refused_with_its_name(lab, content, what, name):
    lab.files["speech/A1.csv"] = content
    lab.tables["words"] = {
        "file": "speech/{reading_id}.csv",
        "columns": {"text": "word", "onset_s": "start", "offset_s": "end"},
    }
    result = lab.run()
    assert result.exit_code == 2
    assert f"speech/A1.csv: this is {what}" in result.output.replace("subtitles (", "").replace(
        "a TextGrid", "TextGrid"
    )
    assert f"say `format: {name}` in tables.words" in result.output
    assert "effusion" not in result.output


@pytest.mark.parametrize("content", ["id,start\n", "[id],start\n", "1,2\n", "", "# about\n"])
def test_tables_are_none_of_them(tmp_path, content):
    path = tmp_path / "table.csv"
    path.write_text(content)
    assert foreign_form(path, "fixations") is None
