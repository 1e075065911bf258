"""The pages in a real browser: choose, scrub, play, read; by mouse, and by keyboard alone."""

import base64
import io
import re

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from gazescribe.pipeline.core.tables import write_table
from gazescribe.pipeline.geometry.canvas import render
from gazescribe.pipeline.report.pictures import STRENGTH
from tests.report_run import HOSTILE, LARGE, SIZE, make_run
from tests.running import gazescribe
from tests.synthetic import fixation, reading, table, write_tables

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 900}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The run, with boxes of the anatomy, and a reading whose words have no times."""
    folder = make_run(tmp_path_factory.mktemp("run"))
    sides = {"xmin_px": 240, "ymin_px": 60, "xmax_px": 420, "ymax_px": 300}
    boxes = [
        {"reading_id": "R1", "region": name, **sides}
        for name in ("left lung", "left upper lung zone")
    ]
    write_table(table(boxes, "regions"), folder / "data/tables/reflacx", "regions")
    write_tables(
        folder / "data/tables/mylab",
        readings=[reading("R3", "old rib fracture .", dataset="mylab")],
        words=[],
        sentences=[],
        fixations=[fixation(0, 0.2, 0.6, reading_id="R3")],
    )
    return folder


@pytest.fixture(scope="module")
def report(project, tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    gazescribe("report", project, out)
    return out


@pytest.fixture
def opened(browser, report):
    """Open pages; none may complain, nor ask for anything but itself."""
    contexts, complaints, requests = [], [], []

    def open_page(path="readings/R1.html", viewport=DESK, **options):
        context = browser.new_context(viewport=viewport, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.add_init_script("window.boom = () => { window.boomed = true; };")
        page.goto(f"{report.as_uri()}/{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []
    assert requests
    assert [url for url in requests if not url.startswith((report.as_uri(), "data:"))] == []


def pixels(page):
    """What the canvas of the heatmap holds, RGBA."""
    data = page.evaluate("document.getElementById('heat').toDataURL('image/png').split(',')[1]")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGBA"))


def values(page, windows):
    """What the script works out for these windows, float32."""
    text = page.evaluate(
        f"""(() => {{
          const bytes = new Uint8Array(Float32Array.from(inspector.maps.heatmap({windows})).buffer);
          let text = "";
          for (let at = 0; at < bytes.length; at += 32768) {{
            text += String.fromCharCode(...bytes.subarray(at, at + 32768));
          }}
          return btoa(text);
        }})()"""
    )
    return np.frombuffer(base64.b64decode(text), np.float32)


def frozen(page):
    """Stop the browser's clock; it goes on when it is told to."""
    page.clock.install(time=0)
    page.clock.pause_at(60_000)
    return page


def lit(page, kind):
    found = page.locator(f"[data-{kind}].lit").all()
    return sorted(int(one.get_attribute(f"data-{kind}")) for one in found)


def shown_circles(page):
    return page.locator("#fixations circle:not(.later)").count()


def at_time(page, seconds):
    page.locator("#time").fill(str(seconds))


def test_a_click_on_a_sentence(opened):
    page = opened()
    before = pixels(page)
    page.locator("label[for=sentence-2]").click()
    said = page.get_by_role("status").inner_text()
    assert said.startswith("Sentence 3: “edema is stable .” Window 9.5 to 11.0 s: 2 fixations")
    after = pixels(page)
    assert (before != after).any()
    assert after[..., 3].max() > 0
    assert lit(page, "windows") == [1]
    assert lit(page, "sentences") == [2]
    assert lit(page, "fixations") == [5, 6]
    assert page.locator("[data-window='1']").is_visible()
    assert not page.locator("[data-window='0']").is_visible()
    assert page.locator("#facts-sentence-2").is_visible()
    assert page.url.endswith("#sentence-2")


def test_a_sentence_without_a_window_blanks_the_map(opened):
    page = opened()
    assert pixels(page)[..., 3].max() > 0
    page.locator("label[for=sentence-1]").click()
    assert "No window" in page.get_by_role("status").inner_text()
    assert pixels(page)[..., 3].max() == 0
    assert lit(page, "windows") == []
    assert page.get_by_role("button", name="Play window").is_disabled()


