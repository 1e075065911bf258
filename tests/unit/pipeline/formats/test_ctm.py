import pytest

from gazescribe.pipeline.core.errors import ManifestError

CTM = """;; made by hand
S01 A 0.1 0.2 a
S01 A 0.50 0.25 small 0.9
S01 A 0.75 0.00 <eps>
S01 A * * <ALT_BEGIN>
S01 A 0.75 0.50 nodule ;; the first
S01 A * * <ALT>
S01 A 0.75 0.50 noodle
S01 A * * <ALT_END>

S02\tB\t1\t2\tno\t0.5\tlex\tR1
"""


def test_words_with_their_files_and_channels(rows):
    assert rows("ctm", CTM) == [
        ("a", 0.1, 0.3, "S01", "A", "", ""),
        ("small", 0.5, 0.75, "S01", "A", "0.9", ""),
        ("nodule", 0.75, 1.25, "S01", "A", "", ""),
        ("no", 1.0, 3.0, "S02", "B", "0.5", "R1"),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [("S01 A 1.0 nodule", "line 2 has 4 cells"), ("S01 A * 1 nodule", "line 2 has no number")],
)
def test_lines_that_are_none(rows, line, message):
    with pytest.raises(ManifestError, match=message) as raised:
        rows("ctm", f";; made by hand\n{line}\n")
    assert "nodule" not in str(raised.value)
