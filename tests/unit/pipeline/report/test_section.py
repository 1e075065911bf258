from gazescribe.pipeline.report.section import SHARP_BYTES, Figure, Section, embed_figure


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