@pytest.mark.parametrize(
    ("dataset", "reading_id", "key", "size", "picture"),
    [
        pytest.param("reflacx", "R1", "label-0", SIZE, SIZE, id="two windows"),
        pytest.param("reflacx", "R1", "reading", SIZE, SIZE, id="all gaze"),
        pytest.param("egd", "E1", "label-8", LARGE, (1024, 880), id="shrunk"),
    ],
)
def test_the_map_is_that_of_the_pipeline(opened, project, dataset, reading_id, key, size, picture):
    page = opened(f"readings/{reading_id}.html#{key}")
    choice = page.evaluate(f"inspector.data.choices['{key}'].windows")
    associated = project / "data/associated" / dataset
    mine = [("reading_id", "==", reading_id)]
    windows = pq.read_table(associated / "windows.parquet", filters=mine)["window"]
    numbers = [windows[row].as_py() for row in choice]
    filters = [*mine, ("window", "in", numbers)]
    gaussians = pq.read_table(associated / "gaussians.parquet", filters=filters)
    expected = render(gaussians, size, picture)
    assert len(gaussians) > 0
    assert 0.9 < expected.max() <= 1.001
    drawn = values(page, choice).reshape(picture)
    assert np.abs(drawn - expected).max() < 1e-5
    opacity = 255 * STRENGTH * np.sqrt(np.clip(expected, 0, 1))
    assert np.abs(pixels(page)[..., 3] - opacity).max() <= 1


def test_nothing_is_drawn_outside_the_part_on_screen(opened):
    page = opened("readings/R1.html#sentence-0")
    drawn_in = page.evaluate(
        """(() => {
          const [one] = inspector.data.windows;
          return inspector.data.windows.push({ ...one, gaussians: one.gaussians.slice(1) }) - 1;
        })()"""
    )
    clip = page.evaluate(f"inspector.data.windows[{drawn_in}].gaussians[0].slice(5)")
    assert clip == [120, 160, 321, 381]
    drawn = values(page, [drawn_in]).reshape(SIZE) > 0
    rows, columns = np.flatnonzero(drawn.any(1)), np.flatnonzero(drawn.any(0))
    assert rows[0] == 160
    assert columns[0] == 120
    assert columns[-1] == 320


def test_scrubbing_shows_fixations_up_to_then_and_the_word(opened):
    page = opened()
    at_time(page, 1.5)
    assert shown_circles(page) == 3
    assert page.locator("#clock").inner_text() == "1.5 s"
    assert page.locator(".text .now").inner_text() == "edema"
    assert page.locator("[data-words].now").count() == 1
    at_time(page, 1.7)
    assert page.locator(".text .now").count() == 0
    assert page.locator("#shown").get_attribute("width") == "201"
    at_time(page, 14.5)
    assert shown_circles(page) == 7
    assert page.locator("#shown").get_attribute("width") == "0"
    slider = page.get_by_role("slider", name="Time")
    assert slider.get_attribute("aria-valuetext") == "14.5 of 14.5 s"


def test_playing_goes_at_the_speed_of_the_reading(opened):
    page = frozen(opened("readings/R1.html#nothing"))
    page.get_by_role("button", name="Play", exact=True).click()
    page.clock.run_for(2000)
    assert 1.8 < float(page.locator("#time").input_value()) < 2.2
    page.get_by_role("button", name="Pause").click()
    page.clock.run_for(1000)
    assert float(page.locator("#time").input_value()) < 2.2
    page.get_by_role("button", name="Play", exact=True).click()
    page.clock.fast_forward(20000)
    page.clock.run_for(100)
    assert page.locator("#clock").inner_text() == "14.5 s"
    assert page.get_by_role("button", name="Play", exact=True).is_visible()


def test_playing_the_windows_of_a_label_one_after_the_other(opened):
    page = frozen(opened("readings/R1.html#label-0"))
    page.get_by_role("button", name="Play window").click()
    page.clock.run_for(500)
    assert float(page.locator("#time").input_value()) < 1
    page.clock.run_for(1000)
    assert 9.5 <= float(page.locator("#time").input_value()) < 10.5
    page.clock.run_for(3000)
    assert page.locator("#clock").inner_text() == "11.0 s"


def test_reduced_motion_plays_in_steps(opened):
    page = frozen(opened("readings/R1.html#nothing", reduced_motion="reduce"))
    page.get_by_role("button", name="Play", exact=True).click()
    page.clock.run_for(400)
    assert page.locator("#clock").inner_text() == "0.0 s"
    page.clock.run_for(300)
    assert float(page.locator("#time").input_value()) >= 0.5


def focused(page):
    return page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()")


