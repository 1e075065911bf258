"""Rules that a unit does not have; windows themselves are in `windows/test_associate.py`."""

import pytest

from tests.running import invoke
from tests.synthetic import reading, write_tables


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--end", "nextword"], "end rule nextword needs unit mention", id="next-word"),
        pytest.param(
            ["--unit", "mention", "--lag", "1", "--mention-time", "end"],
            "--lag, --mention-time is for unit sentence",
            id="start",
        ),
        pytest.param(
            ["--unit", "mention", "--end", "endofsentence"],
            "end rule endofsentence is for unit sentence",
            id="end",
        ),
    ],
)
def test_rules_without_effect_are_refused(tmp_path, arguments, message):
    tables = write_tables(tmp_path / "tables", readings=[reading("R1")])
    mentions = tmp_path / "mentions.csv"
    mentions.write_text("report_id,char_start,char_end,label,polarity\n")
    result = invoke("associate", tables, mentions, tmp_path / "out", *arguments)
    assert result.exit_code == 2, result.output
    assert message in result.output
    assert not (tmp_path / "out").exists()
