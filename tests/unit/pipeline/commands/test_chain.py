"""All stages in one run: the same bytes as one by one, and nothing done twice."""

import os
import shutil

import pytest
from PIL import Image

import gazescribe as gs
from gazescribe.pipeline.dictation import run as labelling
from tests.conftest import ROOT
from tests.reviews import about, of_reading, said, write_review
from tests.running import gazescribe, invoke
from tests.unit.pipeline.ingest.by_manifest.lab import Lab

STAGES = ("verify", "ingest", "label", "associate", "heatmaps of label", "heatmaps of saliency")


@pytest.fixture
def lab(tmp_path, monkeypatch):
    """Two readings with gaze and words, of which one has its radiograph; small maps."""
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "params.yaml").read_text()
    assert "  size: 512               # model pixels: N for a square, or HxW; 512 in Lan" in text
    (tmp_path / "params.yaml").write_text(text.replace("  size: 512 ", "  size: 16 "))
    lab = Lab(tmp_path)
    lab.tables["readings"]["columns"]["image_path"] = "image"
    lab.files["readings.csv"] = "id,who,w,h,image\nA1,7,100,80,a.png\nB2,8,100,80,b.png\n"
    lab.write()
    Image.new("L", (100, 80), 90).save(tmp_path / "raw" / "a.png")
    return lab


def run(*more):
    """Run the command; give its summary and the stages that it did."""
    result = invoke("maps", "mylab.yaml", "raw", "out", "--workers", 1, *more)
    assert result.exit_code == 0, result.output
    said = result.stderr.split("\n")[:-1]
    return result.stdout, [line for line in said if not line.endswith("(done before)")]


