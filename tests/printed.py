"""What holds for every printed figure: nothing is written over anything, letters are large."""

import itertools

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from gazescribe.pipeline.core.figures import DOUBLE_MM, DPI, PAGE_MM, SINGLE_MM, SMALL_POINTS

TOUCH_PX = 2.0  # boxes of letters have a rim; neighbours may touch by so much


def drawn_texts(figure, monkeypatch):
    """Lay a figure out as `save` does; give the texts that are really drawn, with their boxes."""
    texts = []
    draw = Text.draw

    def record(self, renderer, *args, **kwargs):
        if self.get_visible() and self.get_text().strip():
            texts.append(self)
        return draw(self, renderer, *args, **kwargs)

    figure.set_dpi(DPI)
    canvas = FigureCanvasAgg(figure)
    with monkeypatch.context() as patched:
        patched.setattr(Text, "draw", record)
        canvas.draw()
    return {text: text.get_window_extent(canvas.get_renderer()) for text in dict.fromkeys(texts)}


def faults_in_print(figure, monkeypatch):
    """Give in words what would not be printed well; an empty list if all is."""
    boxes = drawn_texts(figure, monkeypatch)
    assert boxes
    faults = []
    for (first, one), (second, other) in itertools.combinations(boxes.items(), 2):
        wide = min(one.x1, other.x1) - max(one.x0, other.x0)
        high = min(one.y1, other.y1) - max(one.y0, other.y0)
        if min(wide, high) > TOUCH_PX:
            faults.append(f"{first.get_text()!r} lies on {second.get_text()!r}")
    page = figure.bbox
    for text, box in boxes.items():
        if box.x0 < -1 or box.y0 < -1 or box.x1 > page.x1 + 1 or box.y1 > page.y1 + 1:
            faults.append(f"{text.get_text()!r} leaves the page")
        if text.get_fontsize() < SMALL_POINTS:
            faults.append(f"{text.get_text()!r} has {text.get_fontsize()} points")
        if "$" in text.get_text().replace(r"\$", "") or "e+" in text.get_text():
            faults.append(f"{text.get_text()!r} is no number that a person writes")
    panels = [axes.get_window_extent() for axes in figure.axes]
    legends = [*figure.legends, *(axes.get_legend() for axes in figure.axes if axes.get_legend())]
    for legend in legends:
        box = legend.get_window_extent()
        if any(box.overlaps(panel) for panel in panels):
            faults.append("a legend lies on data")
    width_mm, height_mm = figure.get_size_inches() * 25.4
    if round(width_mm, 6) not in (SINGLE_MM, DOUBLE_MM) or height_mm > PAGE_MM + 0.01:
        faults.append(f"it is {width_mm:.0f} by {height_mm:.0f} mm")
    return faults


def checking_save(monkeypatch):
    """Give a function in the place of `save` that writes nothing and notes what is ill printed."""
    faults = {}

    def check(figure, _folder, name, _settings):
        faults[name] = faults_in_print(figure, monkeypatch)

    return check, faults
