import pytest
from matplotlib.figure import Figure

from gazescribe.pipeline.core.figures import panels, plain, save


def drawn():
    figure, axes = panels(3, 2, (2.0, 1.5))
    for number, one in enumerate(axes):
        one.plot([0, 1], [0, number], label=str(number))
        one.legend()
    return figure


def test_panels_of_one_size():
    figure, axes = panels(3, 2, (2.0, 1.5))
    assert len(axes) == 3
    assert figure.axes == axes
    assert figure.get_size_inches().tolist() == [4.0, 3.0]


def test_pictures_have_the_same_bytes_every_time(tmp_path):
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        save(drawn(), tmp_path / folder, "lines")
    written = sorted(path.name for path in (tmp_path / "first").iterdir())
    assert written == ["lines.png", "lines.svg"]
    for name in written:
        first, second = ((tmp_path / folder / name).read_bytes() for folder in ("first", "second"))
        assert first == second


@pytest.mark.parametrize("text", ["a", "$", "$5 to $6", "$^$", r"\$x$", r"\\$"])
def test_text_of_others_is_no_formula(text):
    figure = Figure()
    written = figure.text(0, 0, plain(text))
    shown, is_formula = written._preprocess_math(plain(text))
    assert (shown, is_formula) == (text, False)
