import pytest

from gazescribe.pipeline.core.errors import ManifestError

LONG = """File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 4.5
tiers? <exists>
size = 3
item []:
    item [1]:
        class = "IntervalTier"
        name = "words"
        xmin = 0
        xmax = 4.5
        intervals: size = 3
        intervals [1]:
            xmin = 0
            xmax = 0.5
            text = ""
        intervals [2]:
            xmin = 0.5
            xmax = 0.8   ! nobody heard 9
            text = "the ""small"" one! "
        intervals [3]:
            xmin = 0.8
            xmax = 4.5
            text = "nodule.
"
    item [2]:
        class = "IntervalTier"
        name = "words"
        xmin = 0
        xmax = 4.5
        intervals: size = 1
        intervals [1]:
            xmin = 0
            xmax = 4.5
            text = "other"
    item [3]:
        class = "TextTier"
        name = "clicks"
        xmin = 0
        xmax = 4.5
        points: size = 1
        points [1]:
            number = 1.25
            mark = "x"
"""
SHORT = """File type = "ooTextFile"
"TextGrid"

0
4.5
<exists>
3
"IntervalTier" "words" 0 4.5 3
0 0.5 "sil"
0.5 0.8 "the ""small"" one! "
0.8 4.5 "nodule.
"
"IntervalTier" "words" 0 4.5 1 0 4.5 "other"
"TextTier" "clicks" 0 4.5 1 1.25 "x"
"""
ROWS = [
    ("other", 0.0, 4.5, "words (2)"),
    ('the "small" one!', 0.5, 0.8, "words"),
    ("nodule.", 0.8, 4.5, "words"),
    ("x", 1.25, 1.25, "clicks"),
]


@pytest.mark.parametrize("text", [LONG, SHORT], ids=["long", "short"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
def test_both_forms_in_each_encoding(rows, text, encoding):
    assert rows("textgrid", text.encode(encoding)) == ROWS
    assert rows("textgrid", text.replace("\n", "\r\n").encode(encoding)) == ROWS


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"ooBinaryFile\x08TextGrid", "binary file of Praat"),
        (LONG[:300], "not a whole TextGrid"),
        (SHORT.replace("TextGrid", "Pitch"), "not a whole TextGrid"),
        ("", "not a whole TextGrid"),
        (SHORT.replace('"words" 0 4.5 3', '"words" 0 4.5 "nodule"'), "not a whole TextGrid"),
    ],
)
def test_files_that_are_none(rows, content, message):
    with pytest.raises(ManifestError, match=message) as raised:
        rows("textgrid", content)
    assert "nodule" not in str(raised.value)
