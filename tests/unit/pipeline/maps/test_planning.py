import pytest

from gazescribe.pipeline.maps.planning import plan, plan_ellipses
from tests.synthetic import table


def window(number, *labels, reading_id="R1", kind="sentence", status="ok", **columns):
    return {
        "reading_id": reading_id,
        "window": number,
        "kind": kind,
        "start_s": 0,
        "end_s": 1,
        "labels": list(labels),
        "n_mentions": [2] * len(labels),
        "n_uncertain": [1] * len(labels),
        "n_fixations": 3,
        "gaze_s": 0.5,
        "status": status,
        **columns,
    }


WINDOWS = table(
    [
        window(0, "Edema", "Opacity", reading_id="R2"),
        window(0, "Opacity"),
        window(1, "Edema", "Opacity", kind="mention"),
        window(2, "Edema", status="empty"),
        window(3, "Fracture", status="reversed"),
        window(4, "Fracture", status="reversed"),
        window(5, kind="report"),
        window(6, kind="reading", status="empty"),
        window(6, kind="reading", reading_id="R2"),
    ],
    "windows",
)


@pytest.mark.parametrize(
    ("kind", "maps", "left_out"),
    [
        pytest.param(
            "label",
            [
                ("R1", "Edema", [1]),
                ("R1", "Opacity", [0, 1]),
                ("R2", "Edema", [0]),
                ("R2", "Opacity", [0]),
            ],
            {"empty": 1, "reversed": 2},
            id="label",
        ),
        pytest.param("report", [("R1", "", [5])], {"no timed words": 1}, id="report"),
        pytest.param("saliency", [("R2", "", [6])], {"empty": 1}, id="saliency"),
    ],
)
def test_plan(kind, maps, left_out):
    planned_maps, left = plan(WINDOWS, kind)
    assert [
        (planned.reading_id, planned.label, planned.windows) for planned in planned_maps
    ] == maps
    assert left == left_out


@pytest.mark.parametrize(
    ("kind", "left_out"),
    [
        pytest.param("label", {"no timed words": 2}, id="label"),
        pytest.param("report", {"no timed words": 2}, id="report"),
        pytest.param("saliency", {"no fixations": 1}, id="saliency"),
    ],
)
def test_readings_without_a_window_of_the_kind_are_counted(kind, left_out):
    of_readings = [window(0, reading_id=name, kind="reading") for name in ("R1", "R2")]
    of_reports = [window(0, reading_id=name, kind="report") for name in ("R1", "R2", "R3")]
    windows = [*of_readings, of_reports[2]]
    if kind == "saliency":
        windows = [*of_reports, {**of_readings[0], "window": 1}, {**of_readings[1], "window": 1}]
    assert plan(table(windows, "windows"), kind)[1] == left_out


def test_readings_without_words_are_no_loss_beside_labels():
    windows = [window(0, "Edema"), window(1, kind="reading", reading_id="R2")]
    assert plan(table(windows, "windows"), "label")[1] == {}


def test_plan_sums_over_windows():
    planned_maps, _ = plan(WINDOWS, "label")
    planned = next(planned for planned in planned_maps if planned.windows == [0, 1])
    counts = ("gaze_s", "n_fixations", "n_mentions", "n_uncertain")
    assert [planned.counts[name] for name in counts] == [1, 6, 4, 2]


def ellipse(number, label, certainty=4, **columns):
    sides = {"xmin_px": 10, "ymin_px": 20, "xmax_px": 50, "ymax_px": 60}
    row = {"reading_id": "R1", "ellipse": number, "label": label, "certainty": certainty}
    return row | sides | columns


def test_plan_ellipses():
    ellipses = [
        ellipse(0, "Mass"),
        ellipse(1, "Mass", xmin_px=0),
        ellipse(2, "Mass", 2),
        ellipse(2, "Tube"),
        ellipse(3, "Edema", 3),
    ]
    column_map = {"Mass": ("Opacity", "Lung Lesion"), "Edema": ("Edema",), "Tube": ()}
    masks, left = plan_ellipses(table(ellipses, "ellipses"), column_map, 3)
    boxes = [(10, 20, 50, 60), (0, 20, 50, 60)]
    assert [(mask.label, mask.boxes) for mask in masks] == [
        ("Edema", boxes[:1]),
        ("Lung Lesion", boxes),
        ("Opacity", boxes),
    ]
    assert left == {"certainty below 3": 1, "label without channel": 1}
