import pytest

from gazescribe.pipeline.report.sheets import (
    SHARP_BYTES,
    Figure,
    Section,
    embed_figure,
    number,
    read_sheet,
    sheet,
    shorten,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(None, "–", id="unknown"),
        pytest.param(12345, "12,345", id="whole"),
        pytest.param(0.0, "0", id="zero"),
        pytest.param(0.12345, "0.123", id="share"),
        pytest.param(-0.5, "-0.500", id="negative"),
        pytest.param(0.00012, "1.2e-04", id="small"),
        pytest.param(12345.6, "12,346", id="large"),
    ],
)
def test_numbers_for_reading(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        pytest.param("0.485256", "0.485", id="number"),
        pytest.param("1e-9", "1e-9", id="without a point"),
        pytest.param("17", "17", id="whole"),
        pytest.param("", "–", id="empty"),
        pytest.param(None, "–", id="absent"),
        pytest.param("2.5s rule", "2.5s rule", id="text"),
        pytest.param("nan", "nan", id="no digits"),
    ],
)
def test_cells_are_shortened(cell, text):
    assert shorten(cell) == text


def test_columns_of_numbers_are_told_from_words():
    table = sheet("t", ["a_b", "c", "d"], [["x", "1", "0.1 (0.0 to 0.2)"], ["2", "", "–"]])
    assert table.columns == ["a b", "c", "d"]
    assert table.numeric == [False, True, True]
    assert table.rows == [["x", "1", "0.1 (0.0 to 0.2)"], ["2", "–", "–"]]


def test_a_long_file_is_cut_and_says_so(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("n,x\n" + "".join(f"{n},0.25\n" for n in range(100)))
    table = read_sheet(path, "Long", shown=10)
    assert len(table.rows) == 10
    assert (table.n_more, table.file, table.title) == (90, "long.csv", "Long")
    assert table.rows[9] == ["9", "0.250"]


def write(folder, svg=None, png=None):
    for suffix, content in (("svg", svg), ("png", png)):
        if content is not None:
            (folder / f"figure.{suffix}").write_bytes(content)
    return embed_figure(folder, "figure", "A title")


def test_the_sharp_figure_goes_first(tmp_path):
    figure = write(tmp_path, svg=b"<svg/>", png=b"png")
    assert figure == Figure("A title", "data:image/svg+xml;base64,PHN2Zy8+")


def test_a_large_svg_gives_way_to_the_png(tmp_path):
    figure = write(tmp_path, svg=b" " * (SHARP_BYTES + 1), png=b"png")
    assert figure.data.startswith("data:image/png;base64,")


def test_a_large_svg_without_a_png_is_shown(tmp_path):
    figure = write(tmp_path, svg=b" " * (SHARP_BYTES + 1))
    assert figure.data.startswith("data:image/svg+xml;base64,")


def test_a_figure_that_was_not_drawn(tmp_path):
    assert write(tmp_path) is None


def test_sections_do_not_share_their_lists():
    first, second = Section("a", "A"), Section("b", "B")
    first.sheets.append("table")
    assert second.sheets == []
