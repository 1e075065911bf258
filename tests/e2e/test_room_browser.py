"""The inspector as a reading room, in a real browser: radiograph, values and time."""

import io
import re

import numpy as np
import pyarrow.parquet as pq
import pytest
from matplotlib import colormaps
from PIL import Image

from gazescribe.pipeline.geometry.canvas import render
from tests.report_run import SIZE
from tests.room_pages import SCREENS, drag, look, painted, place, point_at, window


@pytest.fixture
def page(open_room):
    return open_room()


# ---- The plate ----


@pytest.mark.parametrize("screen", ["desk", "wide"])
def test_the_radiograph_takes_the_height_of_the_screen(room_tab, page, screen):
    width, height = SCREENS[screen]
    room_tab.set_viewport_size({"width": width, "height": height})
    plate, panel = (page.locator(one).bounding_box() for one in ("#plate", "#panel"))
    player = page.locator(".player").bounding_box()
    room_tab.set_viewport_size({"width": 1440, "height": 900})
    assert plate["height"] > 0.9 * height
    assert plate["width"] == pytest.approx(plate["height"] * SIZE[1] / SIZE[0], rel=0.01)
    assert panel["x"] > plate["x"] + plate["width"]
    assert panel["x"] + panel["width"] > 0.95 * width
    assert player["y"] + player["height"] <= height


def test_the_wheel_enlarges_about_the_pointer(page):
    before = point_at(page, 100, 150)
    page.mouse.wheel(0, -500)
    assert look(page)["zoom"] == pytest.approx(np.exp(1), rel=0.01)
    assert page.locator("#probe").inner_text() == before
    page.keyboard.press("+")  # about the middle of the plate
    assert page.locator("#probe").inner_text() != before
    page.mouse.wheel(0, 5000)
    assert look(page)["zoom"] == 1


def test_keys_and_buttons_enlarge_and_fit(page):
    page.keyboard.press("+")
    page.get_by_role("button", name="Larger").click()
    assert look(page)["zoom"] == pytest.approx(1.25**2)
    page.keyboard.press("-")
    page.get_by_role("button", name="Smaller").click()
    assert look(page)["zoom"] == 1
    page.keyboard.press("=")
    page.keyboard.press("0")
    assert look(page)["zoom"] == 1
    page.keyboard.press("+")
    page.get_by_role("button", name="Fit").click()
    assert look(page) == {"zoom": 1, "x": SIZE[1] / 2 - 0.5, "y": SIZE[0] / 2 - 0.5}


def test_a_drag_and_arrow_keys_move_what_is_enlarged(page):
    drag(page, 50, 50)
    assert look(page)["x"] == SIZE[1] / 2 - 0.5
    for _ in range(4):
        page.keyboard.press("+")
    middle = look(page)
    drag(page, 50, -30)
    moved = look(page)
    assert moved["x"] < middle["x"]
    assert moved["y"] > middle["y"]
    assert page.evaluate("getSelection().toString()") == ""
    page.locator("#plate").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    assert look(page)["x"] > moved["x"]
    assert look(page)["y"] < moved["y"]


