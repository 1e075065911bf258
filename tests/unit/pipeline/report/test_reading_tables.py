import pytest

from gazescribe.pipeline.dictation.label_maps import load_column_map, load_label_map
from gazescribe.pipeline.report.inspector import Look, inspect
from gazescribe.pipeline.report.reading_tables import as_tables
from tests.report_run import make_run
from tests.unit.pipeline.report.test_inspector import parts_of

LABELS = load_label_map()
LOOK = Look("mass", 3, LABELS, load_column_map("reflacx", LABELS.channels))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("run"))


def test_all_that_can_be_chosen_is_said_in_tables(folder):
    tables = as_tables(inspect(parts_of(folder, "R1"), LOOK, 1024))
    assert list(tables) == ["sentence", "word", "mention", "window", "fixation", "ellipse"]
    assert tables["sentence"].columns == ["no.", "from (s)", "to (s)", "text", "windows (s)"]
    assert tables["sentence"].rows[0][0] == "1"
    assert "0.00 to 1.00 (ok)" in tables["sentence"].rows[0][-1]
    assert tables["word"].rows[1] == ["1", "1.00", "1.50", "edema"]
    assert tables["mention"].rows[1][3:] == ["effusion", "pleural effusion", "negative"]
    assert tables["window"].rows[0] == ["0", "0.00", "1.00", "Edema, Opacity", "2", "ok"]
    assert tables["fixation"].rows[1] == ["1", "0.700", "0.880", "168.5", "244.2"]
    assert tables["ellipse"].rows == [["0", "Pulmonary edema"], ["1", "Fracture"]]


def test_what_is_absent_has_no_table(folder):
    assert list(as_tables(inspect(parts_of(folder, "R2"), LOOK, 1024))) == ["sentence", "word"]
