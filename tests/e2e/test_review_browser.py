"""A review made in the browser, by mouse and by keys, and what a rerun makes of it."""

import json
import shutil

import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.core.resources import resource
from tests.e2e.test_report_browser import DESK
from tests.report_run import TEXTS, make_run
from tests.running import gazescribe, invoke
from tests.synthetic import fixation, reading, write_tables

NO_STORAGE = """
Object.defineProperty(window, "localStorage", { get() { throw new DOMException("off"); } });
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A run whose mentions are the labeler's own."""
    folder = make_run(tmp_path_factory.mktemp("run"))
    label_and_associate(folder, folder / "data/mentions/reflacx.parquet", "data/associated/reflacx")
    return folder


def label_and_associate(folder, mentions, out, *options):
    tables = folder / "data/tables/reflacx"
    gazescribe("label", tables, mentions, "--workers", 1, *options)
    gazescribe("associate", tables, mentions, folder / out, "--workers", 1, *options)


@pytest.fixture(scope="module")
def report(project, tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    gazescribe("report", project, out, "--workers", 1)
    return out


@pytest.fixture
def opened(browser, report):
    contexts, complaints = [], []

    def open_page(path="readings/R1.html", context=None, script=None):
        if context is None:
            context = browser.new_context(viewport=DESK)
            contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if script:
            page.add_init_script(script)
        page.goto(f"{report.as_uri()}/{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def state(page):
    return page.locator("#review-state").inner_text()


def save(page, path):
    with page.expect_download() as download:
        page.get_by_role("button", name="Save review.json").click()
    download.value.save_as(path)
    return json.loads(path.read_text(encoding="utf-8"))


def drag(page, handle, by_s):
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + by_s * page.evaluate("inspector.data.px_per_s"), y, steps=4)
    page.mouse.up()


def review_by_hand(page):
    """Answer every mention, add one, move a window by its end, finish the reading."""
    page.get_by_role("button", name="Review", exact=True).click()
    page.get_by_label("Reviewer").fill("A. Reader")
    page.get_by_label("Reviewer").blur()
    assert state(page).startswith("4 of 4 mentions open")
    # In order: edema, effusion under two labels, and the last edema, which is to have more words.
    page.keyboard.press("y")
    page.get_by_role("button", name="no mention: “effusion”, pleural abnormality").click()
    page.get_by_role("button", name="“effusion”, pleural effusion, − negative", exact=True).click()
    page.locator("#review-polarity").select_option("positive")
    page.keyboard.press("m")
    assert "edema" in page.locator(".chosen-one").inner_text()
    last = page.locator("#review-to option", has_text="stable").last.get_attribute("value")
    page.locator("#review-to").select_option(last)
    # A click on a word, and a click with Shift, are the words of a mention that is missing.
    words = page.locator("#review-list > li").nth(2).locator("[data-word]")
    words.nth(1).click()
    words.nth(2).click(modifiers=["Shift"])
    page.locator("#missing-label").select_option("nodule")
    page.locator("#missing-polarity").select_option("uncertain")
    page.get_by_role("button", name="Add it").click()
    assert "“is stable”, nodule, ? uncertain" in page.locator("#missing-list").inner_text()
    page.get_by_role("button", name="Sentence 3").click()
    drag(page, page.locator(".handle").last, 1.5)
    page.get_by_role("button", name="What is left is right: reviewed").click()
    assert state(page) == "0 of 4 mentions open; 1 of 3 readings reviewed."


@pytest.fixture(scope="module")
def saved(browser, report, tmp_path_factory):
    """The file of a review made by hand."""
    page = browser.new_page(viewport=DESK)
    page.goto(f"{report.as_uri()}/readings/R1.html")
    review_by_hand(page)
    path = tmp_path_factory.mktemp("reviews") / "review.json"
    save(page, path)
    page.close()
    return path


def rows_of(path):
    return pq.read_table(path).to_pylist()


def test_a_review_changes_what_it_says_and_nothing_else(saved, project, tmp_path):
    assert "stable" not in saved.read_text()
    options = ("--reviews", saved.parent)
    label_and_associate(project, tmp_path / "m.parquet", tmp_path / "a", *options)
    before, after = (
        rows_of(project / "data/mentions/reflacx.parquet"),
        rows_of(tmp_path / "m.parquet"),
    )
    keys = ("report_id", "text", "label", "polarity", "rule_id")
    gone = [tuple(row[key] for key in keys[:4]) for row in before if row not in after]
    come = [tuple(row[key] for key in keys) for row in after if row not in before]
    assert gone == [
        ("R1", "effusion", "pleural abnormality", "negative"),
        ("R1", "effusion", "pleural effusion", "negative"),
        ("R1", "edema", "pulmonary edema", "positive"),
    ]
    assert come == [
        ("R1", "effusion", "pleural effusion", "positive", "review.polarity"),
        ("R1", "edema is stable", "pulmonary edema", "positive", "review.span"),
        ("R1", "is stable", "nodule", "uncertain", "review.missing"),
    ]
    (window,) = json.loads(saved.read_text())["readings"][0]["windows"]
    rows = rows_of(tmp_path / "a" / "windows.parquet")
    (moved,) = [row for row in rows if row["char_start"] == window["char_start"]]
    assert (moved["start_s"], moved["end_s"]) == tuple(window["right"].values())
    assert moved["end_s"] == pytest.approx(window["found"]["end_s"] + 1.5, abs=0.05)
    counts = json.loads((tmp_path / "a" / "associate.json").read_text())["reviews"]
    assert counts["applied"] == {"moved": 1}


def test_a_review_becomes_gold_sentences(saved, project, tmp_path):
    mine = shutil.copytree(resource("rules"), tmp_path / "mine")
    out = mine / "gold" / "reviewed.yaml"
    tables = ("--tables", project / "data/tables/reflacx")
    printed = gazescribe("review", saved, *tables, "--rules", mine, "--out", out)
    assert "2 gold sentences" in printed
    assert "mild [edema]ED+ ." in out.read_text()
    checked = invoke("check-rules", mine)
    assert "gold/reviewed.yaml" in checked.output  # the sentence that the rules have wrong


def test_it_is_kept_from_page_to_page_and_comes_back_from_its_file(opened, tmp_path):
    page = opened()
    review_by_hand(page)
    other = opened("readings/R2.html", page.context)
    assert other.locator("#review").is_visible()
    assert "1 of 3 readings reviewed" in state(other)
    saved = save(other, tmp_path / "review.json")
    assert [one["reading_id"] for one in saved["readings"]] == ["R1"]
    run = opened("index.html", page.context)
    assert run.locator("#reviewed").inner_text() == "1 of 3 reviewed in this browser; next: E1."
    elsewhere = opened()
    elsewhere.keyboard.press("q")
    assert state(elsewhere) == "4 of 4 mentions open; 0 of 3 readings reviewed."
    elsewhere.locator("#review-file").set_input_files(tmp_path / "review.json")
    elsewhere.get_by_text("1 readings of A. Reader are loaded").wait_for()
    assert elsewhere.locator(".now-right").filter(has_text="positive").count() == 2
    elsewhere.get_by_label("Reviewer").fill("A. Reader")
    again = save(elsewhere, tmp_path / "again.json")
    assert again["readings"] == saved["readings"]


def test_each_reviewer_has_answers_of_their_own(opened, tmp_path):
    page = opened()
    page.keyboard.press("q")
    page.keyboard.press("y")
    name = page.get_by_label("Reviewer")
    for who, n_open in (("A", 3), ("B", 4), ("A", 3)):
        name.fill(who)
        name.blur()
        assert state(page).startswith(f"{n_open} of 4 mentions open")
    saved = save(page, tmp_path / "a.json")
    assert saved["reviewer"] == "A"
    name.fill("B")
    name.blur()
    page.locator("#review-file").set_input_files(tmp_path / "a.json")
    page.get_by_text("1 readings of A are loaded").wait_for()
    assert name.input_value() == "A"
    other = opened("readings/E1.html", page.context)
    assert other.locator("#review-name").input_value() == "A"


def test_what_is_no_review_is_not_loaded(opened, tmp_path):
    page = opened()
    page.keyboard.press("q")
    for content in ("nothing", '{"readings": 3}', "null"):
        (tmp_path / "a.json").write_text(content)
        page.locator("#review-file").set_input_files(tmp_path / "a.json")
        page.get_by_text("This is no review.json.").wait_for()
        page.keyboard.press("m")


def test_the_text_is_in_the_file_only_if_asked(opened, tmp_path):
    page = opened()
    page.keyboard.press("q")
    page.keyboard.press("y")
    page.get_by_label("with the text of reports").check()
    (one,) = save(page, tmp_path / "a.json")["readings"]
    assert one["text"] == TEXTS["R1"]
    assert len(one["sentences"]) == 3
    page.get_by_label("with the text of reports").uncheck()
    (one,) = save(page, tmp_path / "b.json")["readings"]
    assert "text" not in one
    assert "effusion" not in page.evaluate("JSON.stringify(Object.values(localStorage))").replace(
        "pleural effusion", ""
    )


def test_other_runs_of_this_browser_stay_out(opened, tmp_path):
    page = opened()
    page.evaluate(
        "localStorage.setItem('gazescribe review 0123456789abcdef '"
        " + localStorage.getItem('gazescribe reviewer') + ' reflacx/R1',"
        " JSON.stringify({reading_id: 'R1', mentions: [], is_complete: true}))"
    )
    page.keyboard.press("q")
    assert "0 of 3 readings reviewed" in state(page)
    assert save(page, tmp_path / "a.json")["readings"] == []


def test_a_browser_that_keeps_nothing_says_so(opened, tmp_path):
    page = opened(script=NO_STORAGE)
    page.keyboard.press("q")
    assert page.get_by_text("This browser keeps nothing for this page").is_visible()
    page.keyboard.press("y")
    assert len(save(page, tmp_path / "a.json")["readings"]) == 1


def test_a_browser_that_is_full_says_so(opened, tmp_path):
    page = opened()
    page.keyboard.press("q")
    page.keyboard.press("y")
    page.evaluate("void (Storage.prototype.setItem = () => { throw new DOMException('full'); })")
    page.keyboard.press("y")
    assert page.get_by_text("This browser has no room left").is_visible()
    (one,) = save(page, tmp_path / "a.json")["readings"]
    assert len(one["mentions"]) == 2


def test_keys_alone(opened, tmp_path):
    page = opened("readings/R1.html#nothing")
    page.keyboard.press("q")
    for key in ("y", "y", "n"):
        page.keyboard.press(key)
    page.keyboard.press("u")
    page.keyboard.press("k")
    page.keyboard.press("Shift+J")
    page.locator("#review-done").focus()
    page.keyboard.press("Enter")
    (one,) = save(page, tmp_path / "a.json")["readings"]
    assert [bool(item["right"]) for item in one["mentions"]] == [True, True, False, True]
    assert one["mentions"][3]["right"]["polarity"] == "negative"
    (window,) = one["windows"]
    assert window["right"]["end_s"] == pytest.approx(window["found"]["end_s"] + 0.1)
    assert window["right"]["start_s"] == pytest.approx(window["found"]["start_s"] - 0.1)
    assert one["is_complete"]
    page.locator("#review-note").fill("y n u")  # letters in a field are letters
    assert page.locator("#review-note").input_value() == "y n u"


def test_answers_can_be_taken_back(opened, tmp_path):
    page = opened()
    page.keyboard.press("q")
    page.keyboard.press("n")
    page.keyboard.press("Shift+M")
    page.get_by_role("button", name="Take back").click()
    assert "4 of 4 mentions open" in state(page)
    assert save(page, tmp_path / "a.json")["readings"] == []
    page.keyboard.press("y")
    page.locator("#review-done").click()
    assert "1 of 3 readings reviewed" in state(page)
    page.get_by_role("button", name="Take back").click()
    assert "0 of 3 readings reviewed" in state(page)
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Forget all").click()
    assert "4 of 4 mentions open" in state(page)


def test_two_answers_do_not_say_two_things_of_one_place(opened):
    page = opened()
    page.keyboard.press("q")
    page.get_by_role("button", name="“effusion”, pleural effusion, − negative", exact=True).click()
    page.locator("#review-polarity").select_option("positive")
    page.get_by_role("button", name="“effusion”, pleural abnormality, − negative").first.click()
    page.locator("#review-label").select_option("pleural effusion")
    assert state(page).startswith("Not changed: these words are pleural effusion, positive")
    page.get_by_role("button", name="no mention: “effusion”, pleural abnormality").click()
    page.get_by_role("button", name="“effusion”, pleural effusion, − negative", exact=True).click()
    page.locator("#review-label").select_option("pleural abnormality")
    assert state(page).startswith("Not changed: these words are no pleural abnormality")


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_review_mode_is_accessible(opened, scheme, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = opened()
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.reload()  # so that no element still has the colours of before
    page.keyboard.press("q")
    page.keyboard.press("n")
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_words_without_times_can_be_reviewed(browser, tmp_path):
    text = "Old rib fracture. No effusion."
    tables = write_tables(
        tmp_path / "data/tables/mylab",
        readings=[reading("R3", text, dataset="mylab")],
        words=[],
        sentences=[],
        fixations=[fixation(0, 0.2, 0.6, reading_id="R3")],
    )
    mentions = tmp_path / "data/mentions/mylab.parquet"
    gazescribe("label", tables, mentions, "--workers", 1)
    gazescribe("report", tmp_path, tmp_path / "report", "--workers", 1)
    page = browser.new_page(viewport=DESK)
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{(tmp_path / 'report').as_uri()}/readings/R3.html")
    page.keyboard.press("q")
    for key in ("y", "n", "u"):
        page.keyboard.press(key)
    assert not page.locator("#review-missing").is_visible()
    assert page.locator("#review-list > li").count() == 2
    (one,) = save(page, tmp_path / "a.json")["readings"]
    assert [bool(item["right"]) for item in one["mentions"]] == [True, True]
    assert complaints == []
    page.close()
