"""The inspector as a reading room, in a real browser: each control by mouse and by key."""

import base64
import io
import json
import re
import wave
from xml.etree import ElementTree as ET

import numpy as np
import pyarrow.parquet as pq
import pytest
from matplotlib import colormaps
from PIL import Image

from gazescribe.pipeline.geometry.canvas import render
from tests.report_run import SIZE, make_run
from tests.running import gazescribe

SCREENS = {"phone": (390, 844), "desk": (1440, 900), "wide": (2560, 1440)}
SVG = "{http://www.w3.org/2000/svg}"
DATA = re.compile('(?<=id="data">).*?(?=</script>)')
GRID = 16  # of the invented network's map


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def report(project, tmp_path_factory):
    """The pages with a voice, and beside R1 the same page with the answers of a network."""
    voices, out = tmp_path_factory.mktemp("voices"), tmp_path_factory.mktemp("report")
    with wave.open(str(voices / "R1.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(bytes([128] * 8000 * 15))
    gazescribe("report", project, out, "--audio", voices, "--workers", "1")
    path = out / "readings/R1.html"
    text = path.read_text()
    data = json.loads(DATA.search(text)[0])
    data["networks"] = [network()]
    answered = DATA.sub(lambda _: json.dumps(data).replace("<", "\\u003c"), text)
    path.with_name("answered.html").write_text(answered)
    return out


def network():
    """Answers with a map whose left half is 1, for Edema alone."""
    cells = np.zeros((GRID, GRID), np.uint8)
    cells[:, : GRID // 2] = 255
    with io.BytesIO() as file:
        Image.fromarray(cells).save(file, format="PNG")
        address = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    scale = GRID / SIZE[0]
    pad = (GRID - SIZE[1] * scale) / 2
    frame = {"height": GRID, "width": GRID, "scale": scale, "pad_x_px": pad, "pad_y_px": 0}
    labels = {"Edema": {"probability": 0.83, "map": address}}
    return {"name": "et-seed0", "frame": frame, "labels": labels}


@pytest.fixture(scope="module")
def tab(browser):
    """One tab for all tests; opening one takes longer than a test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(5000)
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    yield page
    context.close()


@pytest.fixture
def opened(tab, report):
    """Open a page anew; it may not complain."""

    def open_page(path="readings/R1.html#label-0"):
        tab.goto("about:blank")
        tab.goto(f"{report.as_uri()}/{path}")
        return tab

    yield open_page
    assert tab.complaints == []


@pytest.fixture
def page(opened):
    return opened()


def look(page):
    return page.evaluate("inspector.view.look()")


def window(page):
    return page.evaluate("inspector.levels.range()")


def place(page, x, y):
    """Where a pixel of the image is on the screen."""
    box = page.locator(".plane").first.bounding_box()
    scale = box["width"] / SIZE[1]
    return box["x"] + (x + 0.5) * scale, box["y"] + (y + 0.5) * scale


def point_at(page, x, y):
    page.mouse.move(*place(page, x, y))
    return page.locator("#probe").inner_text()


def drag(page, right, down):
    x, y = place(page, 240, 300)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right, y + down, steps=2)
    page.mouse.up()


def picked(page, kind, number=None):
    """Elements of what is chosen itself, but for those of the review, which has its own tests."""
    value = "" if number is None else f"='{number}'"
    marked = f":is([data-{kind}{value}], [data-{kind}s{value}])"
    return page.locator(f".picked{marked}:not(#review *)").count()


def painted(page, canvas="heat"):
    data = page.evaluate(f"document.getElementById('{canvas}').toDataURL().split(',')[1]")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGBA"))


# ---- The plate ----


@pytest.mark.parametrize("screen", ["desk", "wide"])
def test_the_radiograph_takes_the_height_of_the_screen(tab, page, screen):
    width, height = SCREENS[screen]
    tab.set_viewport_size({"width": width, "height": height})
    plate, panel = (page.locator(one).bounding_box() for one in ("#plate", "#panel"))
    player = page.locator(".player").bounding_box()
    tab.set_viewport_size({"width": 1440, "height": 900})
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
def test_values_are_those_of_the_map_at_full_size(page, project, key, windows):
    page.keyboard.press(key)
    expected = render(gaussians_of(project, windows), SIZE)
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


def test_the_map_grows_with_time(page, project):
    page.keyboard.press("s")
    page.keyboard.press("g")
    page.locator("#time").fill("0.5")  # one of the window's two fixations has begun
    values = page.evaluate(
        "Array.from(inspector.maps.heatmap([0], 0).filter((_, at) => !(at % 7)))"
    )
    share = page.evaluate("inspector.maps.valueAt([0], 80, 120, 0)")
    alone = render(gaussians_of(project, [0]).slice(0, 1), SIZE) * share
    assert 0.1 < share < 1
    assert np.abs(values - alone.ravel()[::7]).max() < 1e-5
    part = painted(page)[..., 3].astype(int)
    page.get_by_label("Map grows with time").uncheck()
    whole = painted(page)[..., 3].astype(int)
    assert part.max() == pytest.approx(255 * 0.8 * share**0.5, abs=1)
    assert (whole - part).min() >= 0
    assert (whole - part).max() > 50


def test_speeds_and_the_voice(browser, report):
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{report.as_uri()}/readings/R1.html#nothing")
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


def test_a_networks_map_blinks_over_and_stands_beside_the_gaze(opened):
    page = opened("readings/answered.html#label-0")
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
def test_no_fault_of_accessibility(browser, report, screen):
    from axe_playwright_python.sync_playwright import Axe

    width, height = SCREENS[screen]
    # What the tester injects is a script that the page's policy refuses.
    context = browser.new_context(
        viewport={"width": width, "height": height}, reduced_motion="reduce", bypass_csp=True
    )
    page = context.new_page()
    page.goto(f"{report.as_uri()}/readings/answered.html#sentence-0")
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
