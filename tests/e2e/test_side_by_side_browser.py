"""Readings side by side in a real browser: one choice, zoom and threshold for all plates."""

import base64

import numpy as np
import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.geometry.canvas import render
from tests.running import gazescribe
from tests.shared_image_run import SIZE, make_shared_run

SCREENS = [((390, 844), "light"), ((1440, 900), "dark"), ((2560, 1440), "light")]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return make_shared_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def address(project, tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    gazescribe("report", project, out)
    return (out / "images/shared-image.html").as_uri()


@pytest.fixture
def opened(open_tab, address):
    def open_page(size=(1440, 900), **options):
        return open_tab(address, viewport={"width": size[0], "height": size[1]}, **options)

    return open_page


def choose(page, title):
    page.locator(".chip", has_text=title).click()


def drawn(page, number):
    """The map of a plate, as the script works it out."""
    text = page.evaluate(
        f"""btoa(new Uint8Array(Float32Array.from(abreast.plates[{number}].map).buffer)
          .reduce((text, byte) => text + String.fromCharCode(byte), ""))"""
    )
    return np.frombuffer(base64.b64decode(text), np.float32).reshape(SIZE)


def cells(page, kind="iou"):
    return page.locator(f"[data-of]:visible [data-kind={kind}] [data-pair]").all_inner_texts()


def test_a_choice_changes_every_plate(opened, project):
    page = opened()
    choose(page, "All gaze")
    assert page.get_by_role("status").inner_text() == "All gaze. 4 of 4 readings have a map of it."
    path = project / "data/associated/reflacx"
    windows = pq.read_table(path / "windows.parquet").to_pandas()
    (whole,) = windows.query("reading_id == 'A2' and kind == 'reading'")["window"]
    gaussians = pq.read_table(path / "gaussians.parquet").to_pandas()
    expected = render(gaussians.query(f"reading_id == 'A2' and window == {whole}"), SIZE)
    np.testing.assert_allclose(drawn(page, 2), expected, atol=1e-5)
    quote = page.locator("[data-of=reading] li", has_text="<b>heart</b> is large")
    assert quote.is_visible()
    choose(page, "Edema")
    assert not quote.is_visible()
    assert drawn(page, 3).max() == 0  # A3 says that there is none
    assert page.locator("article .fixations circle:not(.off)").count() == 6
    assert page.locator("article ellipse:not(.off)").count() == 3
    assert page.url.endswith(page.locator("input:checked[name=choice]").get_attribute("id"))


def test_the_gallery_leads_there(opened):
    page = opened()
    page.get_by_role("link", name="Run").click()
    links = page.locator(".shelf").get_by_role("link", name="side by side")
    assert links.count() == 5  # X1, too, is of this image
    page.locator("select[name=label]").select_option("Opacity")
    links.first.click()
    assert page.get_by_role("status").inner_text().startswith("Opacity. 3 of 4 readings")


def test_the_way_there_and_back_keeps_the_label(opened):
    page = opened()
    choose(page, "Opacity")
    page.get_by_role("link", name="A2").click()
    assert page.locator("input[name=choice]:checked + .text").inner_text() == "Opacity"
    page.locator(".chip", has_text="All gaze").click()
    page.get_by_role("link", name="4 readings of this image").click()
    assert page.get_by_role("status").inner_text().startswith("All gaze.")


def test_one_zoom_for_all(opened):
    page = opened()
    page.locator(".plate").nth(1).hover(position={"x": 100, "y": 80})
    page.mouse.wheel(0, -300)
    looks = page.evaluate("abreast.plates.map(({ view }) => view.look())")
    assert looks[0]["zoom"] > 1.5
    assert looks == [looks[0]] * 4
    page.keyboard.press("Shift+ArrowRight")
    moved = page.evaluate("abreast.plates.map(({ view }) => view.look())")
    assert moved[0]["x"] > looks[0]["x"]
    assert moved == [moved[0]] * 4
    page.get_by_role("button", name="Fit").click()
    assert page.evaluate("abreast.plates.map(({ view }) => view.look().zoom)") == [1] * 4
    page.keyboard.press("+")
    assert page.evaluate("abreast.plates[3].view.look().zoom") > 1


def test_the_threshold_changes_numbers_and_outline(opened):
    page = opened()
    page.locator("#threshold").fill("2")
    before, written = cells(page), page.locator("[data-kind=iou] b").first.inner_text()
    page.locator("#threshold").focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert page.locator("#above").inner_text() == "0.40"
    key = page.locator("input:checked[name=choice]").get_attribute("id")
    expected = page.evaluate(f"abreast.data.choices['{key}'].iou[7]")
    pairs = [value for a, row in enumerate(expected) for b, value in enumerate(row) if a != b]
    assert cells(page) == ["–" if value is None else f"{value:.2f}" for value in pairs]
    assert cells(page) != before
    assert page.locator("[data-kind=iou] b").first.inner_text() != written
    above = drawn(page, 1) > 0.4
    n_sides = np.diff(above, axis=0).sum() + np.diff(above, axis=1).sum()
    assert page.locator(".edge path").nth(1).get_attribute("d").count("M") == n_sides > 100


def test_numbers_stay_as_they_were_written(opened):
    """The script shows at first what the page says without it."""
    page, plain = opened(), opened(java_script_enabled=False)
    assert cells(page) == cells(plain) != []
    shades = "cells => cells.map(cell => cell.className)"
    selector = "[data-kind=iou] [data-pair]"
    assert page.locator(selector).evaluate_all(shades) == plain.locator(selector).evaluate_all(
        shades
    )


def test_layers_and_pairs(opened):
    page = opened()
    for name in ("Heatmap", "Outline at the threshold", "Fixations", "Ellipses"):
        page.get_by_label(name, exact=True).uncheck()
    assert page.locator(".plane > :visible").count() == 4 * 2  # the radiograph, and no marks
    page.locator("[data-of]:visible [data-pair='0 1']").first.hover()
    assert page.locator("article.pair").count() == 2


def test_without_a_script(opened):
    page = opened(java_script_enabled=False)
    assert page.locator(".plate img").count() == 3  # one reading has no map of edema
    box, plate = (page.locator(f".plate{part}").first.bounding_box() for part in (" img", ""))
    assert box == pytest.approx(plate)
    assert not page.get_by_label("Fixations").is_visible()
    assert page.get_by_role("row", name="Edema").is_visible()


@pytest.mark.parametrize(("size", "scheme"), SCREENS, ids=str)
def test_nothing_is_in_the_way_of_anybody(opened, size, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = opened(size, color_scheme=scheme)
    found = axe.run(page).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") == size[0]
