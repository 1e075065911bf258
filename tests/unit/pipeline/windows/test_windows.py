import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.yaml_files import override
from gazescribe.pipeline.dictation.label_maps import load_label_map
from gazescribe.pipeline.windows.windows import associate_reading
from tests.synthetic import columns_of, fixation, mention, reading, sentences, words

TEXT = "heart is big . edema seen left . no effusion"
LONG = [fixation(0, 0, 20)]


def associate(mentions, fixations=LONG, text=TEXT, **options):
    """Windows of the mentions, and the Gaussians of the first."""
    spoken = words(text)
    rows, drawn = associate_reading(
        reading(text=text),
        {
            "words": columns_of(spoken, "words"),
            "sentences": columns_of(sentences(spoken), "sentences"),
            "mentions": columns_of(mentions, "mentions"),
            "fixations": columns_of(fixations, "fixations"),
        },
        params=override(load_params().associate, **options),
        label_map=load_label_map(),
    )
    for one in drawn:
        for name, values in one.items():
            assert name == "reading_id" or np.isfinite(values.astype(float)).all(), name
    opened = [row for row in rows if row["kind"] in ("sentence", "mention")]
    return opened, drawn[0] if opened else None


def said(*texts, text=TEXT):
    return [mention(text, one) for one in texts]


@pytest.mark.parametrize(
    ("mentions", "options", "window"),
    [
        pytest.param(said("big"), {}, (0, 2), id="first sentence"),
        pytest.param(said("left"), {}, (2.5, 6), id="middle sentence"),
        pytest.param(said("effusion"), {}, (6.5, 9), id="text without period"),
        pytest.param(said("edema"), {}, (2.5, 4), id="mention opens the sentence"),
        pytest.param(said("edema", "left"), {}, (2.5, 6), id="two mentions"),
        pytest.param(said("left", "edema"), {}, (2.5, 6), id="two mentions in any order"),
        pytest.param(said("edema", "left"), {"end": "firstmention"}, (2.5, 4), id="first mention"),
        pytest.param(said("edema seen"), {}, (2.5, 4), id="start of two words"),
        pytest.param(
            said("edema seen"), {"mention_time": "end"}, (2.5, 5.5), id="end of two words"
        ),
        pytest.param(said("left ."), {"mention_time": "end"}, (2.5, 7.5), id="end at the period"),
        pytest.param(said("left"), {"lag_s": 9.0}, (0, 6), id="not before the sentence before"),
        pytest.param(said("left"), {"lag_s": 0.0}, (4, 6), id="without lag"),
        pytest.param(said("left"), {"start": "mention"}, (4.5, 6), id="before the mention"),
        pytest.param(said("left"), {"start": "endofsentence"}, (6, 6), id="before the end"),
        pytest.param(said("left"), {"start": "single"}, (4, 6), id="own sentence"),
        pytest.param(said("left"), {"start": "andpause"}, (3.5, 6), id="and the pause"),
        pytest.param(said("effusion"), {"start": "double"}, (4, 9), id="and the one before"),
        pytest.param(said("effusion"), {"start": "allsentences"}, (0, 9), id="all sentences"),
        pytest.param(said("left"), {"start": "all"}, (0, 6), id="all"),
        pytest.param(said("left"), {"end": "startofsentence"}, (2.5, 4), id="to the sentence"),
        pytest.param(said("left"), {"end": "endofsentence"}, (2.5, 7.5), id="to the period"),
        *[
            pytest.param(said(one), {"unit": "mention", "end": end}, window, id=f"own {one} {end}")
            for one, end, window in (
                ("edema seen", "lastmention", (4, 5.5)),
                ("edema seen", "nextword", (4, 6)),
                ("left", "nextword", (6, 8)),
                ("effusion", "nextword", (9, 20)),
                ("eff", "lastmention", (9, 9.5)),
            )
        ],
    ],
)
def test_window(mentions, options, window):
    (row,), _ = associate(mentions, **options)
    assert (row["start_s"], row["end_s"]) == window


@pytest.mark.parametrize("which", ["start", "end"])
def test_mention_before_the_first_word(which):
    """Spans of others may hold the blanks before a text: the first word is meant."""
    text = "  edema seen ."
    (row,), _ = associate([mention(text, "  ")], text=text, mention_time=which)
    assert (row["start_s"], row["end_s"]) == (0, 0 if which == "start" else 0.5)


