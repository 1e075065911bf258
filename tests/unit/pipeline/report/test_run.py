import json
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from gazescribe.pipeline.report.notices import AGREEMENT, SYNTHETIC, UNKNOWN
from tests.predictions import write_predictions
from tests.report_numbers import check_numbers
from tests.report_run import HOSTILE, SIZE, STAGES, make_run, whole, write_results_of, write_stages
from tests.running import gazescribe, invoke
from tests.synthetic import reading, write_tables

RADIOGRAPH = "data/demo/mimic-cxr-jpg/files/p99/p99000001/s99000001/one.jpg"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def report(project, tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    return out, gazescribe("report", project, out)


@pytest.fixture
def changed(project, tmp_path):
    """A copy of the run, to be spoilt."""
    return shutil.copytree(project, tmp_path / "run")


def counts(*arguments):
    return json.loads(gazescribe("report", *arguments, "--json"))


def page(out, reading_id="R1"):
    return (out / f"readings/{reading_id}.html").read_text()


def data_of(text):
    return json.loads(re.search(r'id="data">(.*?)</script>', text)[1])


def test_a_page_for_the_run_and_for_each_reading(report):
    out, printed = report
    assert sorted(path.name for path in out.rglob("[!.]*")) == [
        "E1.html",
        "R1.html",
        "R2.html",
        "index.html",
        "readings",
    ]
    assert "3 inspectors of 3 readings; radiographs: 2 absent, 1 shown" in printed


def test_every_page_carries_the_notice(report):
    out, printed = report
    assert AGREEMENT.foot in printed
    pages = sorted(out.rglob("*.html"))
    assert len(pages) == 4
    for path in pages:
        text = path.read_text()
        assert AGREEMENT.foot in text
        assert "do not share this page" in text


def test_what_came_in_and_what_was_left_out(report):
    text = (report[0] / "index.html").read_text()
    plain = re.sub("</?(span|a)[^>]*>", "", text)
    assert re.search(r"<b>2</b> readings\s*</li>", plain)
    row = re.search(r"bad times</th>\s*<td class=\"n\">4</td><td>rows of words", plain)
    assert row
    assert "discarded" in text


def test_every_number_is_the_one_of_its_file(project, tmp_path):
    run = shutil.copytree(project, tmp_path / "run")
    write_stages(run)
    gazescribe("report", run, tmp_path / "out")
    assert set(check_numbers(run, tmp_path / "out/index.html")) == STAGES
    text = re.sub("</?(span|a)[^>]*>", "", (tmp_path / "out/index.html").read_text())
    flows = {
        name: re.findall(r"<b>([\d,]+)</b> ([a-z ]+?)\s*</li>", flow)
        for name, flow in re.findall(r'class="flow">\s*<h3>(.*?)</h3>(.*?)</div>', text, re.DOTALL)
    }
    assert "F1 <b>0.667 [0.333, 1.000]</b>" in text
    assert "cross-validated <b>0.485 [0.472, 0.499]</b>" in text
    alike = ["readings", "with gaze", "mentions", "windows", "label maps"]
    assert flows["reflacx"] == list(zip(["2", "1", "1,542", "102", "139"], alike, strict=True))
    assert flows["reflacx-2"] == list(zip(["7", "6", "35", "8", "12"], alike, strict=True))


def test_parts_that_are_absent_say_how_to_make_them(report):
    text = (report[0] / "index.html").read_text()
    for said in (
        "dvc repro evaluate-labels",
        "dvc repro tune",
        "gazescribe tabulate mil SCORES results/mil",
        "gazescribe tabulate cooperative SCORES results/cooperative",
        "gazescribe train CONFIG",
    ):
        assert said in text


def test_results_of_a_network_are_drawn(changed, tmp_path):
    write_results_of(changed / "results/mil")
    gazescribe("report", changed, tmp_path / "out")
    text = (tmp_path / "out/index.html").read_text()
    text = re.sub("</?(span|a)[^>]*>", "", text)
    (part,) = re.findall(r'<section id="mil">.*?</section>', text, re.DOTALL)
    assert '<p class="lead">Intervals are three.</p>' in part
    assert re.search(
        r'<td class="n">0.500</td>\s*<td class="n">–</td>\s*<td class="n">0.4</td>', part
    )
    assert '<p class="none">A note.</p>' in part
    assert part.count("<figure>") == 2
    assert "gazescribe tabulate mil" not in part


def test_the_gallery_opens_each_inspector_at_its_label(report):
    links = re.findall(r'href="(readings/[^"]+)"', (report[0] / "index.html").read_text())
    assert links == [
        "readings/E1.html#label-8",
        "readings/R1.html#label-0",
        "readings/R2.html#nothing",
    ]


def test_neighbours_are_linked(report):
    text = page(report[0])
    assert re.search(r'href="E1.html" rel="prev"', text)
    assert re.search(r'href="R2.html" rel="next"', text)
    assert 'rel="prev"' not in page(report[0], "E1")


def test_hostile_words_are_text(report):
    text = page(report[0])
    assert HOSTILE not in text
    assert "<img src=x" not in text
    assert "&lt;mild&gt;" in text
    said = data_of(text)["choices"]["sentence-1"]["said"]
    assert HOSTILE in said


def test_a_reading_without_a_radiograph_says_so(report):
    text = page(report[0], "R2")
    assert "Radiograph absent" in text
    assert "<img" not in text
    assert 'src="data:image/jpeg;base64,' in page(report[0])


def test_a_rebuild_gives_the_same_bytes(project, report, tmp_path):
    gazescribe("report", project, tmp_path)
    written = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.html"))
    assert len(written) == 4
    for path in written:
        assert (tmp_path / path).read_bytes() == (report[0] / path).read_bytes()


def test_radiographs_can_be_left_out(project, tmp_path):
    summary = counts(project, tmp_path, "--no-images")
    assert summary["radiographs"] == {"left out": 3}
    text = page(tmp_path)
    assert "data:image" not in text.replace("img-src data:", "")
    assert "Radiograph left out" in text
    assert data_of(text)["frame"] is not None


def test_a_report_shows_its_own_readings_alone(project, tmp_path):
    gazescribe("report", project, tmp_path)
    (tmp_path / "mine.html").write_text("mine")
    summary = counts(project, tmp_path, "--reading", "R2")
    assert (summary["n_inspectors"], summary["n_readings"]) == (1, 3)
    assert [path.name for path in (tmp_path / "readings").iterdir()] == ["R2.html"]
    assert (tmp_path / "mine.html").exists()


def test_a_page_of_others_is_not_removed(project, tmp_path):
    gazescribe("report", project, tmp_path)
    (tmp_path / "readings/mine.html").write_text("mine")
    result = invoke("report", project, tmp_path)
    assert result.exit_code == 2
    assert "readings/mine.html: not of an earlier run" in result.output
    assert (tmp_path / "readings/mine.html").exists()


def test_no_inspectors_at_all(project, tmp_path):
    assert counts(project, tmp_path, "--readings", "0")["n_inspectors"] == 0
    assert "No inspectors were asked for" in (tmp_path / "index.html").read_text()


def write_noise(path):
    path.write_bytes(b"noise")


def write_other_aspect(path):
    Image.fromarray(np.zeros((SIZE[0], SIZE[1] // 2), np.uint8)).save(path)


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        pytest.param(write_noise, "unreadable", id="damaged"),
        pytest.param(write_other_aspect, "of another aspect", id="aspect"),
    ],
)
def test_radiographs_that_do_not_fit_are_counted(changed, tmp_path, spoil, found):
    spoil(changed / RADIOGRAPH)
    summary = counts(changed, tmp_path / "out")
    assert summary["radiographs"] == {"absent": 2, found: 1}
    assert f"Radiograph {found}" in page(tmp_path / "out")


def test_a_run_file_names_parts_anywhere_in_its_folder(changed, tmp_path):
    (changed / "data/tables/reflacx").rename(changed / "mine")
    content = {
        "schema_version": 1,
        "title": "One <b>set</b>",
        "datasets": {"reflacx": {"tables": "mine"}},
    }
    (changed / "run.json").write_text(json.dumps(content))
    summary = counts(changed, tmp_path / "out")
    assert summary == {
        "n_readings": 2,
        "n_inspectors": 2,
        "radiographs": {"left out": 2},
        "n_image_pages": 0,
        "images_without_page": {},
        "n_voices": 0,
        "networks": {},
        "notice": AGREEMENT.foot,
    }
    text = (tmp_path / "out/index.html").read_text()
    assert "<title>One &lt;b&gt;set&lt;/b&gt;</title>" in text
    assert "No window" in page(tmp_path / "out")


@pytest.mark.parametrize("reading_id", ["../R1", ".R1", "R1\n", "R1/x"])
def test_an_id_that_cannot_name_a_page(tmp_path, reading_id):
    write_tables(tmp_path / "run/data/tables/a", readings=[reading(reading_id, "edema .")])
    result = invoke("report", tmp_path / "run", tmp_path / "out")
    assert result.exit_code == 2
    assert repr(reading_id) in result.output
    assert not (tmp_path / "out").exists()


def test_ids_with_marks_of_addresses_are_linked(tmp_path):
    ids = ["R 1#x?", "Ä%20"]
    write_tables(
        tmp_path / "run/data/tables/a", readings=[reading(name, "edema .") for name in ids]
    )
    assert invoke("report", tmp_path / "run", tmp_path / "out").exit_code == 0
    assert {path.stem for path in (tmp_path / "out/readings").iterdir()} == set(ids)
    text = (tmp_path / "out/index.html").read_text()
    assert "readings/R%201%23x%3F.html" in text
    assert "readings/%C3%84%2520.html" in text


def test_an_image_path_out_of_the_data_set(changed, tmp_path):
    row = reading("R1", "edema .", image_path="../../../secret")
    write_tables(changed / "data/tables/reflacx", readings=[row])
    shutil.rmtree(changed / "data/mentions")
    shutil.rmtree(changed / "data/associated")
    result = invoke("report", changed, tmp_path / "out")
    assert result.exit_code == 2
    assert "lead out of their folder.\n  - '../../../secret'" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--reading", "R11"], "did you mean R1?", id="reading"),
        pytest.param(
            ["--images", "{}"],
            "the first is files/p99/p99000001/s99000001/one.jpg. Give the folder",
            id="images",
        ),
    ],
)
def test_faults_of_people(project, tmp_path, arguments, message):
    out, empty = tmp_path / "out", tmp_path / "empty"
    empty.mkdir()
    result = invoke("report", project, out, *(one.format(empty) for one in arguments))
    assert result.exit_code == 2
    assert message in result.output
    assert not out.exists()


