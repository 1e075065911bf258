import pytest


def test_both_label_schemas(reflacx_tree, ingested):
    reflacx_tree.add("P102R000001", 99000002, **{"Quality issue": "True", "Other": "a|b, c"})
    reflacx_tree.add("P201R000001", 99000003)
    found = ingested()
    assert len(found.rows("certainties", reading_id="P102R000001")) == 15
    assert len(found.rows("certainties", reading_id="P201R000001")) == 14
    attributes = found.attributes("P102R000001")
    assert (attributes["Quality issue"], attributes["Other"]) == ("true", "a|b, c")
    assert "Quality issue" not in found.attributes("P201R000001")
    assert "Other" not in found.attributes("P201R000001")


def test_ellipses_one_row_a_label_and_header_only_tables(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001", **{"Consolidation": "5", "Pulmonary edema": "2"})
    reflacx_tree.add("P300R000002", 99000002)
    both = (["-5", "2", "30", "400", "2"], ["Consolidation", "Pulmonary edema"])
    reflacx_tree.ellipses("P300R000001", [both, (["9", "9", "9", "20", "5"], ["Consolidation"])])
    found = ingested()
    assert [(one["ellipse"], one["label"], one["certainty"]) for one in found.rows("ellipses")] == [
        (0, "Consolidation", 2),
        (0, "Pulmonary edema", 2),
        (1, "Consolidation", 5),
    ]
    assert found.rows("ellipses")[0]["xmin_px"] == -5.0
    assert found.reasons() == {"ellipse_no_area": 1, "ellipse_off_image": 1}


@pytest.mark.parametrize(
    ("numbers", "labels", "reason"),
    [
        pytest.param(["1", "2", "3", "4", "6"], ["Consolidation"], "ellipse_certainty", id="6"),
        pytest.param(["1", "2", "3", "4", "0"], ["Consolidation"], "ellipse_certainty", id="0"),
        pytest.param(["1", "2", "3", "4", "2.5"], ["Consolidation"], "ellipse_certainty", id="2.5"),
        pytest.param(["1", "2", "3", "x", "3"], ["Consolidation"], "ellipse_unreadable", id="x"),
        pytest.param(["1", "2", "3", "4", "3"], [], "ellipse_no_label", id="no-label"),
    ],
)
def test_a_bad_ellipse_is_left_out_and_counted(reflacx_tree, ingested, numbers, labels, reason):
    reflacx_tree.add("P300R000001", Atelectasis="4")
    good = (["1", "2", "30", "40", "4"], ["Atelectasis"])
    reflacx_tree.ellipses("P300R000001", [(numbers, labels), good])
    found = ingested()
    assert [(one["ellipse"], one["label"]) for one in found.rows("ellipses")] == [
        (1, "Atelectasis")
    ]
    assert found.reasons() == {reason: 1}


def test_turned_corners_are_swapped(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001", Consolidation="3")
    reflacx_tree.ellipses("P300R000001", [(["30", "2", "10", "4", "3"], ["Consolidation"])])
    found = ingested()
    (ellipse,) = found.rows("ellipses")
    assert (ellipse["xmin_px"], ellipse["xmax_px"]) == (10.0, 30.0)
    assert found.reasons() == {"ellipse_reversed": 1}


def test_ellipse_table_of_another_phase_is_not_used(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    path = reflacx_tree.root / reflacx_tree.path("P300R000001", "ellipses")
    path.write_text(path.read_text().replace("Enlarged hilum", "Emphysema"))
    found = ingested()
    assert found.reasons() == {"ellipses_no_column": 1}
    assert len(found.rows("certainties")) == 14


@pytest.mark.parametrize(
    ("cell", "certainty", "reason"),
    [
        pytest.param("-1", [None], "certainty_unknown", id="chosen-not-stated"),
        pytest.param("6", [], "certainty_unreadable", id="too-large"),
        pytest.param("", [], "certainty_unreadable", id="blank"),
        pytest.param("4", [4], "certainty_not_drawn", id="no-ellipse"),
    ],
)
def test_unusual_certainties(reflacx_tree, ingested, cell, certainty, reason):
    reflacx_tree.add("P102R000001", Mass=cell)
    found = ingested()
    assert [row["certainty"] for row in found.rows("certainties", label="Mass")] == certainty
    assert len(found.rows("certainties")) == 14 + len(certainty)
    assert found.reasons() == {reason: 1}


@pytest.mark.parametrize(
    ("cell", "drawn", "value"),
    [
        pytest.param("False", ["Support devices"], "true", id="drawn-though-false"),
        pytest.param("True", [], "true", id="pressed"),
        pytest.param("False", [], "false", id="neither"),
    ],
)
def test_flags_are_pressed_or_drawn(reflacx_tree, ingested, cell, drawn, value):
    reflacx_tree.add("P102R000001", **{"Support devices": cell})
    reflacx_tree.ellipses("P102R000001", [(["1", "2", "3", "4", "5"], drawn)] if drawn else [])
    found = ingested()
    assert found.attributes("P102R000001")["Support devices"] == value
    assert found.reasons() == {}


def test_an_unreadable_flag_is_left_out(reflacx_tree, ingested):
    reflacx_tree.add("P102R000001", **{"Support devices": "maybe"})
    found = ingested()
    assert "Support devices" not in found.attributes("P102R000001")
    assert found.reasons() == {"flag_unreadable": 1}


@pytest.mark.parametrize(
    ("rows", "reasons"),
    [
        pytest.param([], {"chest_not_one": 1}, id="none"),
        pytest.param([["1", "2", "3", "4"], ["5", "6", "7", "8"]], {"chest_not_one": 1}, id="two"),
        pytest.param([["1", "2", "", "4"]], {"chest_unreadable": 1}, id="blank"),
    ],
)
def test_chest_boxes_that_cannot_be_used(reflacx_tree, ingested, rows, reasons):
    reflacx_tree.add("P300R000001")
    reflacx_tree.table("P300R000001", "chest", ["xmin", "ymin", "xmax", "ymax"], rows)
    found = ingested()
    assert found.rows("regions") == []
    assert found.reasons() == reasons


def test_a_chest_box_over_the_edge_stays(reflacx_tree, ingested):
    reflacx_tree.add("P300R000001")
    box = [["-4", "2", "104", "9"]]
    reflacx_tree.table("P300R000001", "chest", ["xmin", "ymin", "xmax", "ymax"], box)
    found = ingested()
    assert found.rows("regions")[0]["xmax_px"] == 104.0
    assert found.reasons() == {"chest_off_image": 1}
