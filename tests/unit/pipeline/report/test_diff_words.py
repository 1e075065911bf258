"""What changes mean, in numbers and in words."""

import pytest

from gazescribe.pipeline.report.diff import Change
from gazescribe.pipeline.report.diff_words import measure, say


def window(start_s, end_s, n_fixations, labels=("Edema",)):
    return {"start_s": start_s, "end_s": end_s, "n_fixations": n_fixations, "labels": [*labels]}


def changed(table, before, after, iou=None):
    kind = "added" if before is None else "removed" if after is None else "changed"
    return Change("x", table, kind, "R1", "", before, after, iou)


def flip(before, after):
    return changed("mentions", {"polarity": before}, {"polarity": after})


LATER = [
    changed("windows", window(2.0, 3, 5), window(1.5, 3, 8)),
    changed("windows", window(4.0, 6, 5), window(3.5, 6, 7)),
    changed("windows", window(9.0, 9.5, 2), window(8.4, 9.5, 6, ["Mass"])),
]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param([], "no change", id="none"),
        pytest.param(
            LATER,
            "3 changed: start −0.50 s, 3 fixations more (median), 1 window of other labels",
            id="windows",
        ),
        pytest.param(
            [changed("windows", window(0, 1, 3), window(0, 1.25, 2))],
            "1 changed: end +0.25 s, 1 fixation fewer (median)",
            id="later and fewer",
        ),
        pytest.param(
            [
                flip("positive", "negative"),
                flip("positive", "negative"),
                flip("negative", "uncertain"),
            ],
            "3 changed: 3 labels flipped (1 negative → uncertain, 2 positive → negative)",
            id="mentions",
        ),
        pytest.param(
            [changed("heatmaps", {"place": 0}, {"place": 0}, iou) for iou in (0.8, 0.96)],
            "2 changed: IoU 0.88 (mean)",
            id="maps",
        ),
        pytest.param(
            [
                changed("heatmaps", None, {"place": 0}),
                changed("heatmaps", {"place": 1}, {"place": 2}),
            ],
            "1 added, 1 changed: 1 map of another size",
            id="maps without IoU",
        ),
    ],
)
def test_in_words(changes, words):
    assert say(measure(changes)) == words


def test_what_did_not_change_is_null_or_empty():
    measured = measure([flip("positive", "negative")])
    assert measured["shifts"] == {"start_s": None, "end_s": None, "n_fixations": None}
    assert measured["mean_iou"] is None
    assert measured["relabelled"] == measured["other_size"] == 0