def content(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    files = [path for path in files if path.name != ".maps.json"]  # it has times of change
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def one_by_one(out):
    one = ("--workers", 1)
    tables, mentions, associated = (
        out / "tables" / "mylab",
        out / "mentions" / "mylab.parquet",
        out / "associated" / "mylab",
    )
    gazescribe("ingest", "mylab.yaml", "raw", tables, *one)
    gazescribe("label", tables, mentions, *one)
    gazescribe("associate", tables, mentions, associated, *one)
    for kind in ("label", "saliency"):
        maps = out / "heatmaps" / f"mylab-{kind}"
        gazescribe("heatmaps", tables, associated, maps, "--kind", kind, *one)
    (out / "verify.json").write_text(invoke("verify", "mylab.yaml", "raw", "--json", *one).stdout)
    shutil.copy("out/run.json", out)
    gazescribe("report", out, out / "report", "--images", "raw", *one)


def test_the_same_bytes_as_the_stages_one_by_one(lab, tmp_path):
    run()
    one_by_one(tmp_path / "steps")
    assert content(tmp_path / "steps") == content(tmp_path / "out")
    assert len(content(tmp_path / "out")) > 25


def test_a_second_run_does_nothing_and_a_changed_one_what_depends_on_it(lab, tmp_path):
    first, ran = run()
    assert ran == [*STAGES, "report"]
    before = content(tmp_path / "out")
    assert run() == (first, [])
    assert content(tmp_path / "out") == before

    params = tmp_path / "params.yaml"
    params.write_text(params.read_text().replace("lag_s: 1.5   ", "lag_s: 0.5   "))
    assert run()[1] == [*STAGES[3:], "report"]
    os.utime(tmp_path / "raw" / "a.png", ns=(0, 0))
    assert run()[1] == ["report"]
    (tmp_path / "raw" / "notes.txt").write_text("no file of the manifest")
    assert run()[1] == []
    (tmp_path / "raw" / "words.csv").write_text("id,word,from,to\nA1,effusion.,1,2\n")
    assert run()[1] == [*STAGES, "report"]
    shutil.rmtree(tmp_path / "out" / "heatmaps" / "mylab-label")
    assert run()[1] == ["heatmaps of label"]


def test_rules_of_ones_own_are_heeded_by_all_that_depends_on_them(lab, tmp_path):
    rules = tmp_path / "mine"
    shutil.copytree(ROOT / "rules", rules)
    (rules / "columns.yaml").unlink()
    labels = rules / "labels.yaml"
    labels.write_text(labels.read_text().replace("Pleural abnormality", "Water"))
    later = [*STAGES[2:], "rules", "report"]
    run()
    assert run("--rules", "mine")[1] == later
    assert run("--rules", "mine")[1] == []
    out = gs.open(tmp_path / "out")
    assert {*out.windows["labels"].explode().dropna()} == {"Cardiomegaly", "Water"}
    assert out.heatmap(reading_id="A1", label="Water").max() == pytest.approx(1)
    assert "pleural effusion" in out.mentions["label"].tolist()
    assert "Water" in (tmp_path / "out" / "report" / "readings" / "A1.html").read_text()
    labels.write_text(labels.read_text() + "\n# of no meaning\n")
    assert run("--rules", "mine")[1] == later
    assert run()[1] == [*STAGES[2:], "report"]
    assert not (tmp_path / "out" / "own-rules").exists()


def test_reviews_are_heeded_by_all_that_depends_on_them(lab, tmp_path):
    run()
    text = "small effusion."
    denied = said(text, "effusion", "pleural effusion", "negative")
    answer = about(denied | {"polarity": "positive"}, denied)
    shown = of_reading(text, [answer], reading_id="A1", dataset="mylab")
    write_review(tmp_path / "reviews/a.json", shown)
    printed, ran = run("--reviews", "reviews")
    assert ran == [*STAGES[2:], "report"]
    assert "label; reviews of 1 reader: 1 polarity (left out: none)" in printed
    assert run("--reviews", "reviews")[1] == []
    mentions = gs.open(tmp_path / "out").mentions.set_index("label")
    assert mentions.loc["pleural effusion", "rule_id"] == "review.polarity"
    write_review(tmp_path / "reviews/a.json", of_reading(text, reading_id="A1"))
    assert run("--reviews", "reviews")[1] == [*STAGES[2:], "report"]


def test_a_run_that_was_killed_goes_on(lab, tmp_path, monkeypatch):
    run("--json")
    whole = content(tmp_path / "out")
    shutil.rmtree(tmp_path / "out")
    with monkeypatch.context() as patch:
        patch.setattr(labelling, "writing", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        assert invoke("maps", "mylab.yaml", "raw", "out", "--workers", 1).exit_code == 130
    assert run()[1] == [*STAGES[2:], "report"]
    assert content(tmp_path / "out") == whole


def test_without_words_there_are_saliency_maps_and_no_other(lab, tmp_path):
    run()
    del lab.tables["words"]
    lab.write()
    said, ran = run()
    assert "\n2 saliency maps; no dictation, so no maps of labels → out/heatmaps\n" in said
    assert ran == ["verify", "ingest", "associate", "heatmaps of saliency", "report"]
    # What an earlier run drew of words is no part of this one.
    assert {path.name for path in (tmp_path / "out" / "heatmaps").iterdir()} == {"mylab-saliency"}
    assert not (tmp_path / "out" / "mentions" / "mylab.parquet").exists()
    assert "saliency maps" in (tmp_path / "out" / "report" / "index.html").read_text()


def test_fixations_are_found_where_there_are_samples_alone(lab, tmp_path):
    rows = [f"{reading},{n * 10},{50 + n % 2},40" for reading in ("A1", "B2") for n in range(40)]
    lab.files["samples.csv"] = "\n".join(["id,ms,x,y", *rows]) + "\n"
    columns = {
        "reading_id": "id",
        "time_s": {"column": "ms", "unit": "ms"},
        "x_px": "x",
        "y_px": "y",
    }
    lab.tables["samples"] = {"file": "samples.csv", "columns": columns}
    del lab.tables["fixations"]
    lab.write()
    said, ran = run()
    assert ran == [*STAGES[:2], "fixations", *STAGES[2:], "report"]
    assert "\nfixations found in samples: 2, of 2 readings\n" in said
    gazescribe("fixations", "out/tables/mylab", tmp_path / "steps", "--workers", 1)
    assert content(tmp_path / "steps") == content(tmp_path / "out" / "with-fixations" / "mylab")
