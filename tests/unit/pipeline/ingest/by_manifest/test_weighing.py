"""Ways in which a manifest can be wrong, on recordings that are read rightly with another one.

Two readings of images of 1200 by 900 pixels, fitted into the upper left of a screen: 24 fixations,
as many seconds of samples at 60 Hz, and a dictation each.
"""

import json

import numpy as np
import pytest

from gazescribe.pipeline.ingest.by_manifest.impossible import in_clock

SIZE = np.array([1200, 900])
AREA = {"xmin_px": 0, "ymin_px": 0, "xmax_px": 1200, "ymax_px": 900}
MS = {"unit": "ms"}


def looks(seed):
    """Onsets and durations of fixations in s, and their places in shares of the image."""
    rng = np.random.default_rng(seed)
    duration_s = rng.uniform(0.15, 0.6, 24)
    onset_s = 0.3 + np.cumsum(duration_s + rng.uniform(0.02, 0.08, 24)) - duration_s
    return onset_s, duration_s, rng.uniform(0.04, 0.96, (24, 2))


def fixation_rows(place=lambda share: share * SIZE - 0.5, time=1.0, length=1.0):
    """Rows of fixations; times are multiplied, places are a function of shares."""
    lines = ["id,start,length,x,y"]
    for number, key in enumerate(("A1", "B2")):
        for onset_s, duration_s, share in zip(*looks(number), strict=True):
            x, y = np.asarray(place(share)).tolist()
            lines.append(f"{key},{onset_s * time:.6f},{duration_s * length:.6f},{x:.4f},{y:.4f}")
    return "\n".join(lines) + "\n"


def sample_rows(place=lambda share: share * SIZE - 0.5, time=1000.0):
    lines = ["id,t,x,y"]
    for number, key in enumerate(("A1", "B2")):
        rng = np.random.default_rng(number + 9)
        onset_s, _, shares = looks(number)
        for count in range(720):
            share = shares[min(np.searchsorted(onset_s, count / 60), 23)] + rng.normal(0, 0.001, 2)
            x, y = np.asarray(place(share)).tolist()
            lines.append(f"{key},{count / 60 * time:.6f},{x:.4f},{y:.4f}")
    return "\n".join(lines) + "\n"


def word_rows(time=1.0, text="said"):
    lines = ["id,word,from,to"]
    for key in ("A1", "B2"):
        for number in range(30):
            word = f"{text}." if number % 6 == 5 else text
            start, stop = number * 0.4 * time, (number * 0.4 + 0.35) * time
            lines.append(f"{key},{word},{start:.6f},{stop:.6f}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def right(lab):
    """A lab whose manifest is right."""
    lab.files = {
        "readings.csv": "id,who,w,h\nA1,7,1200,900\nB2,8,1200,900\n",
        "fixations.csv": fixation_rows(),
        "words.csv": word_rows(),
    }
    columns = lab.tables["fixations"]["columns"]
    del columns["offset_s"]
    columns |= {"duration_s": "length", "x_px": {"column": "x"}, "y_px": {"column": "y"}}
    columns["onset_s"] = {"column": "start"}
    columns["duration_s"] = {"column": "length"}
    return lab


@pytest.fixture
def sampled(right):
    """The same with samples in place of fixations."""
    del right.files["fixations.csv"], right.tables["fixations"]
    right.files["samples.csv"] = sample_rows()
    right.tables["samples"] = {
        "file": "samples.csv",
        "columns": {
            "reading_id": "id",
            "time_s": {"column": "t", **MS},
            "x_px": {"column": "x"},
            "y_px": {"column": "y"},
        },
    }
    return right


def on_screen(lab, **changes):
    """Let positions be those of a screen whose upper left corner shows the image."""
    sizes = {"width_px": 1920, "height_px": 1080, "width_mm": 531, "height_mm": 299}
    lab.manifest["screen"] = {**sizes, "distance_mm": 650, "image_area": AREA, **changes}
    lab.manifest["resolution"] = {}
    for name in ("x_px", "y_px"):
        lab.tables["fixations"]["columns"][name]["unit"] = "screen_px"


def columns_of(lab, table="fixations"):
    return lab.tables[table]["columns"]


def refused(lab, *words, code=None):
    """Ask that `verify` ends with 2 and says each of the words; give what it said."""
    result = lab.run("verify")
    assert result.exit_code == 2, result.output
    assert "nothing is lost" not in result.output
    for word in (*words, code or ""):
        assert word in result.output, result.output
    return result.output


def test_what_is_right_is_not_refused(right):
    result = right.run("verify")
    assert result.exit_code == 0, result.output
    assert "nothing is lost" in result.output
    on_screen(right)
    assert right.run("verify").exit_code == 0


def test_what_was_understood_is_in_both_summaries(right):
    understood = json.loads(right.run("ingest", "--json").stdout)["understood"]
    assert understood["fixations"]["n"] == {"p05": 24, "p50": 24, "p95": 24}
    assert understood["words"]["n_sentences"]["p50"] == 5
    assert json.loads(right.run("verify", "--json").stdout)["understood"] == understood
    assert (
        "  fixations  24 a reading, 88% of the time, median 0.378 s\n" in right.run("verify").stdout
    )


def test_samples_that_are_right_are_not_refused(sampled):
    result = sampled.run("verify")
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("time", "length", "units", "words"),
    [
        (1000, 1000, (None, None), ["fixation_duration", "set `unit: ms` for duration_s"]),
        (1, 1000, (None, None), ["fixation_duration", "set `unit: ms` for duration_s"]),
        (1, 1, ("ms", "ms"), ["fixation_duration", "set `unit: s` for duration_s"]),
        (1e6, 1e6, ("ms", "ms"), ["fixation_duration", "set `unit: us` for duration_s"]),
        (1e9, 1e9, ("ms", "ms"), ["fixation_duration", "set `unit: ns` for duration_s"]),
        (1e7, 1, (None, None), ["reading_duration", "set `unit: ", "for onset_s"]),
        (1000, 1, (None, None), ["fixations_too_few", "`unit` of onset_s"]),
    ],
)
def test_times_in_another_unit(right, time, length, units, words):
    right.files["fixations.csv"] = fixation_rows(time=time, length=length)
    for name, unit in zip(("onset_s", "duration_s"), units, strict=True):
        columns_of(right)[name]["unit"] = unit or "s"
    said = refused(right, *words)
    assert "so in 2 of 2 readings" in said
    assert right.run().exit_code == 2