def tabbed(page):
    """Press Tab until the focus leaves the page; give what had it."""
    seen = []
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            return seen
        seen.append(focused(page))
    raise AssertionError(seen)


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_tab_goes_down_the_page(opened, viewport):
    page = opened(viewport=viewport)
    seen = tabbed(page)
    assert seen[0] == "Skip to the content"
    order = [seen.index(one) for one in ("label-0", "play", "play-window", "time", "scroll")]
    assert order == sorted(order)
    tops = [page.locator(one).bounding_box()["y"] for one in (".choices", ".player", ".tables")]
    assert tops == sorted(tops)


def test_space_plays_wherever_nothing_else_takes_it(opened):
    page = frozen(opened())
    page.keyboard.press("Space")
    assert page.get_by_role("button", name="Pause").is_visible()
    page.locator("#label-0").focus()
    page.keyboard.press("Space")
    assert page.get_by_role("button", name="Play", exact=True).is_visible()
    assert page.evaluate("scrollY") == 0
    box = page.get_by_role("checkbox", name="Heatmap")
    box.focus()
    page.keyboard.press("Space")
    assert not box.is_checked()
    assert page.get_by_role("button", name="Play", exact=True).is_visible()


def test_keyboard_alone(opened):
    page = opened()
    page.locator("#label-0").focus()
    first = page.get_by_role("status").inner_text()
    page.keyboard.press("ArrowDown")
    assert focused(page) == "label-1"
    second = page.get_by_role("status").inner_text()
    assert second.startswith("Opacity. ")
    assert second != first
    for _ in range(5):
        page.keyboard.press("ArrowDown")
    assert page.get_by_role("status").inner_text().startswith("Sentence 1: ")
    page.locator("#time").focus()
    page.keyboard.press("Home")
    assert shown_circles(page) == 1
    page.keyboard.press("ArrowRight")
    assert page.locator("#clock").inner_text() == "0.1 s"
    page.locator("#play").focus()
    page.keyboard.press("Space")
    assert page.get_by_role("button", name="Pause").is_visible()


def test_layers_can_be_taken_off(opened):
    page = opened()
    for name, layer in (("Heatmap", "heat"), ("Fixations", "fixations"), ("Ellipses", "ellipses")):
        box = page.get_by_role("checkbox", name=name)
        assert page.locator(f"#{layer}").is_visible()
        box.uncheck()
        assert not page.locator(f"#{layer}").is_visible()


def test_boxes_of_the_anatomy_can_be_put_on(opened):
    page = opened()
    assert not page.locator("#anatomy").is_visible()
    page.get_by_role("checkbox", name="Anatomy").check()
    assert page.locator("#anatomy").is_visible()
    assert page.locator(".region text").all_text_contents() == ["left lung", "left upper lung zone"]
    assert opened("readings/R2.html").locator("[data-layer=anatomy]").count() == 0


def test_gaze_and_the_key_are_seen_without_scrolling(opened):
    page = opened(viewport={"width": 1280, "height": 900})
    below = page.locator(".choices").bounding_box()
    for one in (page.locator("label[for=reading]"), page.locator(".key")):
        box = one.bounding_box()
        assert box["y"] + box["height"] < below["y"] + below["height"]


def test_a_phone_on_its_side_shows_the_radiograph(opened):
    page = opened(viewport={"width": 844, "height": 390})
    assert page.locator("#plate").bounding_box()["height"] == pytest.approx(0.7 * 390, abs=1)
    page.evaluate("scrollTo(0, 600)")
    assert page.locator("#plate").bounding_box()["y"] < 0


def test_words_without_times_are_shown(opened):
    page = opened("readings/R3.html")
    shown = page.locator(".choices").inner_text()
    assert "old rib fracture ." in shown
    assert "Its words have no times, so nothing opens a window." in shown
    assert page.locator(".tags").inner_text().count("1 fixation") == 1
    assert "fixations" not in page.locator(".tags").inner_text()


def test_ellipses_of_the_label_stand_out(opened):
    page = opened("readings/R1.html#label-0")
    assert lit(page, "ellipse") == [0]
    assert page.locator(".ellipse.faint").count() == 1


def test_the_timeline_takes_clicks(opened):
    page = opened("readings/R1.html#nothing")
    page.locator("[data-sentences='2']").click()
    assert page.locator("#sentence-2").is_checked()
    page.locator("#timeline").click(
        position={"x": page.evaluate("3 * inspector.data.px_per_s"), "y": 8}
    )
    assert page.locator("#clock").inner_text() == "3.0 s"


