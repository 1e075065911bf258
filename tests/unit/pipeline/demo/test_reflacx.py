import csv
import io
import json
import re
from collections import defaultdict

import numpy as np
import pytest

from gazescribe.pipeline.demo.population import draw_cases
from gazescribe.pipeline.demo.reflacx import sort_metadata, write_metadata, write_readings
from gazescribe.pipeline.demo.reflacx_plan import EDGE_CASES, plan_readings
from tests.planted import planted

READING_ID = re.compile(r"P[123]\d{2}R\d{6}")
BOX = ["xmin", "ymin", "xmax", "ymax"]
FIXATIONS = (
    b"timestamp_start_fixation,timestamp_end_fixation,x_position,y_position,"
    b"pupil_area_normalized,angular_resolution_x_pixels_per_degree,"
    b"angular_resolution_y_pixels_per_degree,window_width,window_level,xmin_shown_from_image,"
    b"ymin_shown_from_image,xmax_shown_from_image,ymax_shown_from_image,"
    b"xmin_in_screen_coordinates,ymin_in_screen_coordinates,xmax_in_screen_coordinates,"
    b"ymax_in_screen_coordinates\r\n"
)
PHASE_1 = (
    "id,split,eye_tracking_data_discarded,image,dicom_id,subject_id,image_size_x,image_size_y,"
    "Airway wall thickening,Atelectasis,Consolidation,Emphysema,Enlarged cardiac silhouette,"
    "Fibrosis,Fracture,Groundglass opacity,Mass,Nodule,Other,Pleural effusion,Pleural thickening,"
    "Pneumothorax,Pulmonary edema,Quality issue,Support devices,Wide mediastinum"
)
PHASE_3 = (
    "id,split,eye_tracking_data_discarded,image,dicom_id,subject_id,image_size_x,image_size_y,"
    "Abnormal mediastinal contour,Acute fracture,Atelectasis,Consolidation,"
    "Enlarged cardiac silhouette,Enlarged hilum,Groundglass opacity,Hiatal hernia,"
    "High lung volume / emphysema,Interstitial lung disease,Lung nodule or mass,Other,"
    "Pleural abnormality,Pneumothorax,Pulmonary edema,Support devices"
)
NUMBER = re.compile(r"-?\d+(\.\d+)?(e-\d+)?")


class Tree:
    """A tree written with given settings, read back with `csv` alone."""

    def __init__(self, root, settings):
        self.main = root / "main_data"
        self.root = root
        self.population = draw_cases(settings.readings, settings.seed, small=True)
        self.plans = plan_readings(self.population, settings, with_samples=True)
        self.written = write_readings(self.plans, root, settings)
        truth = io.StringIO()
        n_truths = write_metadata(root, self.written, truth)
        sort_metadata(root)
        rows = [json.loads(line) for line in truth.getvalue().splitlines()]
        self.truth = {row["reading_id"]: row for row in rows}
        assert len(self.truth) == n_truths
        self.metadata = [
            row for phase in (1, 2, 3) for row in self.csv(f"metadata_phase_{phase}.csv")
        ]
        self.by_id = {row["id"]: row for row in self.metadata}

    def csv(self, name):
        with (self.main / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def of(self, edge_case):
        ids = [plan.reading_id for plan in self.plans if edge_case in plan.edge_cases]
        assert ids
        return ids

    def fixations(self, reading_id):
        rows = self.csv(f"{reading_id}/fixations.csv")
        return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}

    def words(self, reading_id):
        return self.csv(f"{reading_id}/timestamps_transcription.csv")

    def text(self, reading_id):
        return (self.main / reading_id / "transcription.txt").read_bytes().decode()

    def ellipses(self, reading_id):
        return self.csv(f"{reading_id}/anomaly_location_ellipses.csv")

    def size(self, reading_id):
        row = self.by_id[reading_id]
        return int(row["image_size_x"]), int(row["image_size_y"])


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return Tree(tmp_path_factory.mktemp("reflacx"), planted(gaze_readings=1))


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    return Tree(tmp_path_factory.mktemp("large"), planted(readings=200, gaze_readings=0))


