"""The inspector as a reading room, in a real browser: choosing, keys, files and networks."""

from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from tests.report_run import SIZE
from tests.room_pages import GRID, SCREENS, painted, picked, point_at

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def page(open_room):
    return open_room()


# ---- One selection ----


@pytest.mark.parametrize(
    ("selector", "address", "n_places", "also"),
    [
        pytest.param("#sentence-0 ~ .text [data-word='1']", "word-1", 2, "mention", id="word"),
        pytest.param("[data-words='1'] text", "word-1", 2, "mention", id="word in time"),
        pytest.param("#facts-label-0 [data-mention='2']", "mention-2", 4, "word", id="mention"),
        pytest.param("[data-mentions='1'] text", "mention-1", 2, "word", id="mention in time"),
        pytest.param("[data-windows='1'] text", "window-1", 2, "window", id="window"),
        pytest.param("[data-fixations='3']", "fixation-3", 2, "fixation", id="fixation in time"),
        pytest.param("circle[data-fixation='1']", "fixation-1", 2, "fixation", id="circle"),
        pytest.param("[data-ellipse='0'] text", "ellipse-0", 1, "ellipse", id="ellipse"),
    ],
)
def test_a_click_chooses_a_thing_everywhere(page, selector, address, n_places, also):
    page.locator(selector).click()
    assert page.url.endswith(f"#{address}")
    kind, number = address.split("-")
    assert picked(page, kind, number) == n_places
    assert picked(page, also) > 0
    said = page.get_by_role("status").inner_text()
    page.reload()
    assert page.get_by_role("status").inner_text() == said
    assert picked(page, kind, number) == n_places


def test_keys_choose_one_thing_after_the_other(page):
    seen = []
    for key in ("s", "s", "Shift+S", "l", "l", "w", "w", "m", "m", "d", "d", "Shift+D"):
        page.keyboard.press(key)
        seen.append(page.url.split("#")[1])
    assert seen[:5] == ["sentence-0", "sentence-1", "sentence-0", "label-0", "label-1"]
    assert seen[5:9] == ["word-1", "word-2", "mention-0", "mention-1"]
    assert seen[10:] == ["window-1", "window-0"]
    for key, last in (("x", "fixation-6"), ("e", "ellipse-1")):
        for _ in range(8):
            page.keyboard.press(key)
        assert page.url.endswith(f"#{last}")
    assert picked(page, "ellipse") == 1
    page.keyboard.press("Escape")
    assert page.locator("#nothing").is_checked()
    page.keyboard.press("r")
    page.wait_for_url("**/R2.html")
    page.keyboard.press("Shift+R")
    page.wait_for_url("**/R1.html")


def test_rows_of_the_tables_choose_what_they_are_of(page):
    page.locator("summary", has_text="Fixations").click()
    page.get_by_role("button", name="fixation 4").focus()
    page.keyboard.press("Enter")
    assert page.url.endswith("#fixation-4")
    page.locator("summary", has_text="Sentences").click()
    page.get_by_role("button", name="sentence 3").click()
    assert page.locator("#sentence-2").is_checked()


def test_a_window_that_is_chosen_has_the_map_of_its_own(page):
    joined = painted(page)
    page.locator("[data-windows='1'] text").click()
    alone = painted(page)
    page.locator("label[for=sentence-2] .no").click()
    assert (painted(page) == alone).all()
    assert (joined != alone).any()


# ---- Keys, files, networks ----


def test_the_list_of_keys(page):
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keys")
    assert dialog.is_visible()
    shown = dialog.locator("kbd").all_inner_texts()
    assert {"Space", "s", "r", "+", "?", "Esc"} <= set(shown)
    assert len(shown) == len(set(shown))
    page.keyboard.press("s")
    assert page.url.endswith("#label-0")
    dialog.get_by_label("Letters are keys on this page").uncheck()
    dialog.get_by_role("button", name="Close").click()
    assert not dialog.is_visible()
    page.keyboard.press("s")
    assert page.url.endswith("#label-0")
    page.reload()
    page.keyboard.press("s")
    assert page.url.endswith("#label-0")
    page.get_by_role("button", name="Keys").click()
    dialog.get_by_label("Letters are keys on this page").check()
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    assert page.url.endswith("#sentence-0")


