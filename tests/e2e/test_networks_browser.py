"""What networks predict, beside the gaze in the inspector, in a real browser."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from gazescribe.pipeline.report.pictures import STRENGTH, colours
from tests.predictions import write_predictions
from tests.report_run import SIZE, make_run
from tests.running import gazescribe

RAMP = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """R1 with two networks: one draws edema, the other saliency, from a picture half as large."""
    folder = tmp_path_factory.mktemp("run")
    project = make_run(folder / "project")
    of_label, of_image = {("label", "Edema"): RAMP}, {("saliency", ""): RAMP[::-1]}
    large, small = {"R1.png": SIZE}, {"R1.png": (SIZE[0] // 2, SIZE[1] // 2)}
    first = write_predictions(folder / "first", large, of_label)
    second = write_predictions(folder / "second", small, of_image, network="unet")
    options = ("--predictions", first, "--predictions", second)
    gazescribe("report", project, folder / "out", *options)
    return (folder / "out/readings/R1.html").as_uri()


@pytest.fixture
def page(browser, address):
    """The page, which may not complain."""
    complaints = []
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    yield page
    page.close()
    assert complaints == []


def choose(page, title):
    page.locator(".chip", has_text=title).first.click()


def pixels(page):
    """What the canvas of the network holds, RGBA."""
    data = page.evaluate("document.getElementById('network').toDataURL().split(',')[1]")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGBA"))


def painted(values):
    """Colours and opacity of a map, as the gaze has them; what is seen through has any colour."""
    levels = np.rint(values * 255).astype(int)
    alpha = np.rint(255 * STRENGTH * np.sqrt(levels / 255))
    return np.dstack([colours()[levels], alpha])


def test_a_map_of_a_label(page):
    choose(page, "Edema")
    assert page.locator("#probability").inner_text() == "et-seed0, decoder: Edema 0.75"
    page.locator("#map-of").select_option("et-seed0, decoder")
    assert page.locator("#network").is_visible()
    assert not page.locator("#heat").is_visible()
    np.testing.assert_allclose(pixels(page)[4:], painted(RAMP)[4:], atol=3)
    choose(page, "Opacity")
    said = page.locator("#probability").inner_text()
    assert said == "et-seed0, decoder says nothing of what is chosen."
    assert pixels(page).max() == 0


def test_blink_by_key(page):
    choose(page, "Edema")
    for shown, hidden in [("#network", "#heat"), ("#heat", "#network")] * 2:
        page.keyboard.press("b")
        assert page.locator(shown).is_visible()
        assert not page.locator(hidden).is_visible()


def test_a_map_of_the_whole_image_is_shown_whatever_is_chosen(page):
    page.locator("#map-of").select_option("unet, saliency")
    for title in ("Opacity", "All gaze"):
        choose(page, title)
        said = page.locator("#probability").inner_text()
        assert said == "unet, saliency: Edema 0.75, Fracture 0.13"
        np.testing.assert_allclose(pixels(page)[:4], painted(RAMP[::-1])[:4], atol=3)


def test_beside_the_gaze(page):
    """Both plates show the same place; the map lies where its frame says."""
    choose(page, "Edema")
    page.locator("#map-of").select_option("et-seed0, decoder")
    page.get_by_label("Beside the gaze").check()
    assert page.locator("#heat").is_visible()
    assert page.locator("#other-plate #network").is_visible()
    page.locator("#plate").hover(position={"x": 80, "y": 120})
    page.mouse.wheel(0, -400)
    planes = [
        page.locator(f"{plate} .plane").bounding_box() for plate in ("#plate", "#other-plate")
    ]
    assert planes[0]["width"] == pytest.approx(planes[1]["width"])
    assert planes[0]["width"] > page.locator("#plate").bounding_box()["width"]
    box, (height, width) = page.locator("#network").bounding_box(), SIZE
    # eight cells cover the longer side of the image, and as much of the shorter one
    assert box["height"] == pytest.approx(planes[1]["height"], rel=1e-3)
    assert box["width"] == pytest.approx(planes[1]["width"] * height / width, rel=1e-3)


def test_probabilities_in_a_table(page):
    page.get_by_text("Probabilities by the networks").first.click()
    row = page.locator("#networks").get_by_role("row", name="Edema")
    assert row.get_by_role("cell").all_inner_texts() == ["0.750", "0.750"]