def test_every_sentence_with_a_mention_has_its_window():
    rows, _ = associate(said("effusion", "big"))
    assert [(row["window"], row["sentence"], row["kind"]) for row in rows] == [
        (0, 0, "sentence"),
        (1, 2, "sentence"),
    ]
    assert TEXT[rows[1]["char_start"] : rows[1]["char_end"]] == "no effusion"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        pytest.param(TEXT, [0], id="trailing"),
        pytest.param(TEXT + ".", [0, 2], id="finished"),
        pytest.param(TEXT + " . \n", [0, 2], id="finished, then blanks"),
    ],
)
def test_trailing_text_can_be_dropped_as_published(text, kept):
    rows, _ = associate(said("big", "effusion"), text=text, trailing_text="drop")
    assert [row["sentence"] for row in rows] == kept


@pytest.mark.parametrize(
    ("which", "end_s"),
    [pytest.param("start", 2, id="start"), pytest.param("end", 2.5, id="end")],
)
def test_a_period_that_touches_the_mention_is_not_part_of_it(which, end_s):
    text = "edema seen left."
    (row,), _ = associate([mention(text, "left")], text=text, mention_time=which)
    assert row["end_s"] == end_s


REVERSED = {"start": "endofsentence", "lag_s": 0.5}  # [7, 6] for "left"
INSTANT = {"start": "single", "end": "startofsentence"}  # [4, 4]


@pytest.mark.parametrize(
    ("fixations", "options", "status", "n", "gaze_s"),
    [
        pytest.param([], {}, "empty", 0, 0, id="no gaze"),
        pytest.param([(3, 4)], {}, "ok", 1, 1, id="inside"),
        pytest.param([(2, 3), (5.5, 9)], {}, "ok", 2, 1, id="only the overlap counts"),
        pytest.param([(0, 20)], {}, "ok", 1, 3.5, id="longer than the window"),
        pytest.param([(-3, -1), (6.1, 7)], {}, "empty", 0, 0, id="before and after"),
        pytest.param([(2, 2.5)], {}, "empty", 0, 0, id="ends at the start"),
        pytest.param([(6, 7)], {}, "empty", 1, 0, id="starts at the end"),
        pytest.param([(3, 3)], {}, "ok", 1, 0, id="a point"),
        pytest.param([(3, 5)], INSTANT, "empty", 1, 0, id="window of no length"),
        pytest.param([], INSTANT, "empty", 0, 0, id="window of no length without gaze"),
        pytest.param([(0, 20)], REVERSED, "reversed", 0, 0, id="reversed"),
        pytest.param([], REVERSED, "reversed", 0, 0, id="reversed without gaze"),
    ],
)
def test_status(fixations, options, status, n, gaze_s):
    gaze = [fixation(number, *times) for number, times in enumerate(fixations)]
    (row,), drawn = associate(said("left"), gaze, **options)
    found = (row["status"], row["n_fixations"], row["gaze_s"])
    assert found == (status, n, pytest.approx(gaze_s))
    assert len(drawn["weight_s"]) == n
    assert (drawn["weight_s"] >= 0).all()


@pytest.mark.parametrize(
    ("times", "n"),
    [
        pytest.param((4, 4), 1, id="at the start"),
        pytest.param((5.5, 5.5), 1, id="at the end"),
        pytest.param((3.9, 3.9), 0, id="just before"),
        pytest.param((5.6, 5.6), 0, id="just after"),
    ],
)
def test_points_at_the_ends_of_a_mentions_own_window_count(times, n):
    (row,), _ = associate(said("edema seen"), [fixation(0, *times)], unit="mention")
    assert (row["n_fixations"], row["status"]) == (n, "ok" if n else "empty")


@pytest.mark.parametrize(
    ("mentions", "options", "labels", "n_mentions", "n_uncertain"),
    [
        pytest.param(
            [mention(TEXT, "left", "nodule"), mention(TEXT, "seen left", "mass")],
            {},
            ["Opacity", "Lung Lesion"],
            [2, 2],
            [0, 0],
            id="overlapping spans",
        ),
        pytest.param(
            [mention(TEXT, "left", "nodule"), mention(TEXT, "left", "mass")],
            {},
            ["Opacity", "Lung Lesion"],
            [1, 1],
            [0, 0],
            id="one span of two classes",
        ),
        pytest.param(
            [
                mention(TEXT, "edema", "pulmonary edema", polarity="uncertain"),
                mention(TEXT, "left", "consolidation"),
            ],
            {},
            ["Edema", "Opacity", "Consolidation"],
            [1, 2, 1],
            [1, 1, 0],
            id="an uncertain one",
        ),
        pytest.param(
            [
                mention(TEXT, "edema", "pulmonary edema", polarity="uncertain"),
                mention(TEXT, "left", "consolidation"),
            ],
            {"uncertain_opens": False},
            ["Opacity", "Consolidation"],
            [1, 1],
            [0, 0],
            id="uncertain ones do not open",
        ),
        pytest.param(
            [mention(TEXT, "edema", "Edema")],
            {},
            ["Edema", "Opacity"],
            [1, 1],
            [0, 0],
            id="a CheXpert label, as the paper groups it",
        ),
        pytest.param(
            [mention(TEXT, "edema", "Opacity")], {}, ["Opacity"], [1], [0], id="a channel"
        ),
    ],
)
def test_labels_and_counts(mentions, options, labels, n_mentions, n_uncertain):
    (row,), _ = associate(mentions, **options)
    assert list(row["labels"]) == labels
    assert (list(row["n_mentions"]), list(row["n_uncertain"])) == (n_mentions, n_uncertain)