def saved(page, kind, tmp_path):
    with page.expect_download() as download:
        page.get_by_role("button", name=f"Save as {kind.upper()}").click()
    assert download.value.suggested_filename == f"R1-label-0.{kind}"
    download.value.save_as(tmp_path / f"saved.{kind}")
    return tmp_path / f"saved.{kind}"


def test_what_is_shown_is_saved_at_the_size_of_the_image(page, tmp_path):
    page.keyboard.press("+")
    tree = ET.parse(saved(page, "svg", tmp_path)).getroot()  # noqa: S314  our own
    assert tree.get("viewBox") == f"0 0 {SIZE[1]} {SIZE[0]}"
    assert len(tree.findall(f".//{SVG}image")) == 2
    assert len(tree.findall(f".//{SVG}circle")) == 7
    assert "Edema. 2 windows" in tree.find(f"{SVG}desc").text
    assert not any("class" in one.attrib for one in tree.iter())
    plain = np.asarray(Image.open(saved(page, "png", tmp_path)).convert("RGB")).astype(int)
    assert plain.shape == (*SIZE, 3)
    assert plain[500, 20] == pytest.approx(255 * 500 / (SIZE[0] - 1), abs=3)
    hottest = np.unravel_index(painted(page)[..., 3].argmax(), SIZE)
    assert np.ptp(plain[hottest]) > 20
    page.keyboard.press("i")
    page.keyboard.press("h")
    inverted = np.asarray(Image.open(saved(page, "png", tmp_path)).convert("RGB")).astype(int)
    assert inverted[500, 20] == pytest.approx(255 - 255 * 500 / (SIZE[0] - 1), abs=3)


def test_full_screen_by_button_and_key(page):
    is_full = "document.fullscreenElement?.id === 'stage'"
    page.get_by_role("button", name="Full screen").click()
    page.wait_for_function(is_full)
    page.keyboard.press("s")
    assert page.get_by_role("status").is_visible()
    page.get_by_role("button", name="Leave full screen").click()
    page.wait_for_function(f"!({is_full})")
    page.keyboard.press("f")
    page.wait_for_function(is_full)
    page.keyboard.press("f")
    page.wait_for_function(f"!({is_full})")


def test_a_networks_map_blinks_over_and_stands_beside_the_gaze(open_room):
    page = open_room("readings/answered.html#label-0")
    assert page.locator("#probability").inner_text() == "et-seed0: Edema 0.83"
    assert not page.locator("#network").is_visible()
    page.keyboard.press("b")
    assert page.locator("#map-of").input_value() == "0"
    assert page.locator("#network").is_visible()
    assert not page.locator("#heat").is_visible()
    drawn = painted(page, "network")[..., 3]
    assert drawn.shape == (GRID, GRID)
    assert drawn[:, 7].min() == pytest.approx(255 * 0.8, abs=1)
    assert drawn[:, 8].max() == 0
    assert "et-seed0 1.000" in point_at(page, 100, 300)
    assert "et-seed0 0.000" in point_at(page, 300, 300)
    page.keyboard.press("b")
    assert page.locator("#heat").is_visible()
    page.get_by_label("Beside the gaze").check()
    assert page.locator("#other-plate #network").is_visible()
    assert page.locator("#heat").is_visible()
    page.keyboard.press("+")
    page.keyboard.press("+")
    planes = [one.bounding_box() for one in page.locator(".plane").all()]
    assert planes[0]["width"] == pytest.approx(planes[1]["width"])
    page.keyboard.press("s")
    page.keyboard.press("s")
    assert page.locator("#probability").inner_text() == "et-seed0 says nothing of what is chosen."
    assert painted(page, "network").max() == 0


@pytest.mark.parametrize("screen", SCREENS)
def test_no_fault_of_accessibility(browser, room_report, screen):
    from axe_playwright_python.sync_playwright import Axe

    width, height = SCREENS[screen]
    # What the tester injects is a script that the page's policy refuses.
    context = browser.new_context(
        viewport={"width": width, "height": height}, reduced_motion="reduce", bypass_csp=True
    )
    page = context.new_page()
    page.goto(f"{room_report.as_uri()}/readings/answered.html#sentence-0")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    page.get_by_label("Beside the gaze").check()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()
    results = Axe().run(page, context="#keys")
    assert results.violations_count == 0, results.generate_report()
    context.close()