def test_two_fingers_pinch(page):
    x, y = place(page, 240, 300)
    touch = page.context.new_cdp_session(page)

    def fingers(kind, apart):
        points = [] if apart is None else [{"x": x - apart, "y": y}, {"x": x + apart, "y": y}]
        points = [point | {"id": n} for n, point in enumerate(points)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", 40)
    for apart in (50, 65, 80):
        fingers("touchMove", apart)
    fingers("touchEnd", None)
    touch.detach()
    assert look(page)["zoom"] == pytest.approx(2, rel=0.1)
    assert look(page)["x"] == pytest.approx(SIZE[1] / 2, abs=3)


def test_no_zoom_goes_beyond_eight_pixels_of_the_screen(page):
    for _ in range(30):
        page.keyboard.press("+")
    box = page.locator(".plane").bounding_box()
    assert box["width"] == pytest.approx(8 * SIZE[1])
    assert point_at(page, 240, 300).startswith("x 240, y 300 px")


# ---- Greys and values ----


def test_presets_are_shares_of_the_pictures_greys(page):
    page.get_by_role("combobox", name="Window").select_option("lung")
    by_list = window(page)
    # The radiograph of the test is a ramp from 0 to 255: shares of its greys are shares of 255.
    assert (by_list["low"], by_list["high"]) == pytest.approx((255 * 0.01, 255 * 0.6), abs=3)
    page.keyboard.press("4")
    assert window(page)["low"] == pytest.approx(255 * 0.6, abs=3)
    assert page.locator("#window").input_value() == "bone"
    page.keyboard.press("2")
    assert window(page) == by_list
    page.keyboard.press("1")
    assert window(page) == {"low": 0, "high": 255, "inverted": False}


def test_a_drag_sets_the_window_with_shift_or_in_its_mode(page):
    page.keyboard.down("Shift")
    drag(page, -60, 20)
    page.keyboard.up("Shift")
    by_shift = window(page)
    assert by_shift["high"] - by_shift["low"] == pytest.approx(255 - 60)
    assert (by_shift["high"] + by_shift["low"]) / 2 == pytest.approx(127.5 + 10)
    assert page.locator("#window").input_value() == "own"
    page.keyboard.press("1")
    page.get_by_label("Drag sets window").check()
    drag(page, -60, 20)
    assert window(page) == by_shift
    page.locator("#plate").focus()
    page.keyboard.press("ArrowLeft")
    assert window(page)["high"] - window(page)["low"] == pytest.approx(255 - 68)
    page.keyboard.press("a")
    page.keyboard.press("ArrowLeft")
    assert window(page)["high"] - window(page)["low"] == pytest.approx(255 - 68)


def test_the_screen_shows_the_greys_that_are_said(page):
    for layer in ("Heatmap", "Fixations", "Ellipses"):
        page.get_by_role("checkbox", name=layer, exact=True).uncheck()
    page.keyboard.press("2")
    page.keyboard.press("i")
    assert page.get_by_label("Inverted").is_checked()
    for y in (30, 120, 240, 500):
        said = point_at(page, 20, y)
        grey, shown = map(int, re.search(r"grey (\d+), shown (\d+)", said).groups())
        assert grey == pytest.approx(255 * y / (SIZE[0] - 1), abs=2)
        low, high = window(page)["low"], window(page)["high"]
        assert shown == pytest.approx(255 - 255 * np.clip((grey - low) / (high - low), 0, 1), abs=1)
        left, top = place(page, 20, y)
        clip = {"x": left, "y": top, "width": 1, "height": 1}
        pixel = Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("L").getpixel((0, 0))
        assert pixel == pytest.approx(shown, abs=4)


def gaussians_of(project, windows):
    filters = [("reading_id", "==", "R1"), ("window", "in", windows)]
    return pq.read_table(project / "data/associated/reflacx/gaussians.parquet", filters=filters)


@pytest.mark.parametrize(("key", "windows"), [("s", [0]), ("0", [0, 1])], ids=["one", "joined"])
def test_values_are_those_of_the_map_at_full_size(page, room_project, key, windows):
    page.keyboard.press(key)
    expected = render(gaussians_of(room_project, windows), SIZE)
    assert expected.max() == pytest.approx(1)
    for x, y in ((80, 120), (168, 244), (100, 140)):
        said = point_at(page, x, y)
        assert said.startswith(f"x {x}, y {y} px · grey ")
        value = float(re.search(r"map ([\d.]+)", said)[1])
        assert value == pytest.approx(expected[y, x], abs=6e-4)
    assert point_at(page, 168, 244).endswith("fixation 1: at 0.70 s for 0.18 s")
    page.keyboard.press("v")
    assert page.get_by_role("status").inner_text().startswith("x 240, y 300 px · grey 12")


def test_colours_and_opacity(page):
    assert page.locator("#colours option").all_inner_texts() == [
        "inferno",
        "viridis",
        "cividis",
        "magma",
    ]
    page.get_by_label("Colours").select_option("cividis")
    top = np.unravel_index(painted(page)[..., 3].argmax(), painted(page).shape[:2])
    expected = 255 * np.array(colormaps["cividis"](255)[:3])
    assert painted(page)[top][:3] == pytest.approx(expected, abs=2)
    page.keyboard.press("c")
    assert page.locator("#colours").input_value() == "magma"
    page.locator("#opacity").fill("40")
    assert painted(page)[..., 3].max() == pytest.approx(102, abs=1)
    page.keyboard.press("[")
    assert painted(page)[..., 3].max() == pytest.approx(0.3 * 255, abs=1)
    page.keyboard.press("h")
    assert not page.locator("#heat").is_visible()


def test_the_scan_path_has_numbers_in_its_order(page):
    assert not page.locator("#path").is_visible()
    page.keyboard.press("t")
    assert page.get_by_label("Scan path").is_checked()
    page.locator("#time").fill("1.5")
    assert page.locator("#path text:not(.later)").all_text_contents() == ["0", "1", "2"]
    assert page.locator("#path text").first.is_visible()
    assert page.locator("#steps").get_attribute("points").count(",") == 3


# ---- Time ----


def test_the_map_grows_with_time(page, room_project):
    page.keyboard.press("s")
    page.keyboard.press("g")
    page.locator("#time").fill("0.5")  # one of the window's two fixations has begun
    values = page.evaluate(
        "Array.from(inspector.maps.heatmap([0], 0).filter((_, at) => !(at % 7)))"
    )
    share = page.evaluate("inspector.maps.valueAt([0], 80, 120, 0)")
    alone = render(gaussians_of(room_project, [0]).slice(0, 1), SIZE) * share
    assert 0.1 < share < 1
    assert np.abs(values - alone.ravel()[::7]).max() < 1e-5
    part = painted(page)[..., 3].astype(int)
    page.get_by_label("Map grows with time").uncheck()
    whole = painted(page)[..., 3].astype(int)
    assert part.max() == pytest.approx(255 * 0.8 * share**0.5, abs=1)
    assert (whole - part).min() >= 0
    assert (whole - part).max() > 50


def test_speeds_and_the_voice(browser, room_report):
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{room_report.as_uri()}/readings/R1.html#nothing")
    page.clock.install(time=0)
    page.clock.pause_at(60_000)
    voice = "document.getElementById('voice')."
    time_s = 0
    page.locator("#time").fill("0")
    for key, speed in ((None, 1), (">", 2), (">", 4), ("<", 2), ("<", 1), ("<", 0.5), ("<", 0.25)):
        if key:
            page.keyboard.press(key)
        page.keyboard.press("Space")
        page.clock.run_for(1000)
        assert not page.evaluate(f"{voice}paused")
        page.keyboard.press("Space")
        time_s += speed
        assert page.evaluate("inspector.clock.now()") == pytest.approx(time_s, abs=0.1 * speed)
        assert page.evaluate(f"{voice}playbackRate") == speed
        assert page.evaluate(f"{voice}currentTime") == pytest.approx(time_s, abs=0.4 * speed)
        assert page.evaluate(f"{voice}paused")
        time_s = page.evaluate("inspector.clock.now()")
    page.get_by_label("Speed").select_option("4")
    page.get_by_label("Voice").uncheck()
    assert page.evaluate(f"{voice}muted")
    page.close()
