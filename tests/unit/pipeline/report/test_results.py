import json

import pandas as pd
import pytest

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.report.layout import RunLayout
from gazescribe.pipeline.report.results import networks, read_page, titled
from gazescribe.pipeline.report.section import SHARP_BYTES

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010800000000"
    "3a7e9b550000000a49444154789c6360000000020001e221bc33"
    "0000000049454e44ae426082"
)


def sections(folder, **results):
    run = RunLayout(schema_version=1, datasets={}, results=results)
    return {section.key: section for section in networks(folder, run)}


def test_a_page_of_tables_as_tabulate_writes_it():
    rows = pytest.importorskip("gazescribe.pipeline.results.rows")
    frame = pd.DataFrame({"label": ["Edema", "All"], "mean": [0.5, None]})
    tables = [
        rows.Table("table_6", "Table 6. IoU", frame, frame, ["A note.", "Another."]),
        rows.Table("noise", "Noise", frame, frame),
    ]
    lead, sheets = read_page(rows.page("Results", ["Intervals are three."], tables))
    assert lead == ["Intervals are three."]
    assert [sheet.title for sheet in sheets] == ["Table 6. IoU", "Noise"]
    assert sheets[0].columns == ["label", "mean"]
    assert sheets[0].rows == [["Edema", "0.5"], ["All", "–"]]
    assert [sheet.notes for sheet in sheets] == [["A note.", "Another."], []]


def test_results_as_they_lie_in_a_folder(tmp_path):
    (tmp_path / "tables.md").write_text("# R\n\n## T\n\n| a |\n| --- |\n| 1 |\n\nAll columns: x\n")
    (tmp_path / "tabulate.json").write_text(json.dumps({"figures": ["iou_by_label", "absent"]}))
    (tmp_path / "iou_by_label.png").write_bytes(PNG)
    (tmp_path / "other.png").write_bytes(PNG)
    section = sections(tmp_path, mil=".")["mil"]
    assert [sheet.title for sheet in section.sheets] == ["T"]
    (picture,) = section.pictures
    assert picture.title == "Iou by label"
    assert picture.data.startswith("data:image/png;base64,")
    assert not section.missing


def test_a_sharp_figure_is_preferred_where_it_is_small(tmp_path):
    for name, size in (("small", 10), ("large", SHARP_BYTES + 1)):
        (tmp_path / f"{name}.png").write_bytes(PNG)
        (tmp_path / f"{name}.svg").write_text("x" * size)
    pictures = {one.title: one.data for one in sections(tmp_path, mil=".")["mil"].pictures}
    assert pictures["Small"].startswith("data:image/svg+xml;base64,")
    assert pictures["Large"].startswith("data:image/png;base64,")


def test_without_a_page_the_tables_themselves_are_shown(tmp_path):
    (tmp_path / "table_1.csv").write_text("label,auroc\nEdema,0.81234\n")
    section = sections(tmp_path, cooperative=".")["cooperative"]
    (sheet,) = section.sheets
    assert (sheet.title, sheet.rows) == ("Table 1", [["Edema", "0.812"]])


def test_what_is_absent_says_how_to_make_it(tmp_path):
    found = sections(tmp_path)
    assert list(found) == ["mil", "cooperative"]
    assert found["mil"].missing == "No tables yet: gazescribe tabulate mil SCORES results/mil."


def test_a_figure_is_never_taken_from_another_folder(tmp_path):
    inner = tmp_path / "mil"
    inner.mkdir()
    (tmp_path / "secret.png").write_bytes(PNG)
    (inner / "tabulate.json").write_text(json.dumps({"figures": ["../secret.png", "../secret"]}))
    assert sections(tmp_path, mil="mil")["mil"].pictures == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("{", "this is not JSON", id="broken"),
        pytest.param("[]", "a JSON object was expected", id="list"),
        pytest.param('{"figures": 3}', "figures: Input should be a valid list", id="no list"),
    ],
)
def test_metrics_that_cannot_be_read(tmp_path, text, message):
    (tmp_path / "tabulate.json").write_text(text)
    with pytest.raises(GazeError, match=message):
        sections(tmp_path, mil=".")


def test_titles():
    assert titled("table_6-iou") == "Table 6 iou"
