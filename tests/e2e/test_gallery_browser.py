"""The gallery of a run's page in a real browser: filters, their address, and many readings."""

import pytest

from tests.report_run import make_run
from tests.running import gazescribe
from tests.synthetic import reading, write_tables

MANY = 400
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 900}


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Three readings with all that they have, and many without gaze."""
    folder = make_run(tmp_path_factory.mktemp("run"))
    ids = [f"M{number:03}" for number in range(MANY)]
    rows = [reading(name, "clear .", dataset="mylab", has_gaze=False) for name in ids]
    for row in rows[:2]:
        row["dicom_id"] = "shared"
    write_tables(folder / "data/tables/mylab", readings=rows)
    out = tmp_path_factory.mktemp("report")
    asked = [word for name in ("R1", "E1", "M000") for word in ("--reading", name)]
    gazescribe("report", folder, out, *asked, "--workers", "1")
    return out


@pytest.fixture
def opened(open_tab, report):
    def open_page(state="", viewport=DESK, **options):
        return open_tab(f"{report.as_uri()}/index.html{state}", viewport=viewport, **options)

    return open_page


def ids(page):
    return page.locator(".shelf .card-id").all_inner_texts()


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_many_readings_are_few_elements(opened, viewport):
    page = opened(viewport=viewport)
    page.get_by_text("403 of 403 readings", exact=True).wait_for()
    assert 4 <= page.locator(".shelf li").count() < 60
    assert ids(page)[0] == "E1"
    page.evaluate("document.querySelector('.shelf').scrollTop = 1e6")
    page.locator(".shelf").get_by_text("R2", exact=True).wait_for()
    assert ids(page)[-1] == "R2"
    assert page.locator(".shelf li").count() < 60
    last = page.locator(".shelf li").last
    assert last.get_attribute("aria-posinset") == last.get_attribute("aria-setsize") == "403"
    page.evaluate("document.querySelector('.shelf').scrollTop = 0")
    page.locator(".shelf").get_by_text("E1", exact=True).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_the_address_says_which_readings(opened):
    page = opened()
    for state, expected in {
        "dataset=reflacx": ["R1", "R2"],
        "label=Edema": ["R1"],
        "label=Edema&by=drawn&split=train": ["R1"],
        "label=Cardiomegaly&by=drawn": [],
        "label=Cardiomegaly&by=said": ["E1"],
        "label=none&dataset=reflacx": ["R2"],
        "split=test": ["R2"],
        "quality=no+gaze&dataset=reflacx": ["R2"],
        "quality=fine": ["E1"],
        "iou-from=0.1": ["R1"],
        "iou-to=0.1": [],
        "id=m39": [f"M39{digit}" for digit in range(10)],
        "inspected=yes": ["E1", "M000", "R1"],
        "inspected=yes&sort=off": ["R1", "E1", "M000"],
        "sort=iou&dataset=reflacx": ["R1", "R2"],
    }.items():
        page.evaluate(f"location.hash = '#readings?{state}'")
        page.get_by_text(f"{len(expected)} of 403 readings", exact=True).wait_for()
        assert ids(page) == expected, state


def test_the_form_writes_the_address(opened):
    page = opened()
    page.get_by_label("Label", exact=True).select_option("Edema")
    page.get_by_role("searchbox", name="Id holds").fill("r")
    page.wait_for_url(lambda url: url.endswith("#readings?label=Edema&id=r"))
    page.get_by_text("1 of 403 readings", exact=True).wait_for()
    assert ids(page) == ["R1"]
    page.locator(".shelf a").click()
    page.wait_for_url(lambda url: url.endswith("readings/R1.html#label-0"))
    page.go_back()
    page.get_by_text("1 of 403 readings", exact=True).wait_for()
    assert page.get_by_label("Label", exact=True).input_value() == "Edema"
    page.get_by_role("button", name="Clear").click()
    page.get_by_text("403 of 403 readings", exact=True).wait_for()
    page.wait_for_url(lambda url: url.endswith("#readings"))


def test_a_link_to_some_readings_opens_the_part(opened):
    page = opened()
    part = page.locator("details.part").first
    part.locator("summary").first.click()
    assert not page.locator(".shelf").is_visible()
    page.evaluate("location.hash = '#readings?split=test'")
    page.get_by_text("1 of 403 readings", exact=True).wait_for()
    assert ids(page) == ["R2"]


def test_the_map_of_a_label_is_shown_where_it_is_chosen(opened):
    page = opened("#readings?dataset=reflacx")
    assert page.locator(".shelf img").count() == 1
    page = opened("#readings?label=Opacity")
    assert page.locator(".shelf img").count() == 0  # the picture is of edema
    drawn = page.evaluate(
        """(() => {
          const canvas = document.querySelector(".shelf canvas");
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          return [canvas.width, canvas.height, Math.max(...data.filter((_, n) => n % 4 < 3))];
        })()"""
    )
    assert drawn == [13, 16, 255]


def test_readings_of_one_image_lead_to_their_page(opened):
    page = opened("#readings?dataset=reflacx")
    assert page.locator(".shelf .compare").count() == 0
    page = opened("#readings?dataset=mylab&id=M000")
    page.get_by_role("link", name="All readings of the image of M000, side by side").click()
    assert page.locator("h1").is_visible()
    assert "/images/shared" in page.url


def test_keys_alone_go_through_the_cards(opened):
    page = opened("#readings?id=m&sort=fixations")
    page.locator(".shelf").focus()
    for _ in range(3):
        page.keyboard.press("PageDown")
    page.locator(".shelf").get_by_text("M001", exact=True).wait_for(state="detached")
    assert page.evaluate("document.activeElement.className") == "shelf"


def test_without_script_the_inspectors_are_listed(opened):
    page = opened(java_script_enabled=False)
    assert not page.locator("form").is_visible()
    assert page.locator("#inspected a").all_inner_texts()[0].split("\n")[-2:] == ["E1", "egd"]
    assert page.locator("#inspected .gallery a").count() == 3