def test_the_tables_say_what_the_timeline_shows(opened):
    page = opened()
    page.locator("summary", has_text="Sentences and their windows").click()
    row = page.get_by_role("row", name="edema is stable")
    assert row.inner_text().split("\t")[1:3] == ["11.00", "14.50"]
    assert "9.50 to 11.00 (ok)" in row.inner_text()


def test_hostile_words_do_nothing(opened):
    page = opened()
    assert HOSTILE in page.locator("label[for=sentence-1]").inner_text().replace("\xa0", " ")
    assert page.locator("img[src=x]").count() == 0
    assert page.evaluate("window.boomed") is None


def test_scripts_that_get_into_the_page_do_not_run(browser, report):
    page = browser.new_page()
    page.goto(f"{report.as_uri()}/readings/R1.html")
    refused = []
    page.on("console", lambda message: refused.append(message.text))
    page.evaluate(
        "const one = document.createElement('script'); one.textContent = 'window.ran = 1';"
        "document.body.append(one)"
    )
    assert page.evaluate("window.ran") is None
    assert any("Content Security Policy" in text for text in refused)
    page.close()


def test_from_the_run_to_an_inspector_and_on(opened):
    page = opened("index.html")
    page.locator(".shelf a", has_text="R1").click()
    assert page.locator("h1").inner_text() == "R1"
    assert page.locator("#label-0").is_checked()
    page.get_by_role("link", name=re.compile("Reading after")).click()
    assert page.locator("h1").inner_text() == "R2"
    assert page.get_by_text("Radiograph absent").is_visible()
    page.get_by_role("link", name="Run", exact=True).click()
    assert page.get_by_role("heading", name="What was left out").is_visible()


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("path", ["index.html", "readings/R1.html"])
def test_pages_fit_the_screen_in_both_schemes(opened, path, viewport):
    page = opened(path, viewport)
    commonest = {}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        picture = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("L"))
        assert picture.shape == (viewport["height"], viewport["width"])
        assert picture.std() > 10
        commonest[scheme] = np.bincount(picture.ravel()).argmax()
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert commonest["light"] > 200
    assert commonest["dark"] < 60


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_parts_open_by_their_links_and_by_hand(opened, script):
    page = opened("index.html", java_script_enabled=script)
    parts = page.locator("details.part")
    states = [part.get_attribute("open") is not None for part in parts.all()]
    assert states == [True] + [False] * (len(states) - 1)
    page.get_by_role("navigation").get_by_role("link", name="What was left out").click()
    assert page.get_by_text("bad times").is_visible()
    page.locator("summary", has_text="What came in").click()
    assert page.get_by_role("table", name="Rows of each table").is_visible()


def test_the_first_screen_says_what_the_run_is_of(opened):
    page = opened("index.html")
    box = page.locator(".overview").bounding_box()
    assert box["y"] + box["height"] < DESK["height"]
    assert "gazescribe report" in page.locator(".facts").inner_text()
    assert "**" not in page.content()


def test_tables_are_sorted_and_their_headings_stay(opened):
    page = opened("index.html#left-out")
    table = page.get_by_role("table", name="Left out, by reason")
    before = table.locator("tbody th").all_inner_texts()
    assert len(before) > 1
    head = table.get_by_role("button", name="reason")
    seen = []
    for order in ("ascending", "descending", "none"):
        head.press("Enter")
        column = table.get_by_role("columnheader", name="reason")
        assert column.get_attribute("aria-sort") == order
        seen.append(table.locator("tbody th").all_inner_texts())
    assert seen == [sorted(before), sorted(before, reverse=True), before]
    style = "getComputedStyle(document.querySelector('#left-out thead th')).position"
    assert page.evaluate(style) == "sticky"


@pytest.mark.parametrize("path", ["index.html", "readings/R1.html"])
def test_every_control_has_a_name_and_headings_do_not_skip(opened, path):
    page = opened(path)
    nameless = page.evaluate(
        """[...document.querySelectorAll("a, button, input, select, [role=region], img")]
        .filter((one) => !(one.textContent.trim() || one.ariaLabel || one.alt !== undefined
          || one.getAttribute("aria-labelledby") || one.labels?.[0]?.textContent.trim()))
        .map((one) => one.outerHTML)"""
    )
    assert nameless == []
    levels = page.evaluate(
        "[...document.querySelectorAll('h1, h2, h3')].map((one) => Number(one.tagName[1]))"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert max(np.diff(levels), default=0) <= 1
    assert page.evaluate("document.documentElement.lang") == "en"
