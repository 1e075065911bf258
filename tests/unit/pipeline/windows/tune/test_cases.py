import pytest

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.dictation.label_maps import load_label_map
from gazescribe.pipeline.windows.tune.cases import choose_readings, gather
from tests.synthetic import fixation, mention, reading, table, write_tables

TEXT = "edema is here. the fracture of a rib is old."
PARAMS = load_params()
TRAIN = {"phase": 1, "split": "train"}


def ellipse(reading_id="R1", label="Pulmonary edema", **columns):
    box = {"xmin_px": 10, "ymin_px": 10, "xmax_px": 50, "ymax_px": 60}
    common = {"reading_id": reading_id, "ellipse": 0, "label": label, "certainty": 3}
    return common | box | columns


def gathered(tmp_path, readings, mentions, ellipses):
    fixations = [
        fixation(number, number, number + 0.8, reading_id=row["reading_id"])
        for row in readings
        for number in range(10)
    ]
    tables = write_tables(
        tmp_path / "tables", readings=readings, fixations=fixations, ellipses=ellipses
    )
    spoken = tmp_path / "mentions.parquet"
    table(mentions, "mentions").to_pandas().to_parquet(spoken)
    return gather(tables, spoken, PARAMS, load_label_map())


def test_readings_left_out_are_counted_by_reason():
    rows = [
        reading("R1", **TRAIN),
        reading("R2", phase=2, split="train"),
        reading("R3", phase=3, split="train"),
        reading("R4", phase=1, split="test"),
        reading("R5", phase=1, split="validate"),
        reading("R6", **TRAIN, has_gaze=False),
        reading("R7", **TRAIN, width_px=None),
    ]
    chosen, left_out = choose_readings(table(rows, "readings"), [1, 2])
    assert chosen == ["R1", "R2"]
    assert left_out == {
        "other phase": 1,
        "split test": 1,
        "split validate": 1,
        "no gaze": 1,
        "no image size": 1,
    }


def test_cases(tmp_path):
    """Two readers: one mentions what she drew, the other drew a fracture and said nothing of it."""
    readings = [reading("R1", TEXT, **TRAIN), reading("R2", TEXT, **TRAIN)]
    mentions = [
        mention(TEXT, "edema", "pulmonary edema"),
        mention(TEXT, "fracture", "acute fracture & fracture", sentence=1),
        mention(TEXT, "edema", "pulmonary edema", report_id="R2"),
    ]
    ellipses = [
        ellipse(),
        ellipse(ellipse=1, certainty=2),
        ellipse("R2", "Fracture"),
        ellipse("R2", "Support devices", ellipse=1),
    ]
    (one, other), counts = gathered(tmp_path, readings, mentions, ellipses)
    assert one.boxes == {"Edema": [(10, 10, 50, 60)], "Opacity": [(10, 10, 50, 60)]}
    assert [(spoken.sentence, spoken.labels) for spoken in one.spoken] == [
        (0, ("Edema", "Opacity")),
        (1, ("Fracture",)),
    ]
    # word k is said from second k to k + 0.5; "edema" is word 0, "fracture" word 5
    assert [(spoken.first_s, spoken.last_s) for spoken in one.spoken] == [(0, 0), (5, 5)]
    assert one.report_s == 11.5
    assert one.image_size == (80, 100)
    assert one.gaussians["onset_s"].tolist() == list(range(10))
    assert other.boxes.keys() == {"Fracture"}
    assert counts == {
        "n_readings": 2,
        "n_subjects": 1,
        "n_images": 2,
        "n_drawn_and_not_mentioned": {"Fracture": 1},
        "readings_left_out": {"no ellipse of a label": 0},
        "ellipses_left_out": {"certainty below 3": 1, "label without channel": 1},
    }


def test_a_reading_without_fixations_is_a_case(tmp_path):
    """Its gaze was not discarded; its maps are empty and score 0."""
    tables = write_tables(
        tmp_path / "tables", readings=[reading("R1", TEXT, **TRAIN)], ellipses=[ellipse()]
    )
    spoken = tmp_path / "mentions.csv"
    spoken.write_text("report_id,char_start,char_end,label,polarity\nR1,0,5,Edema,positive\n")
    (one,), _ = gather(tables, spoken, PARAMS, load_label_map())
    assert len(one.gaussians["onset_s"]) == 0
    assert len(one.spoken) == 1


def test_no_case(tmp_path):
    readings = [reading("R1", TEXT, phase=3, split="train"), reading("R2", TEXT, **TRAIN)]
    with pytest.raises(GazeError, match=r"no training reading of phases \[1, 2\]") as raised:
        gathered(tmp_path, readings, [], [ellipse()])
    assert raised.value.faults == ("other phase: 1", "no ellipse of a label: 1")


def test_readings_without_words_are_left_out(tmp_path):
    readings = [reading("R1", TEXT, **TRAIN), reading("R2", **TRAIN)]
    mentions = [mention(TEXT, "edema", "pulmonary edema")]
    ellipses = [ellipse(), ellipse("R2")]
    cases, counts = gathered(tmp_path, readings, mentions, ellipses)
    assert [case.reading_id for case in cases] == ["R1"]
    assert counts["readings_left_out"] == {"no ellipse of a label": 0, "no timed words": 1}


@pytest.mark.parametrize(
    ("text", "file", "lacking"),
    [
        pytest.param(None, "tables", "has words with times", id="words"),
        pytest.param(TEXT, "mentions", "opens a window by a mention", id="mentions"),
    ],
)
def test_what_windows_are_compared_by_is_lacking(tmp_path, text, file, lacking):
    message = f"{file}.*: none of 1 readings with gaze and an ellipse {lacking}"
    with pytest.raises(GazeError, match=message):
        gathered(tmp_path, [reading("R1", text, **TRAIN)], [], [ellipse()])


def test_tables_without_ellipses_are_said_to_be_so(tmp_path):
    tables = write_tables(tmp_path / "tables", readings=[reading("R1", dataset="egd")])
    (tables / "ellipses.parquet").unlink(missing_ok=True)
    (tmp_path / "m.csv").write_text("report_id,char_start,char_end,label,polarity\n")
    with pytest.raises(GazeError, match="egd has no ellipses, by which windows are compared"):
        gather(tables, tmp_path / "m.csv", PARAMS, load_label_map())
