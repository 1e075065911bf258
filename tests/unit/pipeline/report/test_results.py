import io
import json
import re

import pytest
from PIL import Image

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.files import JOURNAL
from gazescribe.pipeline.report.layout import RunLayout
from gazescribe.pipeline.report.results import networks, title_of
from gazescribe.pipeline.report.sheets import SHARP_BYTES
from tests.report_run import write_results_of

with io.BytesIO() as drawn:
    Image.new("L", (4, 3)).save(drawn, "PNG")
    PNG = drawn.getvalue()


def sections(folder, **results):
    run = RunLayout(schema_version=1, datasets={}, results=results)
    return {section.key: section for section in networks(folder, run)}


def test_tables_as_tabulate_writes_them(tmp_path):
    write_results_of(tmp_path)
    section = sections(tmp_path, mil=".")["mil"]
    assert section.lead == ["Intervals are three."]
    assert [sheet.title for sheet in section.sheets] == ["Table 6. IoU", "Noise"]
    first, second = section.sheets
    assert first.columns == ["label", "n seeds", "mean", "t over seeds", "published"]
    assert first.numeric == [False, True, True, True, True]
    assert first.rows == [
        ["Edema | mild", "3", "0.500", "–", "0.4"],
        ["All", "3", "–", "–", "0.6 †"],
    ]
    assert (first.n_more, first.notes, second.notes) == (0, ["A note.", "Another."], [])
    assert not section.missing


def test_markdown_of_older_versions_is_taken_out(tmp_path):
    write_results_of(tmp_path)
    path = tmp_path / "tables.json"
    text = path.read_text()
    for bold in ("A note.", "Edema | mild", "Table 6. IoU", "Intervals are three.", "n_seeds"):
        assert bold in text
        text = text.replace(bold, f"**{bold}**")
    path.write_text(text.replace('"0.500"', '"**0.500**"'))
    section = sections(tmp_path, mil=".")["mil"]
    assert "**" not in repr(section)
    assert section.sheets[0].numeric == [False, True, True, True, True]


def test_tables_that_a_killed_run_did_not_move_are_moved_first(tmp_path):
    """The journal lies in the folder, the new file still beside it."""
    results, staging = tmp_path / "mil", tmp_path / ".mil.partial"
    write_results_of(results)
    new = (results / "tables.json").read_text().replace("Noise", "Noise, anew")
    (staging / ".old").mkdir(parents=True)
    (staging / "tables.json").write_text(new)
    journal = {"inside": False, "mark": None, "old": [], "new": ["tables.json"]}
    (results / JOURNAL).write_text(json.dumps(journal))
    section = sections(tmp_path, mil="mil")["mil"]
    assert [sheet.title for sheet in section.sheets] == ["Table 6. IoU", "Noise, anew"]
    assert not (results / JOURNAL).exists()


def test_figures_are_those_that_tabulate_names(tmp_path):
    write_results_of(tmp_path)
    (tmp_path / "other.png").write_bytes(PNG)
    pictures = sections(tmp_path, mil=".")["mil"].pictures
    assert [picture.title for picture in pictures] == ["Iou by label", "Curves"]
    assert pictures[0].caption == "Of 3 images."
    assert pictures[1].caption.keys == ("/figures/1/caption",)
    assert pictures[0].data.startswith("data:image/svg+xml;base64,")


@pytest.mark.parametrize("name", ["curves.svg", "curves.png"])
def test_a_figure_that_tabulate_names_must_be_there(tmp_path, name):
    write_results_of(tmp_path)
    (tmp_path / name).unlink()
    message = f"{name}: there is no such file. Run `gazescribe tabulate` again."
    with pytest.raises(GazeError, match=re.escape(message)):
        sections(tmp_path, mil=".")


