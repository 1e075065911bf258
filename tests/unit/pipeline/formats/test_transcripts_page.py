"""Each example of docs/transcripts.md, read as `ingest` does."""

import re
from pathlib import Path

import pytest
import yaml

from gazescribe.pipeline.ingest.by_manifest.pieces import Files
from gazescribe.pipeline.ingest.by_manifest.rows import read_rows
from gazescribe.pipeline.ingest.by_manifest.units import seconds
from gazescribe.pipeline.sources.faults import Findings
from gazescribe.pipeline.sources.own_manifests import read_own
from gazescribe.pipeline.sources.presets import formats, read_format, recognised

PAGE = Path(__file__).parents[4] / "docs" / "transcripts.md"
EXAMPLE = re.compile(
    r"^```yaml\n(?P<table>.*?)^```\n\n`(?P<file>[^`]+)`\n\n```\w+\n(?P<content>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
EXAMPLES = [match.group("table", "file", "content") for match in EXAMPLE.finditer(PAGE.read_text())]


@pytest.mark.parametrize(
    ("table", "file", "content"),
    [pytest.param(*one, id=re.search(r"format: ([\w-]+)", one[0])[1]) for one in EXAMPLES],
)
def test_all_say_the_same_at_the_same_time(tmp_path, table, file, content):
    path = tmp_path / file
    path.write_text(content)
    manifest = tmp_path / "mylab.yaml"
    tables = yaml.safe_load(table)
    manifest.write_text(yaml.safe_dump({"name": "mylab", "tables": tables}))
    words = read_own(manifest).tables.words
    faults = []
    rows = read_rows(tmp_path, words, Files(file), Findings(file, "S01", faults), "error")
    assert not [fault for fault in faults if fault.code != "words_not_chosen"]
    text = " ".join(rows.text(words.columns.text))
    assert text.lower().replace(".", "") == "small left effusion no pneumothorax"
    onset, offset = words.columns.onset_s, words.columns.offset_s
    assert seconds(rows.numbers(onset)[0], onset)[0] == pytest.approx(0.5)
    assert seconds(rows.numbers(offset)[0], offset)[-1] == pytest.approx(4)
    if read_format(words.format).recognise:
        assert recognised(path) == [words.format]


def test_no_format_of_transcripts_lacks_an_example():
    with_words = {name for name in formats() if [*read_format(name).tables] == ["words"]}
    shown = {yaml.safe_load(table)["words"]["format"] for table, *_ in EXAMPLES}
    assert with_words == shown