def test_both_ends_in_another_unit(right):
    right.files["fixations.csv"] = right.files["fixations.csv"].replace("length", "end")
    rows = [line.split(",") for line in fixation_rows(time=1000, length=1000).splitlines()]
    for row in rows[1:]:
        row[2] = str(float(row[1]) + float(row[2]))
    right.files["fixations.csv"] = "\n".join(map(",".join, rows)) + "\n"
    columns = columns_of(right)
    columns["offset_s"] = columns.pop("duration_s")
    refused(right, "set `unit: ms` for onset_s and offset_s", code="fixation_duration")


@pytest.mark.parametrize("rate_hz", [30, 60, 89, 1000])
def test_each_sample_became_a_fixation(right, rate_hz):
    rng = np.random.default_rng(0)
    lines = ["id,start,length,x,y"]
    for number in range(200):
        x, y = 300 + number + rng.normal(0, 3, 2)
        lines.append(f"A1,{number / rate_hz:.6f},{0.99 / rate_hz:.6f},{x:.2f},{y:.2f}")
    right.files["fixations.csv"] = "\n".join(lines) + "\n"
    refused(right, "each sample became one", "as `fixation`", code="fixations_too_many")


@pytest.mark.parametrize(
    ("place", "cell", "words"),
    [
        (lambda share: share, {}, ["gaze_off_image", "set `unit: share`"]),
        (lambda share: share * 1.5 - 0.2, {}, ["gaze_in_one_place", "set `unit: share`"]),
        (lambda _: (600, 450), {}, ["gaze_in_one_place"]),
        (lambda share: share * 100, {}, ["gaze_in_a_corner", "set `unit: percent`"]),
        (lambda share: share * 350, {}, ["gaze_in_a_corner", "smaller picture"]),
        (lambda share: (share - 0.5) * SIZE, {}, ["gaze_misplaced", "change `origin`"]),
        (lambda share: (share - 0.5) * (39, 29), {}, ["gaze_misplaced", "set `unit: deg`"]),
        (lambda share: (share * SIZE)[::-1], {}, ["gaze_misplaced", "x_px and y_px"]),
        (lambda share: share * (1200, 0), {}, ["gaze_on_a_line", "column of y_px"]),
        (lambda share: [share[0] * 900] * 2, {}, ["gaze_on_a_line", "columns of x_px and y_px"]),
        (lambda share: share * SIZE * 3, {}, ["gaze_misplaced", "off the image"]),
        (lambda share: share * SIZE, {"unit": "share"}, ["gaze_off_image", "set `unit: px`"]),
    ],
)
def test_places_in_other_coordinates(right, place, cell, words):
    right.files["fixations.csv"] = fixation_rows(place)
    for name in ("x_px", "y_px"):
        columns_of(right)[name] |= cell
    refused(right, *words)


