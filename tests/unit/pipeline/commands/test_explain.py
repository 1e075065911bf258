"""One text explained; why mentions are what they are is in `dictation/labeler`."""

import re

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
