"""`--include-annotations`: what readers noted, in every form, without a word of the dictation."""

import pandas as pd
import pyarrow.parquet as pq
import pytest

from gazescribe.pipeline.core.tables import write_table
from gazescribe.pipeline.export.ids import HEADER, hash_id
from tests.running import gazescribe, invoke
from tests.synthetic import mention, table

from .conftest import IDS, SAID, Inputs, make_inputs

FORMS = ("parquet", "npy", "npz", "webdataset", "hf", "zarr", "coco", "bids")
KEY = "0123456789abcdef0123456789abcdef"
ELLIPSE = {"xmin_px": 1.0, "ymin_px": 2.0, "xmax_px": 30.0, "ymax_px": 40.0, "certainty": 4}
ELLIPSES = [{"reading_id": IDS[0], "ellipse": 0, "label": "Pleural effusion", **ELLIPSE}]
CERTAINTIES = [{"reading_id": IDS[1], "label": "Pneumothorax", "certainty": 0}]
ATTRIBUTES = [
    {"reading_id": IDS[0], "name": "Reader", "value": "Dr Nobody"},
    {"reading_id": IDS[0], "name": "note", "value": SAID},
]


@pytest.fixture(scope="module")
def noted(tmp_path_factory) -> Inputs:
    """Inputs with ellipses, certainties, and a denied mention beside the others."""
    made = make_inputs(tmp_path_factory.mktemp("noted"))
    notes = {"ellipses": ELLIPSES, "certainties": CERTAINTIES, "attributes": ATTRIBUTES}
    for name, rows in notes.items():
        write_table(table(rows, name), made.tables, name)
    start = mention(SAID, "pneumothorax")["char_start"]
    with (made.folder / "mentions.csv").open("a") as file:
        file.write(f"{IDS[1]},{start},{start + 12},pneumothorax,negative\n")
    return made


def export(noted, out, form, *options):
    maps = () if form == "bids" else ("--shards", noted.label)
    mentions = ("--include-annotations", noted.folder / "mentions.csv")
    noted.export(out, form, *maps, *mentions, *options)
    return out


def read(folder, form, name):
    if form == "hf":
        return pd.concat(map(pd.read_parquet, sorted((folder / name).glob("*.parquet"))))
    if form == "parquet":
        return pd.read_parquet(folder / f"{name}.parquet")
    return pd.read_csv(folder / f"{name}.csv")


@pytest.mark.parametrize("form", FORMS)
def test_every_form_has_what_readers_noted(noted, tmp_path, form):
    folder = export(noted, tmp_path / "out", form)
    mentions = read(folder, form, "mentions")
    assert len(mentions) == 5
    assert not {"text", "concept", "trigger", "report_id"} & set(mentions)
    (denied,) = mentions[mentions.polarity == "negative"].to_dict("records")
    assert (denied["reading_id"], denied["label"]) == (IDS[1], "pneumothorax")
    assert SAID[denied["char_start"] : denied["char_end"]] == "pneumothorax"
    assert len(read(folder, form, "fixations")) == 50
    assert read(folder, form, "ellipses").to_dict("records") == ELLIPSES
    assert read(folder, form, "certainties").to_dict("records") == CERTAINTIES
    assert read(folder, form, "attributes").to_dict("records") == ATTRIBUTES[:1]
    columns = pd.read_csv(folder / "columns.csv")
    assert {"mentions", "ellipses", "certainties", "fixations"} <= set(columns.table)
    assert columns.unit.notna().all()


def test_ids_and_readers_are_replaced(noted, tmp_path):
    key = tmp_path / "key.txt"
    key.write_text(f"{HEADER}\n{KEY}\n")
    folder = export(noted, tmp_path / "out", "parquet", "--hash-ids", key)
    reading_ids = {hash_id("reading", one, KEY.encode()) for one in IDS[:2]}
    assert set(read(folder, "parquet", "mentions").reading_id) == reading_ids
    (value,) = read(folder, "parquet", "attributes").value
    assert value == hash_id("reader", "Dr Nobody", KEY.encode())


def test_words_come_where_text_is_asked_for(noted, tmp_path):
    folder = export(noted, tmp_path / "out", "parquet", "--include-text")
    mentions = pq.read_table(folder / "mentions.parquet")
    assert "left effusion" in mentions["text"].to_pylist()


def test_mentions_of_other_readings_are_refused(noted, tmp_path):
    other = tmp_path / "mentions.csv"
    other.write_text("report_id,char_start,char_end,label,polarity\nR9,0,3,pneumothorax,positive\n")
    arguments = (noted.tables, noted.associated, tmp_path / "out", "--include-annotations", other)
    result = invoke("export", *arguments)
    assert result.exit_code == 2
    assert "no reading 'R9' with a text" in result.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("form", ["parquet", "hf", "coco"])
def test_scan_paths_are_a_table_when_asked_for(noted, tmp_path, form):
    paths, key = tmp_path / "paths", tmp_path / "key"
    key.write_text(f"{HEADER}\n{KEY}\n")
    gazescribe("scanpaths", noted.tables, noted.associated, paths, "--workers", 1)
    included = ("--include-scanpaths", paths, "--hash-ids", key)
    folder = export(noted, tmp_path / "out", form, *included)
    found = read(folder, form, "scanpaths")
    assert set(found.reading_id) == {hash_id("reading", one, KEY.encode()) for one in IDS[:2]}
    assert len(found[found.label.isna() | (found.label == "")]) == 50
    assert {"place", "duration_s", "x_px", "subject_id"} <= set(found)