@pytest.mark.parametrize("is_on_screen", [False, True])
def test_width_and_height_of_the_images_are_swapped(right, is_on_screen):
    if is_on_screen:
        on_screen(right)
    columns_of(right, "readings").update(width_px="h", height_px="w")
    refused(right, "width_px and height_px of the readings were exchanged", code="gaze_misplaced")


@pytest.mark.parametrize(
    ("unit", "place"),
    [
        ("screen_px", lambda share: share * SIZE + (700, 100)),
        ("screen_share", lambda share: (share * SIZE + (700, 100)) / (1920, 1080)),
        ("deg", lambda share: (share - (0.217, 0.489)) * SIZE * 0.0243),
    ],
)
def test_the_unit_that_fits_is_named(right, unit, place):
    area = {"xmin_px": 700, "ymin_px": 100, "xmax_px": 1900, "ymax_px": 1000}
    on_screen(right, image_area=area)
    for name in ("x_px", "y_px"):
        columns_of(right)[name]["unit"] = "px"
    right.files["fixations.csv"] = fixation_rows(place)
    if unit == "screen_share":  # all of it lies in the image's first pixel otherwise
        columns_of(right)["x_px"]["unit"] = columns_of(right)["y_px"]["unit"] = "screen_px"
    refused(right, f"set `unit: {unit}`")


@pytest.mark.parametrize("is_said", [False, True])
def test_y_grows_up_from_the_screens_lower_edge(right, is_said):
    on_screen(right)
    if not is_said:
        right.files["fixations.csv"] = fixation_rows(
            lambda share: (share[0] * 1200, 1079 - share[1] * 900)
        )
    columns_of(right)["y_px"]["up"] = is_said
    refused(right, "change `up` of y_px", code="gaze_misplaced")


@pytest.mark.parametrize("is_up", [False, True])
def test_readers_look_where_they_draw_boxes(right, is_up):
    right.files["fixations.csv"] = fixation_rows(
        lambda share: (share[0] * 1199, (1 - share[1] * 0.3 if is_up else share[1] * 0.3) * 899)
    )
    right.files["boxes.csv"] = "id,what,l,t,r,b\nA1,mass,0,0,1200,300\nB2,mass,0,0,1200,300\n"
    edges = {"xmin_px": "l", "ymin_px": "t", "xmax_px": "r", "ymax_px": "b"}
    columns = {"reading_id": "id", "region": "what", **edges}
    right.tables["regions"] = {"file": "boxes.csv", "columns": columns}
    if is_up:
        refused(right, "0 fixations lie in boxes", "change `up`", code="gaze_upside_down")
    else:
        assert right.run("verify").exit_code == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"distance_mm": 65}, ["screen_distance", "is it in cm"]),
        ({"distance_mm": 0.65}, ["screen_distance", "another unit"]),
        ({"distance_mm": 6500}, ["screen_distance", "another unit"]),
        ({"width_mm": 531_000, "height_mm": 299_000}, ["screen_size"]),
        ({"width_mm": 0.531, "height_mm": 0.299}, ["screen_size", "in mm"]),
        ({"width_mm": 299, "height_mm": 531}, ["screen_size", "swapped"]),
        ({"width_px": 1080, "height_px": 1920}, ["screen_size", "swapped"]),
        ({"width_mm": 53.1, "height_mm": 29.9}, ["screen_size", "in mm"]),
        ({"width_mm": 100, "height_mm": 56, "distance_mm": 3000}, ["resolution", "width_mm"]),
    ],
)
def test_measures_of_the_screen_in_another_unit(right, changes, words):
    on_screen(right, **changes)
    refused(right, *words)


@pytest.mark.parametrize(
    ("resolution", "word"),
    [
        ({"px_per_deg": 0.03}, "which is 4e+04° wide"),
        ({"px_per_deg": 2}, "which is 600° wide"),
        ({"px_per_deg": 500}, "which is 2.4° wide"),
        ({"image_width_deg": 0.6}, "0.6° wide"),
        ({"px_per_deg": [30, 90]}, "times as many pixels across as down"),
    ],
)
def test_the_size_of_a_degree_is_none(right, resolution, word):
    right.manifest["resolution"] = resolution
    refused(right, word, code="resolution")


def test_points_without_a_duration_are_points(right):
    columns_of(right)["duration_s"] = 1e-9
    assert right.run("verify").exit_code == 0


