import base64
import hashlib
import json
import re
from itertools import pairwise

import pytest

from gazescribe.pipeline.report.notices import AGREEMENT
from gazescribe.pipeline.report.pages import TEMPLATES, write_page
from gazescribe.pipeline.report.reading import ROOM
from tests.report_run import HOSTILE

SCHEMES = re.findall(r":root \{(.*?)\}", (TEMPLATES / "style.css").read_text(), re.DOTALL)
COLOURS = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", scheme)) for scheme in SCHEMES]
INKS = ("ink", "quiet", "link", "lit", "positive", "uncertain", "negative")


@pytest.fixture
def page(tmp_path, monkeypatch):
    from jinja2 import ChoiceLoader, DictLoader

    from gazescribe.pipeline.report.pages import _environment

    source = (
        "{% extends 'base.html' %}{% block title %}{{ text }}{% endblock %}"
        "{% block script %}<script type='application/json'>{{ data|tojson }}</script>"
        "<script>{{ script|safe }}</script>{% endblock %}"
    )
    environment = _environment()
    loader = ChoiceLoader([DictLoader({"test.html": source}), environment.loader])
    monkeypatch.setattr(environment, "loader", loader)
    path = tmp_path / "page.html"
    data = {"text": f"{HOSTILE}\u2028"}
    write_page(path, "test.html", ["style.css"], ROOM, notice=AGREEMENT, text=HOSTILE, data=data)
    return path


def test_text_is_escaped_in_markup_and_in_data(page):
    text = page.read_text()
    assert HOSTILE not in text
    assert "&lt;/script&gt;&lt;img src=x onerror=boom()&gt;</title>" in text
    data = re.search(r"application/json'>(.*?)</script>", text)[1]
    assert json.loads(data)["text"] == f"{HOSTILE}\u2028"


def test_policy_allows_this_style_and_script_alone(page):
    text = page.read_text()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1].replace("&#39;", "'")
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives.keys() == {
        "default-src",
        "img-src",
        "media-src",
        "style-src",
        "script-src",
        "base-uri",
        "form-action",
    }
    assert directives["default-src"] == "'none'"
    assert directives["img-src"] == directives["media-src"] == "data:"
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        inside = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)[-1]
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert directives[directive] == f"'sha256-{digest}'"


def test_nothing_points_elsewhere(page):
    assert re.findall(r"https?:|//[a-z]", re.sub(r"/\*.*?\*/| // .*", "", page.read_text())) == []


def test_pages_carry_the_notice(page):
    assert AGREEMENT.foot in page.read_text()


def test_there_are_two_schemes():
    assert len(COLOURS) == 2
    assert COLOURS[0].keys() == COLOURS[1].keys()
    assert COLOURS[0] != COLOURS[1]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("behind", ["page", "card", "lit-soft"])
@pytest.mark.parametrize(
    "ink", ["ink", "quiet", "link", "lit", "positive", "uncertain", "negative"]
)
def test_text_can_be_read(scheme, behind, ink):
    assert contrast(COLOURS[scheme][ink], COLOURS[scheme][behind]) >= 4.5  # WCAG 2.2, 1.4.3


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_curves_can_be_seen(scheme):
    lines = [COLOURS[scheme][f"c{n}"] for n in range(8)]
    assert min(contrast(line, COLOURS[scheme]["card"]) for line in lines) >= 3  # 1.4.11


def contrast(one, other):
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour):
    parts = [int(colour[at:to], 16) / 255 for at, to in pairwise((1, 3, 5, 7))]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
