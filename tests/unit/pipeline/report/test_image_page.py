import json
import re

import pytest

from gazescribe.pipeline.report.notices import AGREEMENT
from tests.running import gazescribe
from tests.shared_image_run import make_shared_run

PAGE = "images/shared-image.html"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return make_shared_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def report(project, tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    return out, json.loads(gazescribe("report", project, out, "--json"))


@pytest.fixture(scope="module")
def text(report):
    return (report[0] / PAGE).read_text()


def rows_of(text, key, kind):
    """Cells of a matrix, by row."""
    (part,) = re.findall(rf'<div data-of="{key}"[^>]*>\s*<table.*?</div>', text, re.DOTALL)
    (table,) = re.findall(rf'data-kind="{kind}">(.*?)</table>', part, re.DOTALL)
    return [
        re.findall(r"<td[^>]*>(.*?)</td>", row)
        for row in re.findall(r'<th scope="row".*?</tr>', table, re.DOTALL)
    ]


def test_one_page_with_one_radiograph(report, text):
    out, counts = report
    assert [path.name for path in (out / "images").iterdir()] == ["shared-image.html"]
    assert counts["n_image_pages"] == 1
    assert counts["images_without_page"] == {}
    assert text.count("data:image/jpeg") == 1
    assert text.count('href="#radiograph"') == text.count("<article") == 4
    assert AGREEMENT.foot in text


def test_the_command_counts_pages_and_images_without_one(project, tmp_path):
    printed = gazescribe("report", project, tmp_path)
    assert "6 inspectors of 6 readings, 1 image side by side; radiographs:" in printed


def test_numbers_on_the_page(text):
    data = json.loads(re.search(r'id="data">(.*?)</script>', text)[1])
    at = data["thresholds"].index(0.15)
    key = next(key for key, choice in data["choices"].items() if choice["said"].startswith("Edema"))
    rows = rows_of(text, key, "iou")
    for line, row in enumerate(data["choices"][key]["iou"][at]):
        row[line] = ""
        expected = ["–" if value is None else value and f"{value:.2f}" for value in row]
        assert rows[line] == expected
    assert rows[3] == ["–", "–", "–", ""]  # A3; those of egd come first
    assert rows_of(text, key, "ellipses")[1][2] > "0.6"
    mean = f"{data['choices'][key]['mean'][at]:.2f}"
    assert f"IoU of maps: mean <b>{mean}</b>" in text
    (row,) = re.findall(rf'<a href="#{key}">Edema</a>.*?</tr>', text, re.DOTALL)
    assert re.findall(r">([\d.]+)</td>", row)[:2] == ["3", mean]


def test_readings_and_pages_lead_to_one_another(report, text):
    out, _ = report
    assert 'href="../readings/A1.html"' in text
    assert (
        'href="../images/shared-image.html">4 readings of this image'
        in (out / "readings/B1.html").read_text()
    )
    assert "readings of this image" not in (out / "readings/X1.html").read_text()
    assert f'href="{PAGE}"' in (out / "index.html").read_text()


def test_a_reading_without_an_inspector_is_named_alone(project, tmp_path):
    gazescribe("report", project, tmp_path, "--reading", "A2")
    text = (tmp_path / PAGE).read_text()
    assert 'href="../readings/A2.html"' in text
    assert "A1" in text
    assert "readings/A1.html" not in text


def test_readings_of_another_size_are_named(text):
    assert "X1 is not on this page: its table says another size of the image." in text


def test_words_are_escaped(text):
    assert "&lt;b&gt;heart" in text
    assert "<b>heart" not in text


def test_pages_of_images_without_radiographs(project, tmp_path):
    gazescribe("report", project, tmp_path, "--no-images")
    text = (tmp_path / PAGE).read_text()
    assert "data:image/jpeg" not in text
    assert text.count("Radiograph left out") == 4


def test_an_earlier_page_does_not_stay(project, tmp_path):
    gazescribe("report", project, tmp_path)
    assert (tmp_path / PAGE).is_file()
    gazescribe("report", project, tmp_path, "--reading", "Z1")
    assert not (tmp_path / PAGE).exists()
