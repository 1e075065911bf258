import json
import re

import pytest
from click.testing import CliRunner

from gazescribe.pipeline.commands.cli import main
from gazescribe.pipeline.core.files import entries, replacing_folder
from gazescribe.pipeline.demo import mimic
from gazescribe.pipeline.demo.run import TRUTH


def run(*options):
    return CliRunner().invoke(main, ["demo", *map(str, options)])


def contents(root):
    return {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture(scope="session")  # the test with workers runs last
def written(tmp_path_factory):
    out = tmp_path_factory.mktemp("demo") / "raw"
    return out, run(out, "--readings", 11, "--images", "none", "--workers", 1)


def test_writes_all_trees_and_says_so(written):
    out, result = written
    assert result.exit_code == 0, result.output
    assert result.output.startswith(f"{out}: 11 REFLACX readings of 3 images, 12 EGD cases")
    assert "synthetic" in result.output
    assert result.output.count("\n") == 1
    assert entries(out) == {"reflacx", "egd", "mimic-cxr-jpg", TRUTH}
    assert (out / "reflacx/main_data/metadata_phase_3.csv").is_file()
    assert (out / "egd/master_sheet.csv").is_file()
    assert (out / "mimic-cxr-jpg/mimic-cxr-2.0.0-metadata.csv.gz").is_file()
    assert [path.name for path in out.parent.iterdir()] == ["raw"]


def test_without_images_there_are_neither_pictures_nor_samples(written):
    names = {path.name for path in written[0].rglob("*") if path.is_file()}
    assert "fixations.csv" in names
    assert not {name for name in names if name.endswith((".jpg", ".dcm", ".png"))}
    assert not names & {"gaze.csv", "eye_gaze.csv"}
    first = (written[0] / "reflacx/main_data/metadata_phase_3.csv").read_text(encoding="utf-8")
    assert int(first.splitlines()[1].split(",")[6]) > 2000  # native sizes


def test_truth_names_every_reading_once(written):
    lines = (written[0] / TRUTH).read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert {row["dataset"] for row in rows} == {"reflacx", "egd"}
    assert len({(row["dataset"], row["reading_id"]) for row in rows}) == len(rows) == 10 + 12
    assert all(row["text"] for row in rows)


@pytest.mark.usefixtures("two_workers")
def test_workers_do_not_change_a_byte(written, tmp_path):
    result = run(tmp_path / "raw", "--readings", 11, "--images", "none", "--workers", 2)
    assert result.exit_code == 0, result.output
    assert contents(tmp_path / "raw") == contents(written[0])


def test_pictures_have_the_size_that_the_tables_say(tmp_path):
    from PIL import Image

    result = run(tmp_path / "raw", "--readings", 11, "--workers", 1, "--json", "--seed", 4)
    assert result.exit_code == 0, result.output
    counts = json.loads(result.output)
    assert counts["reflacx_readings"] == 11
    assert counts["reflacx_discarded"] == 1
    jpg = sorted((tmp_path / "raw/mimic-cxr-jpg/files").rglob("*.jpg"))
    assert len(jpg) == counts["mimic_images"] == counts["pictures"]
    assert len(list((tmp_path / "raw/mimic-cxr").rglob("*.dcm"))) == counts["egd_cases"] == 12
    assert len(list((tmp_path / "raw/reflacx/gaze_data").glob("*/gaze.csv"))) == 3
    by_name = {path.stem: path for path in jpg}
    text = (tmp_path / "raw/reflacx/main_data/metadata_phase_2.csv").read_text(encoding="utf-8")
    cells = text.splitlines()[1].split(",")
    with Image.open(by_name[cells[4]]) as picture:
        assert picture.size == (int(cells[6]), int(cells[7]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["--readings", 10], "10 REFLACX readings .* at least 11", id="few readings"),
        pytest.param(["--readings", 0], "readings: .*greater than or equal to 1", id="none"),
        pytest.param(["--seed", -1], "seed: .*greater than or equal to 0", id="seed"),
    ],
)
def test_bad_numbers_are_refused(tmp_path, options, message):
    result = run(tmp_path / "raw", *options, "--images", "none")
    assert result.exit_code == 2
    assert re.search(message, result.output), result.output
    assert not list(tmp_path.iterdir())


def test_a_folder_of_other_things_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    result = run(tmp_path, "--readings", 11, "--images", "none")
    assert result.exit_code == 2
    assert "no demo trees of an earlier run; nothing was written" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_real_tree_is_left_alone(tmp_path):
    (tmp_path / "reflacx").mkdir()
    (tmp_path / "reflacx" / "LICENSE.txt").touch()
    result = run(tmp_path, "--readings", 11, "--images", "none")
    assert result.exit_code == 2
    assert "reflacx/LICENSE.txt: not of an earlier run" in result.output
    assert (tmp_path / "reflacx" / "LICENSE.txt").exists()


def test_a_file_in_the_way_is_refused(tmp_path):
    (tmp_path / "raw").write_text("", encoding="utf-8")
    result = run(tmp_path / "raw", "--readings", 11, "--images", "none")
    assert result.exit_code == 2
    assert "this lies in a file, where a folder is needed" in result.output


def test_an_earlier_demo_is_replaced_whole(tmp_path):
    out = tmp_path / "raw"
    for name in (TRUTH, "egd"):
        with replacing_folder(out, "demo trees", mark=TRUTH) as folder:
            (folder / name).write_text("old", encoding="utf-8")
    assert entries(out) == {"egd"}
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]


def test_a_failure_leaves_the_earlier_demo(tmp_path, monkeypatch):
    out = tmp_path / "raw"
    with replacing_folder(out, "demo trees", mark=TRUTH) as folder:
        (folder / TRUTH).write_text("old", encoding="utf-8")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(mimic, "write_tables", fail)
    result = run(out, "--readings", 11, "--images", "none", "--workers", 1)
    assert result.exit_code == 2
    assert "disk full" in result.output
    assert (entries(out), (out / TRUTH).read_text()) == ({TRUTH}, "old")
    assert [path.name for path in tmp_path.iterdir()] == ["raw"]
