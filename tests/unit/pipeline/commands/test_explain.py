"""One text explained; why mentions are what they are is in `dictation/labeler`."""

import re

from tests.reviews import about, of_reading, said, write_review
from tests.running import gazescribe


def test_each_mention_has_its_rule_and_its_reach(tmp_path):
    page = tmp_path / "page.html"
    printed = gazescribe("explain", "Mild edema. No effusion.", "--html", page)
    lines = printed.splitlines()
    assert lines[0] == "Mild edema. No effusion."
    assert lines[-1] == f"2 mentions, 0 dropped -> {page}"
    edema, effusion = lines[1:-1]
    assert edema.startswith("  edema [5:10] positive; labels: ")
    assert effusion.startswith("  effusion [15:23] negative; labels: ")
    assert 'trigger: "No"' in effusion
    assert re.search(r"concept: edema \(vocabulary/edema\.yaml line \d+\); rule: default", edema)
    assert re.search(r"rule: negation\.no \(polarity/negation_before\.yaml line \d+\);", effusion)
    html = page.read_text()
    assert html.count("#f4a7a3") == html.count("#b5ddb0") == 1  # positive and negative
    assert "http://" not in html.replace("http://www.w3.org", "")


def test_it_says_what_readers_made_of_the_text(tmp_path):
    text = "mild edema."
    edema = said(text, "edema")
    for name, right in (("A", {**edema, "polarity": "uncertain"}), ("B", None)):
        write_review(
            tmp_path / f"{name}.json", of_reading(text, [about(edema, right)]), reviewer=name
        )
    printed = gazescribe("explain", text, "--reviews", tmp_path)
    start = "  review of R1 by {}: pulmonary edema [5:10] → "
    assert f'{start.format("A")}pulmonary edema, uncertain, "edema" (reviewers' in printed
    assert f'{start.format("B")}no mention, "edema" (reviewers disagree)' in printed
    assert "review of" not in gazescribe("explain", "other edema.", "--reviews", tmp_path)
