"""The page of a run in a real browser: tables, curves, links to readings, and who can use it."""

import shutil
from collections import Counter
from itertools import pairwise

import pandas as pd
import pytest

from tests.report_run import make_run, write_stages
from tests.running import gazescribe


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A run with every part, a table of many rows, and curves of several models."""
    folder = make_run(tmp_path_factory.mktemp("run"))
    write_stages(folder)
    rows = [{"label": f"Label {n}", "state": "positive", "certainty_0": n} for n in range(30)]
    pd.DataFrame(rows).to_csv(folder / "data/evaluated/labels/confusion.csv", index=False)
    log = folder / "data/models/mil/et-seed0/epochs.csv"
    for name in ("ellipse-seed0", "ellipse-seed1", "unannotated-seed0"):
        copy = log.parents[1] / name / "epochs.csv"
        copy.parent.mkdir()
        shutil.copy(log, copy)
    out = tmp_path_factory.mktemp("report")
    gazescribe("report", folder, out, "--workers", "1")
    return out


@pytest.fixture
def opened(open_tab, report):
    def open_page(state="", **options):
        return open_tab(f"{report.as_uri()}/index.html{state}", **options)

    return open_page


def test_rows_of_a_long_table_are_narrowed_down(opened):
    page = opened("#labeler")
    page.get_by_text("Polarity against certainty").first.click()
    table = page.get_by_role("table", name="Polarity against certainty")
    field = page.locator(".narrow:visible").get_by_role("searchbox", name="Rows with")
    field.fill("LABEL 2")
    assert table.get_by_role("rowheader").all_inner_texts() == [
        f"Label {n}" for n in (2, *range(20, 30))
    ]
    assert page.get_by_text("11 of 30", exact=True).is_visible()
    field.fill("")
    assert table.get_by_role("rowheader").count() == 30


def test_a_count_leads_to_the_readings_behind_it(opened):
    page = opened()
    flow = page.locator(".flow", has=page.get_by_role("heading", name="reflacx", exact=True))
    flow.get_by_role("link", name="2", exact=True).click()
    page.wait_for_url(lambda url: url.endswith("#readings?dataset=reflacx"))
    page.get_by_text("2 of 4 readings", exact=True).wait_for()
    assert page.get_by_label("Data set").input_value() == "reflacx"


def lit(page):
    models = page.locator(".panel .lit").evaluate_all("all => all.map((one) => one.dataset.model)")
    return Counter(models)


def test_one_model_is_lit_by_pointer_and_by_keys(opened):
    page = opened("#training")
    n_panels = page.locator(".panel").count()
    assert n_panels == 3
    assert page.locator(".curves.some").count() == 0
    page.locator(".panel .name", has_text="Unannotated").first.hover()
    assert set(lit(page)) == {"unannotated"}
    page.get_by_role("heading", name="Training").hover()
    assert page.locator(".curves.some").count() == 0
    button = page.get_by_role("button", name="Ellipse, seed 1")
    button.press("Enter")
    assert button.get_attribute("aria-pressed") == "true"
    page.get_by_role("heading", name="Training").hover()
    assert lit(page) == {"ellipse": 3 * n_panels}  # two runs and their name in each
    button.press("Enter")
    assert button.get_attribute("aria-pressed") == "false"


def test_names_at_the_ends_of_lines_do_not_overlap(opened):
    page = opened("#training")
    tops = (
        page.locator(".panel")
        .first.locator(".name")
        .evaluate_all(
            "all => all.map((one) => one.getBoundingClientRect().top).sort((a, b) => a - b)"
        )
    )
    assert len(tops) == 3
    assert min(b - a for a, b in pairwise(tops)) > 8


@pytest.mark.parametrize(
    ("scheme", "width", "height"), [("light", 390, 844), ("dark", 1440, 900), ("light", 2560, 1440)]
)
def test_everybody_can_use_it(opened, scheme, width, height):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = opened(color_scheme=scheme, viewport={"width": width, "height": height})
    page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true")
    found = axe.run(page).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert "**" not in page.locator("body").inner_text()
