import json
from dataclasses import replace

import pytest

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.report.counts import (
    LeftOut,
    Metrics,
    count_tables,
    flows,
    intake,
    left_out,
    read_metrics,
)
from gazescribe.pipeline.report.layout import DataSet
from tests.report_run import whole as whole_content

INGEST = Metrics(
    "ingest",
    "reflacx",
    {
        "counts": {"readings": 60, "readings_with_gaze": 59},
        "rows": {"fixations": 7425, "readings": 60},
        "splits": {"test": 9, "train": 45},
        "params": {"seed": 3},
        "faults": {
            "bad_id": {"severity": "loss", "loses": "samples", "rows": 210, "items": 1},
            "off_image": {"severity": "warning", "loses": "", "rows": 488, "items": 59},
        },
        "without_gaze": {"discarded": 1, "too_few": 0},
    },
)
MIMIC = Metrics("ingest", "mimic", {"rows": {"images": 130}, "left_out": {"view_blank": 1}})
ASSOCIATE = Metrics(
    "associate",
    "reflacx",
    {
        "n_mentions": 542,
        "n_windows": {"reading ok": 59, "sentence ok": 102, "sentence empty": 3},
        "mentions_left_out": {"negative": 364},
        "readings_left_out": {"no gaze": 1, "no image size": 0},
    },
)
HEATMAPS = Metrics(
    "heatmaps", "reflacx-label", {"kind": "label", "n_maps": 139, "left_out": {"empty": 3}}
)
ELLIPSES = Metrics(
    "heatmaps", "reflacx-ellipse", {"kind": "ellipse", "n_maps": 125, "left_out": {"low": 1}}
)
ALL = [INGEST, MIMIC, ASSOCIATE, HEATMAPS, ELLIPSES]


def whole(stage, **fields):
    return json.dumps(whole_content(stage, **fields))


def test_every_reason_is_listed_with_what_it_is_of():
    lost, kept = left_out(ALL)
    assert lost == [
        LeftOut("ingest", "reflacx", "gaze of readings", "discarded", 1),
        LeftOut("ingest", "reflacx", "gaze of readings", "too few", 0),
        LeftOut("ingest", "reflacx", "rows of samples", "bad id", 210),
        LeftOut("ingest", "mimic", "images", "view blank", 1),
        LeftOut("associate", "reflacx", "mentions", "negative", 364),
        LeftOut("associate", "reflacx", "readings", "no gaze", 1),
        LeftOut("associate", "reflacx", "readings", "no image size", 0),
        LeftOut("heatmaps", "reflacx-label", "windows", "empty", 3),
        LeftOut("heatmaps", "reflacx-ellipse", "ellipses", "low", 1),
    ]
    assert kept == [LeftOut("ingest", "reflacx", "rows", "off image", 488)]


def test_reasons_that_name_their_first_ids_are_counted():
    content = {"left_out": {"absent": {"n": 3, "first": ["a", "b", "c"]}}}
    lost, _ = left_out([Metrics("images", "mil", content)])
    assert lost == [LeftOut("images", "mil", "images", "absent", 3)]


def test_flow_from_readings_to_maps():
    assert flows(ALL) == {
        "reflacx": [
            ("readings", "60"),
            ("with gaze", "59"),
            ("mentions", "542"),
            ("windows", "102"),
            ("label maps", "139"),
        ],
        "mimic": [("images", "130")],
    }


def test_flow_without_mentions_counts_windows_of_whole_readings():
    windows = {"reading ok": 2, "reading empty": 1, "report ok": 5}
    content = {"n_mentions": None, "n_windows": windows}
    steps = flows([INGEST, Metrics("associate", "reflacx", content)])["reflacx"]
    assert steps == [("readings", "60"), ("with gaze", "59"), ("windows", "2")]


def test_rows_that_came_in():
    table = intake(ALL)
    assert table.columns == ["quantity", "reflacx", "mimic"]
    assert table.rows == [
        ["fixations", "7,425", "–"],
        ["readings", "60", "–"],
        ["images", "–", "130"],
        ["splits: train", "45", "–"],
        ["splits: test", "9", "–"],
    ]


def test_counts_of_a_stage_stand_side_by_side():
    tables = {table.title: table for table in count_tables(ALL)}
    assert list(tables) == ["ingest", "associate", "heatmaps"]
    assert tables["heatmaps"].columns == ["quantity", "reflacx-label", "reflacx-ellipse"]
    assert tables["heatmaps"].rows == [["maps", "139", "125"]]
    names = [row[0] for row in tables["ingest"].rows]
    assert "counts: readings with gaze" in names
    assert [name for name in names if name.endswith("readings")] == ["readings"]
    assert not [name for name in names if "seed" in name or "bad" in name]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, r"no such file. Run `gazescribe ingest` again\.", id="absent"),
        pytest.param("{", "this is not JSON", id="broken"),
        pytest.param("[1]", "a JSON object was expected", id="list"),
        pytest.param("{}", r"`gazescribe ingest` again.\s+- rows is missing", id="no rows"),
        pytest.param(
            whole("ingest", faults={"bad": {"rows": 1}}),
            "faults.bad.severity is missing",
            id="fault without severity",
        ),
        pytest.param(
            whole("ingest", faults=[]), "faults: Input should be a valid dict", id="no faults"
        ),
    ],
)
def test_metrics_that_cannot_be_read(tmp_path, content, message):
    if content is not None:
        (tmp_path / "ingest.json").write_text(content)
    with pytest.raises(GazeError, match=message):
        read_metrics(tmp_path, ["ingest.json"])


