"""The spine under DVC, in a copy of the project, on a small synthetic data set."""

import json
import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageOps

from tests.conftest import ROOT
from tests.report_numbers import check_numbers
from tests.reviews import about, of_reading, write_review
from tests.running import gazescribe

COPIED = (
    *("pipeline", "models", "rules", "data_manifests", "params", "reviews"),
    *("params.yaml", "dvc.yaml", ".dvc/config"),
)
READINGS = 14
OVERLAYS = 1  # a second each
KINDS = ("label", "saliency")
INDEX = "data/heatmaps/*/index.parquet"
SPINE = (
    *("evaluate-labels", "tune", "overlay", "ellipses"),
    *(f"heatmaps@{name}-{kind}" for name in ("reflacx", "egd") for kind in KINDS),
)
"""The networks need more readings, and minutes: tests of their own train them."""


def git(folder, *words):
    subprocess.run(("git", *words), cwd=folder, check=True, capture_output=True)


def stages_run(printed):
    return {line.split("'")[1] for line in printed.splitlines() if line.startswith("Running stage")}


def copy_project(folder):
    """Copy the project to a folder, with a small demo; give the place of its parameters."""
    for name in COPIED:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    (folder / ".gitignore").write_text("/data/\n/results/\n__pycache__/\n")
    params = folder / "params.yaml"
    text = params.read_text()
    assert "readings: 60 " in text
    params.write_text(text.replace("readings: 60 ", f"readings: {READINGS} "))
    stages = folder / "dvc.yaml"
    text = stages.read_text()
    for command, less in (
        ("demo data/demo\n", "demo data/demo --images small\n"),
        (" results/overlays\n", f" results/overlays --count {OVERLAYS}\n"),
    ):
        assert command in text
        text = text.replace(command, less)
    stages.write_text(text)
    return params


@pytest.fixture(scope="module")
def project(server, tmp_path_factory):
    """A copy of the project, committed, with everything built once."""
    folder = tmp_path_factory.mktemp("project")
    copy_project(folder)
    for words in ("init -q", "add -A", "commit -qm copy"):
        git(folder, *words.split())
    server.run(folder, "repro", *SPINE)
    return folder


def test_every_stage_left_what_it_promises(project):
    tables = project / "data" / "tables"
    for dataset in ("reflacx", "egd"):
        readings = pd.read_parquet(tables / dataset / "readings.parquet")
        assert len(readings) >= 12
        mentions = pd.read_parquet(project / "data" / "mentions" / f"{dataset}.parquet")
        texts = readings.set_index("reading_id").text
        assert len(mentions) > 20
        for row in mentions.itertuples():
            assert texts[row.report_id][row.char_start : row.char_end] == row.text
        windows = pd.read_parquet(project / "data" / "associated" / dataset / "windows.parquet")
        assert (windows.status == "ok").any()
        for kind in ("label", "saliency"):
            folder = project / "data" / "heatmaps" / f"{dataset}-{kind}"
            index = pd.read_parquet(folder / "index.parquet")
            maps = np.load(folder / "heatmaps-00000.npy", mmap_mode="r")
            assert maps.dtype == np.float16
            assert len(index) == len(maps) > 0
            assert np.isfinite(maps).all()
            assert maps.max(axis=(1, 2)).min() > 0.9
    assert len(list((project / "results" / "overlays").glob("*.png"))) == OVERLAYS