def test_one_file_for_all_readings(right):
    rows = fixation_rows().splitlines()[:25]
    other = [line.replace("A1,", "B2,") for line in rows[1:]]
    right.files["fixations.csv"] = "\n".join([*rows, *other]) + "\n"
    refused(right, "readings A1 and B2 have the same gaze", code="gaze_twice")


@pytest.mark.parametrize(
    ("rows", "changes", "words"),
    [
        (word_rows(1000), {}, ["word_rate", "set `unit: ms`"]),
        (word_rows(), {"unit": "ms"}, ["word_rate", "set `unit: s`"]),
        (word_rows(text="12"), {}, ["words_are_numbers", "as `text`"]),
        (word_rows(0), {}, ["words_at_once", "as `onset_s`"]),
    ],
)
def test_words(right, rows, changes, words):
    right.files["words.csv"] = rows
    del right.files["fixations.csv"], right.tables["fixations"]
    for name, column in (("onset_s", "from"), ("offset_s", "to")):
        columns_of(right, "words")[name] = {"column": column, **changes}
    refused(right, *words)


@pytest.mark.parametrize(
    ("rows", "changes", "words"),
    [
        (sample_rows(), {"unit": "s"}, ["sampling_rate", "set `unit: ms`"]),
        (sample_rows(time=1.0), {"unit": "ms"}, ["sampling_rate", "set `unit: s`"]),
        (sample_rows(time=60.0), {"unit": "s"}, ["sampling_rate"]),
        (sample_rows(time=1e9), {"unit": "us"}, ["sampling_rate", "set `unit: ns`"]),
        (sample_rows(lambda share: share), {}, ["gaze_off_image", "set `unit: share`"]),
        (sample_rows(lambda share: share * 1.5 - 0.2), {}, ["gaze_in_one_place"]),
        (sample_rows(lambda _: (600, 450)), {}, ["gaze_in_one_place"]),
        (sample_rows(lambda share: (share * SIZE)[::-1]), {}, ["gaze_misplaced"]),
        (sample_rows(lambda share: share * 100), {}, ["gaze_in_a_corner"]),
    ],
)
def test_samples(sampled, rows, changes, words):
    sampled.files["samples.csv"] = rows
    columns_of(sampled, "samples")["time_s"] |= changes
    refused(sampled, *words)


def test_samples_of_another_rate_than_the_screens(sampled):
    sampled.files["samples.csv"] = sample_rows(time=60.0)
    sampled.manifest["screen"] = {"width_px": 1920, "height_px": 1080, "sampling_hz": 30}
    refused(sampled, "screen.sampling_hz says 30", code="sampling_rate")


def test_samples_of_both_eyes_in_rows_of_their_own(sampled):
    head, *rows = sample_rows().splitlines()
    sampled.files["samples.csv"] = "\n".join([head, *(row for row in rows for _ in "LR")]) + "\n"
    refused(sampled, "choose one eye with `where`", code="samples_at_once")


def test_words_whose_begin_is_in_another_unit(right):
    lines = [line.split(",") for line in word_rows().splitlines()]
    for row in lines[1:]:
        row[2:] = [str(float(row[2]) * 1000), str(float(row[3]) - float(row[2]))]
    right.files["words.csv"] = "\n".join(map(",".join, lines)) + "\n"
    columns = columns_of(right, "words")
    columns["duration_s"] = columns.pop("offset_s")
    refused(right, "words fill", code="word_rate")


def test_one_reading_that_cannot_be_is_left_out_and_counted(right):
    third = fixation_rows(length=1000).replace("A1,", "C3,").replace("length", "")
    rows = [line for line in third.splitlines() if line.startswith("C3,")]
    right.files["readings.csv"] += "C3,9,1200,900\n"
    right.files["fixations.csv"] += "\n".join(rows) + "\n"
    right.files["words.csv"] += "C3,said.,0,1\n"
    right.ingest()
    assert right.summary["without_gaze"] == {"impossible": 1}
    assert right.reasons()["fixation_duration"] == 1
    assert right.summary["lost"]["gaze"] == 1
    assert right.rows("fixations", "C3") == []
    assert len(right.rows("fixations", "A1")) == 24


