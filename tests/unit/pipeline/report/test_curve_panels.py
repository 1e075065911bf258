import re
from itertools import combinations, pairwise

import numpy as np
import pytest
from skimage.color import rgb2lab

from gazescribe.pipeline.report.curve_panels import (
    BOTTOM_PX,
    COLOURS,
    HEIGHT_PX,
    NAME_PX,
    Line,
    look_of,
    name_lines,
    spread,
    ticks,
)
from gazescribe.pipeline.report.pages import TEMPLATES

SCHEMES = re.findall(r":root \{(.*?)\}", (TEMPLATES / "style.css").read_text(), re.DOTALL)
SEEN_BY = {  # in linear RGB; Machado, Oliveira and Fernandes 2009, severity 1
    "everybody": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("eyes", SEEN_BY)
def test_colours_are_told_apart_with_any_colour_vision(scheme, eyes):
    values = dict(re.findall(r"--(c\d): #([0-9a-f]{6})", SCHEMES[scheme]))
    assert len(values) == COLOURS
    rgb = np.array([list(bytes.fromhex(value)) for value in values.values()]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.transpose(SEEN_BY[eyes]), 0, 1)
    shown = np.where(seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055)
    lab = rgb2lab(shown)
    assert min(np.linalg.norm(a - b) for a, b in combinations(lab, 2)) > 25


def test_forty_models_look_differently():
    looks = [look_of(place) for place in range(40)]
    assert len(set(looks)) == 40
    for one, following in pairwise(looks):
        assert one.colour != following.colour
        assert one.mark != following.mark


def line(model, y_px, split=""):
    return Line(model, model, split, look_of(0), "", (268.0, y_px), 0.0)


def test_names_of_thirteen_models_stand_apart_at_their_lines():
    models = [f"m{number:02}" for number in range(13)]
    lines = [line(model, 100.0 + number) for number, model in enumerate(models)]
    names = name_lines([*lines, line("m00", 20.0, "train")], dict(zip(models, models, strict=True)))
    heights = [name.y_px for name in names]
    assert [name.model for name in names] == models
    assert np.diff(heights).min() >= NAME_PX - 0.1
    assert heights[-1] <= HEIGHT_PX - BOTTOM_PX
    assert names[0].from_px == (268.0, 100.0)  # where validation ends


def test_names_that_do_not_fit_are_left_to_the_table():
    models = {f"m{number}": "" for number in range(30)}
    assert name_lines([line(model, 100.0) for model in models], models) == []


def test_names_that_are_apart_stay_where_they_are():
    assert spread([10.0, 50.0, 52.0, 90.0], 12.0) == [10.0, 50.0, 62.0, 90.0]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        pytest.param(0.0, 1.0, [0.0, 0.5, 1.0], id="share"),
        pytest.param(0.0, 25.0, [0.0, 10.0, 20.0], id="epochs"),
        pytest.param(0.61, 0.92, [0.7, 0.8, 0.9], id="narrow"),
    ],
)
def test_ticks_are_round(low, high, expected):
    assert ticks(low, high) == expected
