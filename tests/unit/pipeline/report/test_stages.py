import json

import pandas as pd
import pytest
from matplotlib.figure import Figure

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.figures import save
from gazescribe.pipeline.core.files import JOURNAL
from gazescribe.pipeline.core.settings import Figures
from gazescribe.pipeline.report.counts import Metrics
from gazescribe.pipeline.report.layout import RunLayout
from gazescribe.pipeline.report.stages import labeler, search, settings, training

RATES = {"precision": 0.5, "recall": 1.0, "f1": 0.6667}
MACRO = {rate: {"value": 0.5, "n_defined": 2, "n_items": 14} for rate in RATES}
RANKED = "rank,rule,iou_cross_validated,iou_cross_validated_low,iou_cross_validated_high,iou_paper"
RANKED += ",behind_best,behind_best_low,behind_best_high\n"


def run(**parts):
    return RunLayout(schema_version=1, datasets={}, **parts)


def write_labels(folder):
    edges = [f"{rate}{side}" for rate in RATES for side in ("", "_low", "_high")]
    head = ["label", "reference", "counted", "tp", "fp", "fn", *edges]
    lines = [",".join(head)]
    for counted in ("positive", "positive_or_uncertain"):
        rates = ",".join(f"{value},0.25,0.75" for value in RATES.values())
        lines.append(f"Edema,certainty_above_0,{counted},5,1,2,{rates}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    (folder / "confusion.csv").write_text("label,state,certainty_0\nEdema,positive,3\n")
    summary = {
        "n_readings": 5,
        "n_images": 1,
        "params": {"phase": 2},
        "macro": {"certainty_above_0": {"positive_or_uncertain": MACRO}},
    }
    (folder / "evaluate_labels.json").write_text(json.dumps(summary))


def test_the_papers_way_of_counting_comes_first(tmp_path):
    write_labels(tmp_path)
    section = labeler(tmp_path, run(evaluated_labels="."))
    (shown,) = section.sheets
    assert shown.title == "Certainty above 0, positive or uncertain"
    assert shown.rows == [
        ["Edema", "7", "6", *(f"{x} [0.250, 0.750]" for x in ("0.500", "1.000", "0.667"))]
    ]
    assert [sheet.title for sheet in section.more] == [
        "Certainty above 0, positive",
        "Polarity against certainty",
    ]
    assert "5 readings, 1 different images, of phase 2" in section.lead[0].striptags()
    assert "precision 0.500 (2 of 14 labels)" in section.lead[1].striptags()


def write_search(folder, rules):
    rows = [f"{n},rule_{n},0.5,0.4,0.6,0.55,0.0,0,0" for n in range(1, rules + 1)]
    rows.append(",whole_report,0.1,,,0.2,0.4,,")
    (folder / "ranking.csv").write_text(RANKED + "\n".join(rows) + "\n")
    summary = {
        "n_rules": rules,
        "n_rules_published": 46,
        "n_readings": 9,
        "n_subjects": 2,
        "best": {"rule": "rule_1", "iou_cross_validated": None, "iou_paper": 0.55},
    }
    (folder / "tune.json").write_text(json.dumps(summary))
    for name in ("iou_by_delay", "iou_by_label"):
        save(Figure(), folder, name, Figures(text="text"))


def test_the_best_rules_stand_above_floors_and_ceilings(tmp_path):
    write_search(tmp_path, 67)
    section = search(tmp_path, run(tune="."))
    (best,) = section.sheets
    assert len(best.rows) == 13
    assert best.rows[0] == ["1", "rule 1", "0.500 [0.400, 0.600]", "0.550", "0.000 [0.000, 0.000]"]
    assert best.rows[-1] == ["–", "whole report", "0.100", "0.200", "0.400"]
    assert len(section.more[0].rows) == 68
    assert (
        "Best: rule 1, IoU – cross-validated, 0.550 as in the paper." in section.lead[0].striptags()
    )
    assert [picture.data[:26] for picture in section.pictures] == 2 * ["data:image/svg+xml;base64,"]
    title = "IoU against the delay, for each label"  # older versions wrote no captions
    assert (section.pictures[1].title, section.pictures[1].caption) == (title, "")
    said = {"iou_by_label": {"title": "By label", "caption": "What is seen."}}
    (tmp_path / "captions.json").write_text(json.dumps(said))
    newer = search(tmp_path, run(tune=".")).pictures[1]
    assert (newer.title, newer.caption) == ("By label", "What is seen.")


def test_a_ranking_that_a_killed_search_did_not_move(tmp_path):
    """The journal lies in the folder, the new ranking still beside it."""
    path, staging = tmp_path / "tune", tmp_path / ".tune.partial"
    path.mkdir()
    write_search(path, 3)
    (staging / ".old").mkdir(parents=True)
    (path / "ranking.csv").rename(staging / "ranking.csv")
    journal = {"inside": False, "mark": "tune.json", "old": [], "new": ["ranking.csv"]}
    (path / JOURNAL).write_text(json.dumps(journal))
    section = search(tmp_path, run(tune="tune"))
    assert not section.missing
    assert len(section.more[0].rows) == 4


@pytest.mark.parametrize("make", [labeler, search], ids=["labeler", "search"])
def test_a_part_that_was_not_made(tmp_path, make):
    for parts in ({}, {"evaluated_labels": "absent", "tune": "absent"}):
        section = make(tmp_path, run(**parts))
        assert "dvc repro" in section.missing
        assert not section.sheets


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        pytest.param("tune.json", "{", "this is not JSON", id="broken"),
        pytest.param(
            "tune.json",
            '{"n_rules": 3}',
            r"Run `gazescribe tune` again.[^!]*best is missing",
            id="best",
        ),
        pytest.param("ranking.csv", "rank,rule\n", "lacks the columns iou_paper", id="columns"),
    ],
)
def test_a_search_that_was_written_by_something_else(tmp_path, file, text, message):
    write_search(tmp_path, 3)
    (tmp_path / file).write_text(text)
    with pytest.raises(GazeError, match=message) as error:
        search(tmp_path, run(tune="."))
    assert str(tmp_path / file) in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param({}, "n_readings is missing", id="empty"),
        pytest.param({"macro": {}}, "macro.certainty_above_0 is missing", id="macro"),
        pytest.param({"params": 3}, "params must have keys of its own", id="params"),
    ],
)
def test_labels_that_were_written_by_something_else(tmp_path, content, message):
    write_labels(tmp_path)
    (tmp_path / "evaluate_labels.json").write_text(json.dumps(content))
    with pytest.raises(GazeError, match=message) as error:
        labeler(tmp_path, run(evaluated_labels="."))
    assert "Run `gazescribe evaluate-labels` again." in str(error.value)


