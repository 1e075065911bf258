import pytest

from gazescribe.pipeline.core.errors import ManifestError


def test_labels_without_frequencies_and_blanks(rows):
    text = (
        "0.500000\t1.250000\tSmall nodule.\n\\\t100.0\t2000.0\n1,5\t1,5\t\n2,500000\t3\tNo\tmass\n"
    )
    assert rows("audacity", text) == [("Small nodule.", 0.5, 1.25), ("No\tmass", 2.5, 3.0)]


def test_a_line_that_is_none(rows):
    with pytest.raises(ManifestError, match="line 2 does not begin with two numbers") as raised:
        rows("audacity", "0.5\t1.0\ta\nnodule\n")
    assert "nodule" not in str(raised.value)
