import re
import zlib

import pytest
from matplotlib.figure import Figure
from PIL import Image

from gazescribe.pipeline.core.figures import (
    CYCLE,
    DPI,
    SINGLE_MM,
    Plate,
    captions,
    colour_bar,
    legend_below,
    logarithmic,
    panels,
    plain,
    printed,
    save,
    tick,
    wrapped,
)
from gazescribe.pipeline.core.settings import Figures
from tests.printed import drawn_texts, faults_in_print

LABEL = "ümläut $ label"


@printed()
def drawn():
    figure, axes = panels(3, 2, SINGLE_MM, 70)
    for number, one in enumerate(axes):
        one.plot([0, 1], [0, number], label=plain(LABEL))
        one.imshow([[0, 1], [1, 0]], aspect="auto")
    legend_below(figure, axes[0].lines, [LABEL])
    colour_bar(figure, axes, "share of the maximum")
    return figure


def test_panels_of_one_size():
    figure, axes = panels(3, 2, SINGLE_MM, 70)
    assert len(axes) == 3
    assert figure.axes == axes
    assert (figure.get_size_inches() * 25.4).tolist() == pytest.approx([88, 70])


@pytest.mark.parametrize("text", ["text", "outlines"])
def test_pictures_have_the_same_bytes_every_time(tmp_path, text):
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        save(drawn(), tmp_path / folder, "lines", Figures(text=text))
    written = sorted(path.name for path in (tmp_path / "first").iterdir())
    assert written == ["lines.pdf", "lines.png", "lines.svg"]
    for name in written:
        first, second = ((tmp_path / folder / name).read_bytes() for folder in ("first", "second"))
        assert first == second
        assert not re.search(rb"CreationDate|<dc:date|Matplotlib v", first)


def operators(pdf):
    """What the pages of a PDF draw, as far as it is compressed the usual way."""
    streams = re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL)
    content = b""
    for stream in streams:
        try:
            content += zlib.decompress(stream)
        except zlib.error:
            continue
    return content


@pytest.mark.parametrize(("text", "is_text"), [("text", True), ("outlines", False)])
def test_letters_are_letters_or_shapes(tmp_path, text, is_text):
    save(drawn(), tmp_path, "lines", Figures(text=text))
    svg = (tmp_path / "lines.svg").read_text()
    assert (LABEL in svg.replace("<!-- ", "").split("<text", 1)[-1] and "<text" in svg) == is_text
    pdf = (tmp_path / "lines.pdf").read_bytes()
    assert (b"/FontFile2" in pdf) == is_text  # an embedded TrueType font: pdf.fonttype 42
    assert (b" Tj" in operators(pdf) or b" TJ" in operators(pdf)) == is_text
    with Image.open(tmp_path / "lines.png") as picture:
        assert picture.size[0] == int(SINGLE_MM / 25.4 * DPI)
        assert picture.info["dpi"] == pytest.approx((DPI, DPI), abs=0.1)


def test_outlines_look_as_letters_do(tmp_path):
    """But for the hinting of small letters."""
    pictures = []
    for text in ("text", "outlines"):
        (tmp_path / text).mkdir()
        save(drawn(), tmp_path / text, "lines", Figures(text=text))
        with Image.open(tmp_path / text / "lines.png") as picture:
            pictures.append(picture.convert("L").resize((104, 83)).tobytes())
    differences = [abs(a - b) for a, b in zip(*pictures, strict=True)]
    assert max(differences) > 0
    assert sum(differences) / len(differences) < 1


def test_the_style_is_that_of_what_is_drawn_alone():
    figure = drawn()
    assert figure.axes[0].lines[0].get_color() == CYCLE[0]
    assert Figure().subplots().plot([0, 1])[0].get_color() != CYCLE[0]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.1000, "0.1"),
        (3.1399999999999997, "3.14"),
        (0.30000000000000004, "0.3"),
        (-0.5, "−0.5"),
        (-0.0, "0"),
        (2.0, "2"),
        (12000, "12,000"),
        (0.00025, "0.00025"),
    ],
)
def test_a_tick_is_what_a_person_writes(value, expected):
    assert tick(value) == expected


def test_ticks_of_logarithms(monkeypatch):
    with printed():
        figure, (axes,) = panels(1, 1, SINGLE_MM, 60)
        axes.plot([1, 2, 3], [0.02, 1, 30])
        logarithmic(axes)
    texts = {text.get_text() for text in drawn_texts(figure, monkeypatch)}
    assert {"0.1", "1", "10"} <= texts
    assert not faults_in_print(figure, monkeypatch)


def test_what_is_printed_over_something_is_found(monkeypatch):
    with printed():
        figure, (axes,) = panels(1, 1, SINGLE_MM, 60)
        axes.plot([0, 1], label="a line")
        axes.text(0.5, 0.5, "one")
        axes.text(0.52, 0.52, "two")
        axes.text(0.2, 0.8, "small", fontsize=4)
        axes.text(1.4, 0.5, "beside the page")
        axes.legend()
    figure.set_layout_engine(None)
    found = "; ".join(faults_in_print(figure, monkeypatch))
    for fault in ("'one' lies on 'two'", "4.0 points", "leaves the page", "a legend lies on data"):
        assert fault in found


def test_captions():
    plate = Plate(Figure(), "A title", "What is seen.")
    assert captions({"maps": plate}) == {"maps": {"title": "A title", "caption": "What is seen."}}


def test_long_names_are_wrapped():
    assert wrapped("Abnormal $ Mediastinum multi-resolution", 12).splitlines() == [
        r"Abnormal \$",
        "Mediastinum",
        "multi-resolution",
    ]


@pytest.mark.parametrize("text", ["a", "$", "$5 to $6", "$^$", r"\$x$", r"\\$"])
def test_text_of_others_is_no_formula(text):
    figure = Figure()
    written = figure.text(0, 0, plain(text))
    shown, is_formula = written._preprocess_math(plain(text))
    assert (shown, is_formula) == (text, False)