@pytest.fixture(scope="module")
def page(project, tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    gazescribe("report", project, out, "--readings", 2, "--workers", 1)
    return out / "index.html"


def test_every_number_of_the_page_is_that_of_its_file(project, page):
    files = set(check_numbers(project, page))
    written = project.glob("data/*/*/*.json")
    named = {str(path.relative_to(project)) for path in written if not path.name.startswith(".")}
    assert named - files == {"data/evaluated/labels/headline.json"}  # of numbers in the other
    assert files >= {"results/tune/tune.json", "data/evaluated/labels/labels.csv"}


def test_counts_of_readings_lead_to_as_many(browser, page):
    opened = browser.new_page()
    opened.goto(page.as_uri())
    links = opened.locator("a[href^='#readings?']").evaluate_all(
        "all => all.map((one) => [one.getAttribute('href'), one.textContent])"
    )
    assert len(links) > 20
    for address, count in links:
        opened.evaluate(f"location.hash = {address!r}")
        opened.get_by_text(re.compile(f"^{count} of [0-9]+ readings$")).wait_for()
    opened.close()


def test_maps_point_at_the_lesions(project):
    """The demo's gaze goes to its lesions: maps are brighter inside the ellipse than outside."""
    labels = project / "data" / "heatmaps" / "reflacx-label"
    masks = project / "data" / "heatmaps" / "reflacx-ellipse"
    keys = ["reading_id", "label"]
    index = pd.read_parquet(labels / "index.parquet").reset_index()
    index = index.merge(pd.read_parquet(masks / "index.parquet").reset_index(), on=keys)
    assert len(index) > 10
    maps, ellipses = (np.load(folder / "heatmaps-00000.npy") for folder in (labels, masks))
    inside, outside = [], []
    for row in index.itertuples():
        heatmap, mask = maps[row.index_x].astype(float), ellipses[row.index_y] > 0
        inside.append(heatmap[mask].mean())
        outside.append(heatmap[~mask].mean())
    assert np.median(inside) > 5 * np.median(outside)


def test_results_name_where_their_splits_come_from(project):
    for path in (
        "tables/reflacx/ingest",
        "associated/egd/associate",
        "heatmaps/egd-label/heatmaps",
    ):
        summary = json.loads((project / "data" / f"{path}.json").read_text())
        assert "seeded draw" in summary["split_source"], path


def test_second_repro_runs_only_sources(project, server):
    ran = stages_run(server.run(project, "repro", *SPINE))
    assert ran == {"sources@reflacx", "sources@egd"}


def test_a_review_corrects_its_data_set_and_no_other(project, server):
    targets = ("associate@reflacx", "associate@egd")

    def outs(name):
        paths = (f"mentions/{name}.parquet", f"associated/{name}/windows.parquet")
        return [(project / "data" / path).read_bytes() for path in paths]

    before = {name: outs(name) for name in ("reflacx", "egd")}
    mentions = pd.read_parquet(project / "data/mentions/reflacx.parquet")
    first = mentions[mentions.polarity == "positive"].iloc[0]
    readings = pd.read_parquet(project / "data/tables/reflacx/readings.parquet")
    text = readings.set_index("reading_id").text[first.report_id]
    found = {"char_start": int(first.char_start), "char_end": int(first.char_end)}
    found |= {"label": first.label, "polarity": "positive"}
    denied = about(found, {**found, "polarity": "negative"})
    file = project / "reviews" / "somebody" / "review.json"
    write_review(file, of_reading(text, [denied], reading_id=first.report_id))
    ran = stages_run(server.run(project, "repro", *targets))
    stages = ("sources", "label", "associate")
    assert ran == {f"{stage}@{name}" for stage in stages for name in before}
    assert outs("egd") == before["egd"]
    after = pd.read_parquet(project / "data/mentions/reflacx.parquet")
    assert (after.polarity != mentions.polarity).sum() == 1
    summary = json.loads((project / "data/associated/reflacx/associate.json").read_text())
    assert summary["reviews"]["n_reviewers"] == 1
    shutil.rmtree(file.parent)
    server.run(project, "repro", *targets)
    assert outs("reflacx") == before["reflacx"]


def test_another_lag_runs_association_and_what_it_draws(project, server):
    before = pd.read_parquet(project / "data/associated/reflacx/windows.parquet").start_s.sum()
    ran = stages_run(server.run(project, "exp", "run", *SPINE, "-S", "associate.lag_s=2.5"))
    assert {stage.split("@")[0] for stage in ran} == {
        "sources",
        "associate",
        "heatmaps",
        "overlay",
    }
    after = pd.read_parquet(project / "data/associated/reflacx/windows.parquet").start_s.sum()
    assert after < before


def test_data_sets_of_ones_own_are_named_in_the_parameters(server, tmp_path):
    """The committed example: with dictation, of gaze alone, of samples alone, and no other.

    Plain `dvc repro` does them all, and no stage of the papers, whose data sets are not there.
    """
    labs, names = ROOT / "examples" / "three-labs", ("spoken", "silent", "sampled")
    params = copy_project(tmp_path)
    text = params.read_text()
    for key, default, value in (
        ("datasets", "[reflacx, egd]", "[spoken, silent]"),
        ("samples_alone", "[]", "[sampled]"),
        ("radiographs", "[]", "[sampled]"),
        ("stages_of", "[papers]", "[]"),
        ("pages_of", "[]", "[lists]"),
    ):
        assert f"\n{key}: {default} " in text
        text = text.replace(f"\n{key}: {default} ", f"\n{key}: {value} ")
    params.write_text(text)
    for name in names:
        shutil.copy(labs / "data_manifests" / f"{name}.yaml", tmp_path / "data_manifests")
    git(tmp_path, "init", "-q")
    recordings = shutil.copytree(labs / "recordings", tmp_path / "recordings")
    place = {"GAZE_DATA_ROOT": str(recordings)}
    ran = stages_run(server.run(tmp_path, "repro", environment=place))
    of_each = ("sources", "ingest", "label", "associate")
    every = {f"{stage}@{name}" for stage in of_each for name in ("spoken", "silent")}
    every |= {f"{stage}-samples@sampled" for stage in of_each}
    every |= {f"heatmaps@{name}-{kind}" for name in ("spoken", "silent") for kind in KINDS}
    every |= {f"heatmaps-samples@sampled-{kind}" for kind in KINDS}
    every |= {"configure-mil", "configure-cooperative"}  # which runs/dvc.yaml needs
    assert ran == {"demo", "fixations@sampled", "images@sampled", "pages@lists", *every}
    maps = {path.parent.name: len(pd.read_parquet(path)) for path in tmp_path.glob(INDEX)}
    assert maps == {
        "sampled-label": 0,
        "sampled-saliency": 2,
        "silent-label": 0,
        "silent-saliency": 2,
        "spoken-label": 2,
        "spoken-saliency": 2,
    }
    assert len(pd.read_parquet(tmp_path / "data/tables/sampled/fixations.parquet")) == 6
    assert len(pd.read_parquet(tmp_path / "data/images/sampled/index.parquet")) == 2
    page = (tmp_path / "results" / "pages" / "index.html").read_text()
    assert all(f"readings/{name}.html" in page for name in ("A1", "A2", "G1", "G2", "S1", "S2"))
    again = stages_run(server.run(tmp_path, "repro", environment=place))
    always = {"sources@spoken", "sources@silent", "sources-samples@sampled"}
    assert again == always
    images = tmp_path / "data" / "images" / "sampled" / "images-00000.npy"
    before = np.load(images)
    radiograph = recordings / "sampled" / "images" / "S2.png"
    ImageOps.invert(Image.open(radiograph)).save(radiograph)
    replaced = stages_run(server.run(tmp_path, "repro", environment=place))
    of_sources = {"ingest-samples@sampled", "images@sampled", "pages@lists"}
    assert replaced == always | of_sources  # tables are as before: nothing else follows
    after = np.load(images)
    assert np.array_equal(after[0], before[0])
    assert not np.array_equal(after[1], before[1])