def test_a_run_file_that_names_nothing_that_is_there(changed, tmp_path):
    content = {"schema_version": 1, "datasets": {"reflacx": {"tables": "data/tables/reflax"}}}
    (changed / "run.json").write_text(json.dumps(content))
    result = invoke("report", changed, tmp_path / "out")
    assert result.exit_code == 2
    assert "datasets.reflacx.tables: data/tables/reflax" in result.output


def test_a_stage_that_wrote_something_else_leaves_the_old_pages(changed, tmp_path):
    gazescribe("report", changed, tmp_path / "out")
    before = (tmp_path / "out/index.html").read_bytes()
    (changed / "results/tune").mkdir(parents=True)
    (changed / "results/tune/ranking.csv").write_text("rank\n")
    result = invoke("report", changed, tmp_path / "out")
    assert result.exit_code == 2
    assert "ranking.csv: this lacks the columns rule," in result.output
    assert (tmp_path / "out/index.html").read_bytes() == before


def test_a_reason_with_a_count_is_not_among_those_not_found(changed, tmp_path):
    ingest = {"rows": {"readings": 2}, "without_gaze": {"discarded": 0, "too_few": 0}}
    (changed / "data/tables/egd/ingest.json").write_text(json.dumps(whole("ingest", **ingest)))
    gazescribe("report", changed, tmp_path / "out")
    text = (tmp_path / "out/index.html").read_text()
    absent = re.search("Looked for and not found: (.*)[.]</p>", text)[1]
    assert absent.split("; ") == ["gaze of readings: too few", "readings: no image size"]


