import io

import pytest
from PIL import Image

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.report.sheets import (
    SHARP_BYTES,
    Figure,
    Section,
    embed_figure,
    figure_paths,
    read_sheet,
    sheet,
)

with io.BytesIO() as drawn:
    Image.new("L", (4, 3)).save(drawn, "PNG")
    PNG = drawn.getvalue()


def test_columns_of_numbers_are_told_from_words():
    table = sheet("t", ["a_b", "c", "d"], [["x", "1", "0.1 [0.0, 0.2]"], ["2", "", "–"]])
    assert table.columns == ["a b", "c", "d"]
    assert table.numeric == [False, True, True]
    assert table.rows == [["x", "1", "0.1 [0.0, 0.2]"], ["2", "–", "–"]]


def test_a_long_file_is_cut_and_says_so(tmp_path):
    path = tmp_path / "long.csv"
    path.write_text("n,x\n" + "".join(f"{n},0.25\n" for n in range(100)))
    table = read_sheet(path, "Long", "a/long.csv", shown=10)
    assert len(table.rows) == 10
    assert (table.n_more, table.file, table.title) == (90, "long.csv", "Long")
    assert table.rows[9] == ["9", "0.250"]
    assert (table.rows[9][1].file, table.rows[9][1].keys) == ("a/long.csv", ("/9/x",))


def test_numbers_that_are_names_are_no_amounts(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("subject_id,n\n99000001,99000001\n")
    assert read_sheet(path, "T", "t.csv").rows == [["99000001", "99,000,001"]]


def write(folder, **contents):
    paths = []
    for suffix, content in contents.items():
        paths.append(folder / f"figure.{suffix}")
        paths[-1].write_bytes(content)
    return embed_figure(paths, "A title", "Draw it again.")


def test_the_sharp_figure_goes_first(tmp_path):
    figure = write(tmp_path, svg=b"<svg/>", png=b"not looked at")
    assert figure == Figure("A title", "data:image/svg+xml;base64,PHN2Zy8+")


def test_a_large_svg_gives_way_to_the_png(tmp_path):
    figure = write(tmp_path, svg=b" " * (SHARP_BYTES + 1), png=PNG)
    assert figure.data.startswith("data:image/png;base64,")


def test_a_large_svg_without_a_png_is_shown(tmp_path):
    figure = write(tmp_path, svg=b"<svg/>" + b" " * SHARP_BYTES)
    assert figure.data.startswith("data:image/svg+xml;base64,")


def test_a_file_of_a_figure_that_is_absent_or_a_folder(tmp_path):
    write(tmp_path, svg=b"<svg/>")
    paths = figure_paths(tmp_path, "figure")
    with pytest.raises(GazeError, match=r"figure.png: there is no such file. Draw it again."):
        embed_figure(paths, "A title", "Draw it again.")
    paths[1].mkdir()
    with pytest.raises(GazeError, match=r"figure.png: this is a folder, .* Draw it again."):
        embed_figure(paths, "A title", "Draw it again.")


@pytest.mark.parametrize(
    "contents",
    [{"svg": b"<svg><g></svg>"}, {"svg": b""}, {"png": PNG[:-6]}, {"png": b"GIF89a"}],
    ids=["no XML", "empty", "cut", "another picture"],
)
def test_a_damaged_figure(tmp_path, contents):
    with pytest.raises(GazeError, match=r"this is not a whole .* Draw it again."):
        write(tmp_path, **contents)


def test_sections_do_not_share_their_lists():
    first, second = Section("a", "A"), Section("b", "B")
    first.sheets.append("table")
    assert second.sheets == []
