"""Files of each version 1 are read by this one, which has its commands and names, too."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import gazescribe as gs
from gazescribe.models.core.config import read_config
from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.tables import read_table
from tests.archive import promised
from tests.archive.write import NETWORKS, probabilities
from tests.running import gazescribe

ARCHIVES = sorted(path.parent for path in Path(__file__).parent.glob("*/promised.json"))
REFLACX = ("data/tables/reflacx", "data/associated/reflacx")


@pytest.fixture(params=ARCHIVES, ids=lambda path: path.name)
def archive(request) -> Path:
    return request.param


@pytest.fixture
def promises(archive) -> dict:
    return json.loads((archive / "promised.json").read_text())


def test_an_archive_is_there():
    assert ARCHIVES


def test_commands_have_the_options_they_had(promises):
    today = promised.commands()
    for name, words in promises["commands"].items():
        assert set(words) <= set(today[name]), name


def test_functions_take_what_they_took_in_the_same_order(promises):
    today = promised.python()
    for name, parameters in promises["python"].items():
        assert [word for word in today[name] if word in parameters] == parameters, name


def test_tables_are_read_whole(archive):
    for folder in [archive / "scanpaths", *sorted((archive / "data/tables").iterdir())]:
        for path in folder.glob("*.parquet"):
            before, today = pq.read_table(path), read_table(folder, path.stem)
            assert today.select(before.column_names).to_pydict() == before.to_pydict()


def test_the_run_is_opened_and_its_maps_are_those_of_its_shards(archive):
    run, shards = gs.open(archive), gs.open_shards(archive / "maps")
    index = gs.read_table(archive / "maps", "heatmaps")
    for number in (0, len(index) - 1):
        row = index.iloc[number]
        drawn = run.heatmap(
            reading_id=row.reading_id, label=row.label, size=(row.height, row.width)
        )
        np.testing.assert_allclose(drawn, shards[number], atol=1e-3)
    assert len(run.mentions) == pq.read_metadata(archive / "data/mentions/reflacx.parquet").num_rows


def test_stages_run_on_its_files_and_make_what_it_made(archive, tmp_path):
    tables, associated = (archive / name for name in REFLACX)
    how = ("--params", archive / "params.yaml", "--workers", 1)
    mentions = archive / "data/mentions/reflacx.parquet"
    gazescribe("associate", tables, mentions, tmp_path / "associated", *how)
    for name in ("windows", "gaussians"):
        same = [
            pq.read_table(folder / f"{name}.parquet")
            for folder in (associated, tmp_path / "associated")
        ]
        assert same[1].select(same[0].column_names).equals(same[0])
    gazescribe("heatmaps", tables, associated, tmp_path / "maps", "--size", 32, *how)
    maps = [gs.open_shards(folder) for folder in (archive / "maps", tmp_path / "maps")]
    np.testing.assert_allclose(maps[1][:], maps[0][:], atol=1e-3)
    gazescribe("export", tables, associated, tmp_path / "export", "--shards", archive / "maps")
    for before in (archive / "export").rglob("*.parquet"):
        after = tmp_path / "export" / before.relative_to(archive / "export")
        assert set(pq.read_schema(before).names) <= set(pq.read_schema(after).names)


def test_its_page_is_drawn(archive, tmp_path):
    gazescribe("report", archive, tmp_path / "page", "--readings", 1, "--workers", 1)
    assert (tmp_path / "page" / "index.html").is_file()


@pytest.mark.parametrize("system", NETWORKS)
def test_its_networks_say_what_they_said(archive, promises, system):
    assert probabilities(archive, system) == pytest.approx(
        promises["probabilities"][system], abs=1e-3
    )


@pytest.mark.parametrize("system", NETWORKS)
def test_its_configurations_are_read(archive, system):
    assert read_config(archive / f"data/configs/{system}.json").runs


def test_its_parameters_are_read(archive):
    load_params(archive / "params.yaml")


def test_its_reviews_are_applied(archive, tmp_path):
    reviews = ("--reviews", archive / "reviews", "--params", archive / "params.yaml")
    said = gazescribe("label", archive / REFLACX[0], tmp_path / "mentions.parquet", *reviews)
    assert "review" in said


def test_manifests_of_own_data_are_read(archive, tmp_path):
    said = gazescribe(
        "ingest", archive / "own/mylab.yaml", archive / "own/raw", tmp_path / "tables"
    )
    assert "4 readings" in said