def test_the_root_of_the_data_is_a_guess(changed, tmp_path, monkeypatch):
    monkeypatch.setenv("GAZE_DATA_ROOT", str(tmp_path / "none"))
    assert counts(changed, tmp_path / "out")["radiographs"] == {"absent": 3}
    monkeypatch.setenv("GAZE_DATA_ROOT", str(changed / "data"))
    assert counts(changed, tmp_path / "out")["radiographs"] == {"absent": 2, "shown": 1}


def with_run_file(folder, **more):
    tables = {"tables": "data/tables/reflacx"}
    content = {"schema_version": 1, "datasets": {"reflacx": tables}, **more}
    (folder / "run.json").write_text(json.dumps(content))


def test_the_run_file_goes_before_the_root_of_the_data(changed, tmp_path, monkeypatch):
    monkeypatch.setenv("GAZE_DATA_ROOT", str(tmp_path / "none"))
    with_run_file(changed, images="data/demo")
    assert counts(changed, tmp_path / "out")["radiographs"] == {"absent": 1, "shown": 1}
    with_run_file(changed, images="data/tables")
    result = invoke("report", changed, tmp_path / "out")
    assert result.exit_code == 2
    assert "none of the 2 radiographs is here" in result.output


def write_own(folder, **columns):
    row = reading("R1", "edema .", dataset="mylab", image_path="img/a.png", **columns)
    write_tables(folder / "tables", readings=[row])
    (folder / "raw/img").mkdir(parents=True)
    Image.fromarray(np.full((80, 100), 90, np.uint8)).save(folder / "raw/img/a.png")
    content = {
        "schema_version": 1,
        "datasets": {"mylab": {"tables": "tables"}},
        "images": "raw",
    }
    (folder / "run.json").write_text(json.dumps(content))
    return folder