def test_ids_have_the_real_shape(tree):
    ids = [row["id"] for row in tree.metadata]
    assert len(ids) == len(set(ids)) == 60
    assert all(READING_ID.fullmatch(name) for name in ids)
    assert {name[:5] for name in ids} == {"P102R", "P201R", "P300R"}
    readers = defaultdict(set)
    for row in tree.metadata:
        readers[row["dicom_id"]].add(row["id"])
    assert sorted(map(len, readers.values()), reverse=True) == [5, 5, *[1] * 50]


def test_metadata_is_in_the_released_form(tree):
    for phase, header in ((1, PHASE_1), (2, PHASE_3), (3, PHASE_3)):
        text = (tree.main / f"metadata_phase_{phase}.csv").read_bytes().decode()
        lines = text.split("\r\n")
        assert lines[0] == header
        assert lines[-1] == ""
        assert "\n" not in text.replace("\r\n", "")
        rows = tree.csv(f"metadata_phase_{phase}.csv")
        key = "image" if phase == 3 else "id"
        assert [row[key] for row in rows] == sorted(row[key] for row in rows)
    for row in tree.metadata:
        parts = row["image"].split("/")
        assert parts[:5] == ["physionet.org", "files", "mimic-cxr", "2.0.0", "files"]
        assert parts[5:7] == ["p99", f"p{row['subject_id']}"]
        assert re.fullmatch(r"s99\d{6}", parts[7])
        assert parts[8] == f"{row['dicom_id']}.dcm"
        assert row["eye_tracking_data_discarded"] in ("True", "False")


def test_fixations_are_in_the_released_bytes(tree):
    for name in tree.truth:
        raw = (tree.main / name / "fixations.csv").read_bytes()
        assert raw.startswith(FIXATIONS)
        lines = raw.decode().split("\r\n")
        assert lines[-1] == ""
        assert "\n" not in raw.decode().replace("\r\n", "")
        for line in lines[1:-1]:
            cells = line.split(",")
            assert len(cells) == 17
            assert all(NUMBER.fullmatch(cell) for cell in cells)
            assert all("." not in cells[place] for place in (2, 3, 5, 6, *range(9, 17)))
            assert all(len(cells[place].partition(".")[2]) <= 3 for place in (0, 1, 4))
            assert all("." in cells[place] or "e" in cells[place] for place in (0, 1, 4, 7, 8))


def test_fixations_make_sense(tree):
    for name in tree.truth:
        found = tree.fixations(name)
        start, end = found["timestamp_start_fixation"], found["timestamp_end_fixation"]
        assert (start < end).all()
        assert (start[1:] >= end[:-1]).all()
        assert end[-1] < 240
        width, height = tree.size(name)
        assert (found["xmin_shown_from_image"] >= 0).all()
        assert (found["xmax_shown_from_image"] <= width).all()
        assert (found["ymax_shown_from_image"] <= height).all()
        assert (found["x_position"][-2:] < 0).all()  # on the "next" button


def test_text_and_words_agree(tree):
    for name in tree.truth:
        raw = (tree.main / name / "transcription.txt").read_bytes()
        assert b"\n" not in raw
        assert b"\r" not in raw
        words = tree.words(name)
        joined = " ".join(word["word"] for word in words)
        assert tree.text(name).replace(".", " .").replace(",", " ,") == joined
        stamps = [
            float(w[k]) for w in words for k in ("timestamp_start_word", "timestamp_end_word")
        ]
        assert stamps == sorted(stamps)
        assert all(round(stamp, 2) == stamp for stamp in stamps)
        raw = (tree.main / name / "timestamps_transcription.csv").read_bytes()
        assert raw.startswith(b"word,timestamp_start_word,timestamp_end_word\r\n")


def test_metadata_certainty_is_the_most_of_the_ellipses(tree):
    graded = 0
    for name, row in tree.by_id.items():
        ellipses = tree.ellipses(name)
        for ellipse in ellipses:
            assert 1 <= int(ellipse["certainty"]) <= 5
            assert "True" in ellipse.values()
            assert int(ellipse["xmin"]) < int(ellipse["xmax"])
        labels = list(row)[8:]
        for label in set(labels) - {"Other", "Support devices", "Quality issue"}:
            found = [int(e["certainty"]) for e in ellipses if e[label] == "True"]
            if int(row[label]) >= 0:
                assert int(row[label]) == max(found, default=0)
                graded += bool(found)
    assert graded > 50