def test_samples_that_cannot_be_are_invalid(sampled):
    sampled.files["readings.csv"] += "C3,9,1200,900\n"
    still = sample_rows(lambda _: (600, 450)).splitlines()
    rows = [line.replace("A1,", "C3,") for line in still if line.startswith("A1,")]
    sampled.files["samples.csv"] += "\n".join(rows) + "\n"
    sampled.files["words.csv"] += "C3,said.,0,1\n"
    sampled.ingest()
    assert sampled.reasons()["gaze_in_one_place"] == 1
    assert not any(sampled.column("samples", "valid", "C3"))
    assert all(sampled.column("samples", "valid", "A1"))


@pytest.mark.parametrize(
    "sizes",
    [(1920, 1080, 531, 299, 650), (1080, 1920, 299, 531, 650), (400, 800, 62, 124, 300)],
)
def test_usual_screens_are_not_refused(right, sizes):
    names = ("width_px", "height_px", "width_mm", "height_mm", "distance_mm")
    on_screen(right, **dict(zip(names, sizes, strict=True)))
    assert "screen_" not in right.run("verify").output


def test_of_a_screen_only_what_is_used_must_be_right(right):
    on_screen(right, distance_mm=65)
    right.manifest["resolution"] = {"px_per_deg": 30}
    assert right.run("verify").exit_code == 0


def by_the_clock(content, columns, start_s, back_s):
    """Write the times of rows as a clock shows them that steps back six seconds later."""
    head, *lines = content.splitlines()
    written = [head]
    for line in lines:
        cells = line.split(",")
        for column in columns:
            time_s = float(cells[column]) + start_s
            time_s -= back_s * (time_s >= start_s + 6)
            cells[column] = f"{time_s // 3600:02.0f}:{time_s // 60 % 60:02.0f}:{time_s % 60:09.6f}"
        written.append(",".join(cells))
    return "\n".join(written) + "\n"


MIDNIGHT = (86_394, 86_400)
SUMMER_TIME_ENDS = (3 * 3600 - 6, 3600)


@pytest.mark.parametrize(
    ("start_s", "back_s", "message"),
    [
        (*MIDNIGHT, "the clock passes midnight in row"),
        (*SUMMER_TIME_ENDS, "the clock steps back by an hour in row"),
    ],
)
def test_a_clock_that_steps_back_within_a_reading(right, start_s, back_s, message):
    content = by_the_clock(right.files["fixations.csv"], [1], start_s, back_s)
    right.files["fixations.csv"] = content
    row = next(
        row + 1
        for row, line in enumerate(content.splitlines())
        if row > 1 and line.split(",")[1] < content.splitlines()[row - 1].split(",")[1]
    )
    said = refused(right, f"{message} {row} ", "write onset_s and the end with date and offset")
    assert "clock_steps_back" in said
    assert "may be in" not in said


def test_samples_by_a_clock_that_passes_midnight(sampled):
    sampled.files["samples.csv"] = by_the_clock(sample_rows(time=1), [1], *MIDNIGHT)
    said = refused(sampled, "passes midnight in row 362 ", "write time_s with date")
    assert "may be in" not in said


def test_words_by_a_clock_that_steps_back(right):
    right.files["words.csv"] = by_the_clock(word_rows(), [2, 3], *SUMMER_TIME_ENDS)
    said = refused(right, "steps back by an hour", code="words_step_back")
    assert "word_rate" not in said


@pytest.mark.parametrize(
    "time_s",
    [
        pytest.param([1, 2, 3, 4], id="in order"),
        pytest.param([3000, 3601, 1, 600, 90_000, 3700], id="in any order"),
        pytest.param([0, 1800, 3600, 0, 1800, 3600], id="an hour of each eye"),
        pytest.param([5, 10, 2, 20], id="a short step"),
        pytest.param([5, np.nan, 10, np.nan], id="unknown"),
        pytest.param([7], id="one"),
        pytest.param([], id="none"),
    ],
)
def test_rows_that_step_back_otherwise_are_sorted_as_before(time_s):
    assert not list(in_clock(np.array(time_s, float), np.arange(len(time_s)), "time_s"))


def test_dates_with_their_offset_pass_the_end_of_summer_time(right):
    lines = right.files["fixations.csv"].splitlines()
    for number, line in enumerate(lines[1:], start=1):
        key, onset, *rest = line.split(",")
        summer = float(onset) < 6
        minute, offset = ("59", "+02:00") if summer else ("00", "+01:00")
        second = float(onset) + 54 if summer else float(onset) - 6
        moment = f"2024-10-27 02:{minute}:{second:09.6f}{offset}"
        lines[number] = ",".join([key, moment, *rest])
    right.files["fixations.csv"] = "\n".join(lines) + "\n"
    del right.files["words.csv"], right.tables["words"]
    result = right.run("verify")
    assert result.exit_code == 0, result.output