def test_radiographs_of_ones_own_are_shown(tmp_path):
    own = write_own(tmp_path / "own")
    assert counts(own, tmp_path / "out")["radiographs"] == {"shown": 1}
    assert 'src="data:image/jpeg;base64,' in page(tmp_path / "out")


def test_each_data_set_has_its_own_radiographs(tmp_path):
    """Both name theirs img/a.png; the third has none, and is not shown those of the others."""
    own = tmp_path / "own"
    names = ("ours", "theirs", "third")
    for number, name in enumerate(names):
        row = reading(f"R{number}", "edema .", dataset=name, image_path="img/a.png")
        write_tables(own / name, readings=[row])
    for name, grey in (("ours", 60), ("theirs", 200)):
        (own / "raw" / name / "img").mkdir(parents=True)
        Image.fromarray(np.full((80, 100), grey, np.uint8)).save(own / f"raw/{name}/img/a.png")
    datasets = {name: {"tables": name} for name in names}
    content = {"schema_version": 1, "datasets": datasets, "images": "raw"}
    (own / "run.json").write_text(json.dumps(content))
    assert counts(own, tmp_path / "out")["radiographs"] == {"absent": 1, "shown": 2}
    pages = [(tmp_path / f"out/readings/R{number}.html").read_text() for number in range(3)]
    shown = [set(re.findall(r'src="data:image/jpeg;base64,[^"]*"', text)) for text in pages]
    assert not shown[2]
    assert shown[0]
    assert not shown[0] & shown[1]


def test_what_pages_say_of_sharing(tmp_path):
    own = write_own(tmp_path / "own")
    assert counts(own, tmp_path / "out")["notice"] == UNKNOWN.foot
    assert "agreement" not in page(tmp_path / "out")
    demo = write_own(tmp_path / "demo", dicom_id="00000000-1234abcd-1234abcd-1234abcd-1234abcd")
    assert counts(demo, tmp_path / "out")["notice"] == SYNTHETIC.foot
    for text in (page(tmp_path / "out"), (tmp_path / "out/index.html").read_text()):
        assert SYNTHETIC.foot in text
        assert "<strong>All synthetic:</strong> nobody was read or measured." in text


def test_a_folder_that_is_no_run(tmp_path):
    result = invoke("report", tmp_path, tmp_path / "out")
    assert result.exit_code == 2
    assert "neither run.json nor data/tables" in result.output


def test_a_report_that_fails_leaves_the_earlier_one(changed, tmp_path):
    gazescribe("report", changed, tmp_path / "out")
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*.html")}
    (changed / "data/associated/reflacx/gaussians.parquet").write_text("broken")
    assert invoke("report", changed, tmp_path / "out").exit_code == 2
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*.html")} == before


def test_what_networks_say(changed, tmp_path):
    """Named by the option and by run.json, which must lie in its folder."""
    pictures = {"image of R1.png": (300, 240)}
    ramp = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    maps = {("label", "Edema"): ramp}
    outside = write_predictions(tmp_path / "outside", pictures, maps, network="one")
    write_predictions(changed / "inside", pictures, maps, network="two")
    content = {"schema_version": 1, "predictions": ["inside"]}
    content["datasets"] = {"reflacx": {"tables": "data/tables/reflacx"}}
    (changed / "run.json").write_text(json.dumps(content))
    found = counts(changed, tmp_path / "out", "--predictions", outside)
    assert found["networks"] == {
        name: {"its image is not among the pictures": 1, "shown": 1} for name in ("two", "one")
    }
    printed = gazescribe("report", changed, tmp_path / "out", "--predictions", outside)
    assert "; one: 1 its image is not among the pictures, 1 shown; radiographs" in printed
    text = page(tmp_path / "out")
    assert [entry["name"] for entry in data_of(text)["networks"]] == [
        "two, decoder",
        "one, decoder",
    ]
    assert re.search(r'<th scope="row">Edema</th>\s*<td class="n">0.750</td>', text)
    assert "one: its image is not among the pictures." in page(tmp_path / "out", "R2")


def test_predictions_that_are_none(project, tmp_path):
    result = invoke("report", project, tmp_path / "out", "--predictions", project)
    assert result.exit_code == 2
    assert "predictions.json" in result.output
    assert "Name a folder that `gazescribe predict` wrote." in result.output