def test_one_ellipse_may_have_two_labels(large):
    labels = [
        [name for name, value in ellipse.items() if value == "True"]
        for row in large.metadata
        for ellipse in large.ellipses(row["id"])
    ]
    assert ["Atelectasis", "Consolidation"] in labels


def test_five_readers_agree_roughly_and_not_exactly(tree):
    for phase in (1, 2):
        rows = tree.csv(f"metadata_phase_{phase}.csv")
        assert len({row["dicom_id"] for row in rows}) == 1
        boxes = [
            tuple(int(ellipse[side]) for side in BOX)
            for row in rows
            for ellipse in tree.ellipses(row["id"])
        ]
        assert len(boxes) >= 5
        assert len(set(boxes)) == len(boxes)
        texts = [tree.text(row["id"]) for row in rows if row["id"] in tree.truth]
        assert len(set(texts)) == len(texts)
        (case,) = tree.population.phases[phase]
        width, height = case.width_px, case.height_px
        for xmin, ymin, xmax, ymax in boxes:
            near = [
                abs((xmin + xmax) / 2 / width - lesion.x) < lesion.rx
                and abs((ymin + ymax) / 2 / height - lesion.y) < lesion.ry
                for lesion in case.lesions
            ]
            assert any(near)


def test_the_planted_lag_is_in_the_files(large):
    lags = []
    for name, truth in large.truth.items():
        found, words = large.fixations(name), large.words(name)
        starts = [0, *(k + 1 for k, word in enumerate(words) if word["word"] == ".")]
        for visit in truth["visits"]:
            if visit["fixations"]:
                spoken = float(words[starts[visit["sentence"]]]["timestamp_start_word"])
                first = found["timestamp_start_fixation"][visit["fixations"][0]]
                assert spoken - first == pytest.approx(visit["lag_s"], abs=2e-3)
                lags.append(spoken - first)
    assert len(lags) > 400
    assert np.mean(lags) == pytest.approx(1.5, abs=0.05)
    assert np.std(lags) == pytest.approx(0.3, abs=0.05)


def test_gaze_is_on_the_ellipse_while_it_is_spoken_of(large):
    on = []
    for name, truth in large.truth.items():
        found = large.fixations(name)
        for visit in truth["visits"]:
            for number in visit["fixations"] if visit["lesions"] else []:
                x, y = found["x_position"][number], found["y_position"][number]
                slack = found["angular_resolution_x_pixels_per_degree"][number]
                lesions = [truth["lesions"][place] for place in visit["lesions"]]
                on.append(
                    any(
                        one["xmin_px"] - slack < x < one["xmax_px"] + slack
                        and one["ymin_px"] - slack < y < one["ymax_px"] + slack
                        for one in lesions
                    )
                )
    assert len(on) > 3000
    assert np.mean(on) > 0.97


def test_true_mentions_fit_the_text(tree):
    for name, truth in tree.truth.items():
        assert truth["text"] == tree.text(name)
        assert truth["mentions"]
        for mention in truth["mentions"]:
            assert 0 <= mention["char_start"] < mention["char_end"] <= len(truth["text"])


def discarded(tree, name):
    files = {path.name for path in (tree.main / name).iterdir()}
    assert tree.by_id[name]["eye_tracking_data_discarded"] == "True"
    assert name[1] in "12"
    assert name not in tree.truth
    return files == {"anomaly_location_ellipses.csv", "chest_bounding_box.csv"}


def chest_outside(tree, name):
    (box,) = tree.csv(f"{name}/chest_bounding_box.csv")
    return int(box["xmin"]) < 0 and int(box["ymax"]) > tree.size(name)[1]


def ellipse_outside(tree, name):
    return any(
        int(ellipse["xmin"]) < 0 and int(ellipse["ymax"]) > tree.size(name)[1]
        for ellipse in tree.ellipses(name)
    )


def device_ellipse(tree, name):
    drawn = any(ellipse["Support devices"] == "True" for ellipse in tree.ellipses(name))
    return drawn and tree.by_id[name]["Support devices"] == "False"


def coarse(tree, name):
    stamps = [float(word["timestamp_end_word"]) for word in tree.words(name)]
    return all(round(stamp, 1) == stamp for stamp in stamps)