def test_metrics_are_named_by_file_and_folder(tmp_path):
    (tmp_path / "egd").mkdir()
    (tmp_path / "egd/ingest.json").write_text(whole("ingest"))
    content = json.loads(whole("ingest"))
    assert read_metrics(tmp_path, ["egd/ingest.json"]) == [Metrics("ingest", "egd", content)]


STAGES = ["ingest", "fixations", "associate", "heatmaps", "images", "scanpaths", "measures"]


@pytest.mark.parametrize("stage", STAGES)
def test_every_field_that_a_stage_always_writes_is_asked_for(tmp_path, stage):
    path = tmp_path / f"{stage}.json"
    path.write_text(whole(stage))
    assert [entry.stage for entry in read_metrics(tmp_path, [path.name])] == [stage]
    fields = json.loads(whole(stage))
    assert len(fields) > 4
    path.write_text("{}")
    with pytest.raises(GazeError, match=f"gazescribe {stage}` again") as error:
        read_metrics(tmp_path, [path.name])
    assert str(path) in str(error.value)
    assert {fault.split(" ")[0] for fault in error.value.faults} == set(fields)


def test_data_sets_whose_folders_have_one_name_are_kept_apart(tmp_path):
    paths = []
    for n, name in enumerate(("a", "b", "c")):
        (tmp_path / name / "tables").mkdir(parents=True)
        content = whole("ingest", rows={"readings": n}, counts={"readings": n})
        paths.append(f"{name}/tables/ingest.json")
        (tmp_path / paths[-1]).write_text(content)
    owners = {"mine": DataSet(tables="a/tables"), "theirs": DataSet(tables="b/tables")}
    metrics = read_metrics(tmp_path, paths, owners)
    assert flows(metrics) == {
        "mine": [("readings", "0")],
        "theirs": [("readings", "1")],
        "tables": [("readings", "2")],
    }
    assert list(flows(read_metrics(tmp_path, paths))) == [f"{name}/tables" for name in "abc"]


def test_counts_of_readings_lead_to_them():
    maps = HEATMAPS.content | {"maps_by_label": {"Edema": 7}}
    metrics = [
        replace(INGEST, file="i", dataset="reflacx"),
        replace(MIMIC, file="m", dataset="mimic"),
        replace(ASSOCIATE, file="a", dataset="reflacx"),
        replace(HEATMAPS, file="h", content=maps, dataset="reflacx"),
    ]
    own = {"dataset": "reflacx"}
    rows = {row[0]: row[1].choice for row in intake(metrics).rows if row[1] != "–"}
    assert rows == {
        "fixations": {},
        "readings": own,
        "splits: train": {**own, "split": "train"},
        "splits: test": {**own, "split": "test"},
    }
    (of_maps,) = (table for table in count_tables(metrics) if table.title == "heatmaps")
    choices = {row[0]: row[1].choice for row in of_maps.rows}
    assert choices["maps by label: Edema"] == {**own, "label": "Edema", "by": "said"}
    assert choices["maps"] == {}
    lost, _ = left_out(metrics)
    choices = {row.reason: row.choice for row in lost}
    assert choices["no gaze"] == {**own, "quality": "no gaze"}
    assert choices["discarded"] == {}


def test_reasons_below_what_was_left_out_are_listed():
    reasons = {"fixations": {"outside the image": 78}, "readings": {"no gaze": 1}}
    for stage in ("scanpaths", "measures"):
        entry = Metrics(stage, "a", whole_content(stage, left_out=reasons), "a.json")
        lost, noticed = left_out([entry])
        assert noticed == []
        assert lost == [
            LeftOut(stage, "a", "fixations", "outside the image", 78),
            LeftOut(stage, "a", "readings", "no gaze", 1),
        ]
        assert lost[0].cited.keys == ("/left_out/fixations/outside the image",)


def test_counts_cite_where_they_stand():
    metrics = [replace(ASSOCIATE, file="a/associate.json"), replace(INGEST, file="ingest.json")]
    lost, _ = left_out(metrics)
    assert (lost[0].cited.file, lost[0].cited.keys) == (
        "a/associate.json",
        ("/mentions_left_out/negative",),
    )
    assert "/faults/bad_id/rows" in {row.key for row in lost}
    windows = dict(flows(metrics)["reflacx"])["windows"]
    assert windows.keys == ("/n_windows/sentence ok",)