@pytest.mark.parametrize(
    ("one", "options"),
    [
        pytest.param({"polarity": "negative"}, {}, id="negative"),
        pytest.param({"polarity": "uncertain"}, {"uncertain_opens": False}, id="uncertain"),
        pytest.param({"label": "support devices"}, {}, id="class without channel"),
    ],
)
@pytest.mark.parametrize("unit", ["sentence", "mention"])
def test_what_opens_no_window(one, options, unit):
    assert associate([mention(TEXT, "left", **one)], unit=unit, **options)[0] == []


def test_no_word_no_window():
    assert associate(said("left"), text="")[0] == []


@pytest.mark.parametrize(
    ("unit", "kinds", "left_out"),
    [
        pytest.param("sentence", ["report", "reading"], {"no sentence": 1}, id="sentence"),
        pytest.param("mention", ["mention", "report", "reading"], {}, id="mention"),
    ],
)
def test_words_without_sentences(unit, kinds, left_out):
    counts: Counter[str] = Counter()
    tables = {
        "words": columns_of(words(TEXT), "words"),
        "sentences": columns_of([], "sentences"),
        "mentions": columns_of(said("left"), "mentions"),
        "fixations": columns_of(LONG, "fixations"),
    }
    rows, _ = associate_reading(
        reading(text=TEXT),
        tables,
        params=override(load_params().associate, unit=unit),
        label_map=load_label_map(),
        left_out=counts,
    )
    assert [row["kind"] for row in rows] == kinds
    assert {row["sentence"] for row in rows} == {None}
    assert counts == left_out


@pytest.mark.parametrize(
    ("shown", "clip"),
    [
        pytest.param((None,) * 4, (0, 0, 100, 80), id="all of it"),
        pytest.param((10.5, 11.5, 60.4, 70.6), (10, 12, 60, 71), id="half to even"),
        pytest.param((-5, -6, 700, 800), (0, 0, 100, 80), id="past the image"),
        pytest.param((200, 0, 300, 80), (100, 0, 100, 80), id="beside the image"),
    ],
)
def test_clip(shown, clip):
    sides = ("xmin", "ymin", "xmax", "ymax")
    gaze = fixation(0, 3, 4) | {
        f"shown_{side}_px": at for side, at in zip(sides, shown, strict=True)
    }
    _, drawn = associate(said("left"), [gaze])
    assert tuple(drawn[f"clip_{side}_px"][0] for side in sides) == clip


def test_gaussian():
    gaze = [fixation(0, 0, 1), fixation(1, 5, 9, x_px=-7.5, px_per_deg_y=33.0)]
    _, drawn = associate(said("left"), gaze, sigma_deg=0.5)
    assert {name: values.tolist() for name, values in drawn.items() if "clip" not in name} == {
        "reading_id": ["R1"],
        "window": [0],
        "fixation": [1],
        "x_px": [-7.5],
        "y_px": [40],
        "sigma_x_px": [5],
        "sigma_y_px": [16.5],
        "weight_s": [1],
    }


@pytest.mark.parametrize(
    ("module", "rooms"),
    [
        pytest.param("windows", {"windows"}, id="room"),
        pytest.param("windows.windows", {"windows"}, id="windows"),
        pytest.param("maps.planning", {"core", "geometry", "maps"}, id="plan of maps"),
        pytest.param("maps.drawing", {"core", "geometry", "maps"}, id="drawing of maps"),
        pytest.param("maps.render", {"core", "geometry", "maps"}, id="rendering"),
    ],
)
def test_arithmetic_loads_no_settings_and_no_heavy_package(module, rooms):
    """Other projects import this arithmetic alone."""
    code = f"import sys, gazescribe.pipeline.{module}; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    heavy = {"pydantic", "click", "spacy", "torch", "pandas", "yaml", "matplotlib"}
    assert heavy.isdisjoint(loaded)
    project = [name.split(".") for name in loaded if name.startswith("gazescribe.pipeline.")]
    assert {parts[2] for parts in project} == rooms
    if rooms == {"windows"}:
        assert len(project) <= 2  # the room, and the module itself