def test_settings_as_the_stages_wrote_them():
    content = {"params": {"lag_s": 1.5, "unit": "sentence"}, "n": 3}
    metrics = [
        Metrics("associate", "egd", content),
        Metrics("ingest", "egd", {"split_source": "seeded draw"}),
    ]
    assert settings(metrics).rows == [
        ["associate", "egd", "lag_s", "1.5"],
        ["associate", "egd", "unit", "sentence"],
        ["ingest", "egd", "splits", "seeded draw"],
    ]


def test_systems_without_logs_are_left_out(tmp_path):
    path = tmp_path / "mil/et-seed0/epochs.csv"
    path.parent.mkdir(parents=True)
    path.write_text("epoch,loss\n0,1.0\n1,0.5\n")
    (tmp_path / "cooperative").mkdir()
    found = training(tmp_path, run(models={"mil": "mil", "cooperative": "cooperative"}))
    assert [one.system for one in found] == ["mil"]


@pytest.mark.parametrize("stage", ["", "report"], ids=["by hand", "as a stage of DVC"])
def test_unfinished_runs_of_a_system_of_which_none_is_done(tmp_path, monkeypatch, stage):
    monkeypatch.delenv("DVC_STAGE", raising=False)
    if stage:
        monkeypatch.setenv("DVC_STAGE", stage)
    entry = tmp_path / ".runs" / "a"
    (entry / "resume").mkdir(parents=True)
    (entry / "resume" / "epochs.csv").write_text("epoch,loss\n0,1.0\n1,0.5\n")
    state = {"system": "mil", "run": {"name": "et-seed0", "epochs": 9}, "status": "stopped"}
    (entry / "state.json").write_text(json.dumps(state | {"epoch": 2}))
    found = training(tmp_path, run())
    # DVC would keep a page that says for ever what went on while it was written.
    expected = [] if stage else [{"et-seed0": "stopped, epoch 2 of 9"}]
    assert [system.notes for system in found] == expected
    assert [len(system.panels) for system in found] == [1] * len(expected)


def test_counts_that_are_no_numbers(tmp_path):
    write_labels(tmp_path)
    path = tmp_path / "labels.csv"
    rows = pd.read_csv(path, dtype=str)
    rows.loc[0, "tp"] = "many"
    rows.to_csv(path, index=False)
    with pytest.raises(GazeError, match=r"'many'\)\. Run `gazescribe evaluate-labels` again"):
        labeler(tmp_path, run(evaluated_labels="."))