def test_results_of_an_older_version_are_to_be_made_again(tmp_path):
    for name in ("mil", "mil-runs"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tables.md").write_text("# R\n")
        (tmp_path / name / "tabulate.json").write_text("{}")
        (tmp_path / name / "noise.csv").write_text("x\n1\n")
    older = sections(tmp_path, **{"mil": "mil", "mil-runs": "mil-runs"})
    assert older["mil"].missing == (
        "An older version wrote mil, without tables.json. Make its tables again: "
        "gazescribe tabulate mil SCORES mil."
    )
    assert "gazescribe tabulate NETWORK SCORES mil-runs." in older["mil-runs"].missing
    assert older["mil"].sheets == []


def test_a_sharp_figure_is_preferred_where_it_is_small(tmp_path):
    for name, size in (("small", 10), ("large", SHARP_BYTES + 1), ("larger", 2 * SHARP_BYTES)):
        more = bytes(SHARP_BYTES) if name == "larger" else b""
        (tmp_path / f"{name}.png").write_bytes(PNG + more)
        (tmp_path / f"{name}.svg").write_text("<svg/>" + " " * size)
    pictures = {one.title: one.data for one in sections(tmp_path, mil=".")["mil"].pictures}
    assert pictures["Small"].startswith("data:image/svg+xml;base64,")
    assert pictures["Large"].startswith("data:image/png;base64,")
    assert pictures["Larger"].startswith("data:image/png;base64,")  # both are large


def test_of_a_network_of_ones_own_the_tables_themselves_are_shown(tmp_path):
    (tmp_path / "table_1.csv").write_text("label,auroc\nEdema,0.81234\n")
    section = sections(tmp_path, cooperative=".")["cooperative"]
    (sheet,) = section.sheets
    assert (sheet.title, sheet.rows) == ("Table 1", [["Edema", "0.812"]])


def test_what_is_absent_says_how_to_make_it(tmp_path):
    found = sections(tmp_path)
    assert list(found) == ["mil", "cooperative"]
    assert found["mil"].missing == "No tables yet: gazescribe tabulate mil SCORES results/mil."


@pytest.mark.parametrize("name", ["../secret", "sub/../../secret", "", "{}/secret"])
def test_a_figure_is_never_taken_from_another_folder(tmp_path, name):
    inner = tmp_path / "mil"
    (inner / "sub").mkdir(parents=True)
    (tmp_path / "secret.png").write_bytes(PNG)
    figures = [{"name": name.format(tmp_path)}]
    content = {"schema_version": 1, "notes": [], "tables": [], "figures": figures}
    (inner / "tables.json").write_text(json.dumps(content))
    assert sections(tmp_path, mil="mil")["mil"].pictures == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("{", "this is not JSON", id="broken"),
        pytest.param("[]", "a JSON object was expected", id="list"),
        pytest.param('{"figures": 3}', "figures: Input should be a valid list", id="no list"),
        pytest.param('{"schema_version": 2}', "schema_version: Input should be 1", id="later"),
        pytest.param(
            json.dumps({"tables": [{"shown": {"columns": [], "rows": [["a"]]}}]}),
            "a row must have as many cells as there are columns",
            id="row too long",
        ),
    ],
)
def test_tables_that_cannot_be_read(tmp_path, content, message):
    (tmp_path / "tables.json").write_text(content)
    with pytest.raises(GazeError, match=message) as error:
        sections(tmp_path, mil=".")
    assert error.value.remedy == "Run `gazescribe tabulate` again."


def test_titles():
    assert title_of("table_6-iou") == "Table 6 iou"


def test_headlines_are_rows_of_the_papers_tables(tmp_path):
    names = ("metric", "model", "mean", "over subjects", "published")
    rows = [
        ["auroc", "ellipse", "0.551", "[0.403, 0.685]", "0.765"],
        ["auroc", "et", "0.509", "[0.426, 0.591]", "0.765 †"],
        ["iou", "et", "0.192", "–", "–"],
    ]
    shown = {"columns": [{"heading": name, "type": "text"} for name in names], "rows": rows}
    table = {"name": "table_5_averages", "title": "T", "notes": [], "shown": shown}
    content = {"schema_version": 1, "notes": [], "tables": [table], "figures": []}
    (tmp_path / "tables.json").write_text(json.dumps(content))
    first, second = sections(tmp_path, mil=".")["mil"].headlines
    assert first.value.striptags() == "0.509 [0.426, 0.591]"
    assert 'data-key="/tables/0/shown/rows/1/2"' in first.value
    assert (first.published, second.value, second.published) == ("0.765 †", "0.192", "")