def unseen(tree, name):
    found, words = tree.fixations(name), tree.words(name)
    begin = 0
    for number, word in enumerate(words):
        if word["word"] == ".":
            start = float(words[begin]["timestamp_start_word"])
            end = float(word["timestamp_end_word"])
            if not np.any(
                (found["timestamp_end_fixation"] > start)
                & (found["timestamp_start_fixation"] < end)
            ):
                return True
            begin = number + 1
    return False


def untimed(tree, name):
    return any(
        word["timestamp_start_word"] == word["timestamp_end_word"] for word in tree.words(name)
    )


def exponent(tree, name):
    return ",2e-05," in (tree.main / name / "fixations.csv").read_text(encoding="utf-8")


CHECKS = {
    "discarded": discarded,
    "chest box outside": chest_outside,
    "ellipse outside": ellipse_outside,
    "other list": lambda tree, name: "|" in tree.by_id[name]["Other"],
    "other comma": lambda tree, name: ", " in tree.by_id[name]["Other"],
    "device ellipse": device_ellipse,
    "left-over certainty": lambda tree, name: "-1" in tree.by_id[name].values(),
    "coarse word times": coarse,
    "no final period": lambda tree, name: not tree.text(name).endswith("."),
    "sentence without fixation": unseen,
    "words without length": untimed,
    "gaze before audio": lambda tree, name: tree.fixations(name)["timestamp_start_fixation"][0] < 0,
    "window in exponent form": exponent,
}


@pytest.mark.parametrize("edge_case", sorted(EDGE_CASES))
def test_every_edge_case_is_there_at_the_default_size(tree, edge_case):
    for name in tree.of(edge_case):
        assert CHECKS[edge_case](tree, name), name


@pytest.mark.parametrize(
    "edge_case", ["coarse word times", "no final period", "sentence without fixation"]
)
def test_edge_cases_are_not_everywhere(tree, edge_case):
    ids = set(tree.of(edge_case))
    assert not any(CHECKS[edge_case](tree, name) for name in tree.truth if name not in ids)


def test_what_comes_of_itself_is_there_too(tree):
    raw = [(tree.main / name / "timestamps_transcription.csv").read_bytes() for name in tree.truth]
    assert any(b'\r\n",",' in text for text in raw)
    assert any(not tree.ellipses(row["id"]) for row in tree.metadata)  # header only
    outside = [(tree.fixations(name)["x_position"][:-4] < 0).any() for name in tree.truth]
    assert sum(outside) > 10
    zoomed = [np.ptp(tree.fixations(name)["xmin_shown_from_image"]) > 0 for name in tree.truth]
    assert sum(zoomed) > 10


def test_gaze_samples_of_a_few_readings(tree):
    (path,) = (tree.root / "gaze_data").glob("*/gaze.csv")
    name = path.parent.name
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["timestamp_sample", *FIXATIONS.decode().strip().split(",")[2:]]
    times = np.array([float(row[0]) for row in rows[1:]])
    assert np.allclose(np.diff(times), 0.001)
    found = tree.fixations(name)
    assert times[0] == found["timestamp_start_fixation"][0]
    assert times[-1] == found["timestamp_end_fixation"][-1]
    blank = [row[1:6] == [""] * 5 for row in rows[1:]]
    assert 0 < sum(blank) < 0.2 * len(blank)
    assert all("" not in row for row, lost in zip(rows[1:], blank, strict=True) if not lost)
    middle = len(found["x_position"]) // 2
    start, end = (found[f"timestamp_{side}_fixation"][middle] for side in ("start", "end"))
    during = [float(row[1]) for row, t in zip(rows[1:], times, strict=True) if start <= t <= end]
    slack = found["angular_resolution_x_pixels_per_degree"][middle] / 4
    assert np.mean(during) == pytest.approx(found["x_position"][middle], abs=slack)


def test_the_same_seed_gives_the_same_bytes(tree, tmp_path):
    again = Tree(tmp_path, planted(gaze_readings=1))
    files = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert len(files) > 250
    assert all((tree.root / name).read_bytes() == (tmp_path / name).read_bytes() for name in files)
    assert again.truth == tree.truth


def test_another_seed_gives_other_readings(tree, tmp_path):
    other = Tree(tmp_path, planted(readings=11, seed=2, gaze_readings=0))
    assert not set(other.truth) & set(tree.truth)
