import csv
import json
import math
import re
from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np
import pydicom
import pytest
from PIL import Image

from gazescribe.pipeline.demo.egd import (
    inverted_ids,
    write_dictations,
    write_pictures,
    write_tables,
)
from gazescribe.pipeline.demo.egd_gaze import plan_sessions, record_session, write_gaze
from gazescribe.pipeline.demo.egd_readings import (
    GAZE_DEFECTS,
    SPEECH_DEFECTS,
    TIME_DEFECTS,
    read_all,
)
from gazescribe.pipeline.demo.egd_tables import in_sheet_order
from gazescribe.pipeline.demo.population import draw_cases
from gazescribe.pipeline.demo.tracker import display_of
from tests.planted import planted

SETTINGS = planted(readings=60, seed=5)
N_WITH_PICTURES = 4
GAZE_HEADER = (  # verbatim, spec EGD 3
    "SESSION_ID,MEDIA_ID,DICOM_ID,CNT,Time (in secs),TIMETICK(f=10000000),FPOGX,FPOGY,FPOGS,FPOGD,"
    "FPOGID,FPOGV,BPOGX,BPOGY,BPOGV,LPCX,LPCY,LPD,LPS,LPV,RPCX,RPCY,RPD,RPS,RPV,BKID,BKDUR,BKPMIN,"
    "LPMM,LPMMV,RPMM,RPMMV,SACCADE_MAG,SACCADE_DIR,VID_FRAME,X_ORIGINAL,Y_ORIGINAL"
)
SHEET_HEADER = (  # verbatim, spec EGD 2
    "dicom_id,path,study_id,patient_id,stay_id,gender,anchor_age,image_top_pad,image_bottom_pad,"
    "image_left_pad,image_right_pad,dx1,dx1_icd,dx2,dx2_icd,dx3,dx3_icd,dx4,dx4_icd,dx5,dx5_icd,"
    "dx6,dx6_icd,dx7,dx7_icd,dx8,dx8_icd,dx9,dx9_icd,normal_reports,Normal,CHF,pneumonia,"
    "consolidation,enlarged_cardiac_silhouette,linear__patchy_atelectasis,"
    "lobar__segmental_collapse,"
    "not_otherwise_specified_opacity___pleural__parenchymal_opacity__,"
    "pleural_effusion_or_thickening,pulmonary_edema__hazy_opacity,normal_anatomically,"
    "elevated_hemidiaphragm,hyperaeration,vascular_redistribution,atelectasis__chx,"
    "cardiomegaly__chx,consolidation__chx,edema__chx,enlarged_cardiomediastinum__chx,"
    "fracture__chx,lung_lesion__chx,lung_opacity__chx,no_finding__chx,pleural_effusion__chx,"
    "pleural_other__chx,pneumonia__chx,pneumothorax__chx,support_devices__chx,cxr_exam_indication"
)
STRUCTURES = {
    "cardiac silhouette", "left clavicle", "left costophrenic angle", "left hilar structures",
    "left lower lung zone", "left lung", "left mid lung zone", "left upper lung zone",
    "right clavicle", "right costophrenic angle", "right hilar structures",
    "right lower lung zone", "right lung", "right mid lung zone", "right upper lung zone",
    "trachea", "upper mediastinum",
}  # fmt: skip
TIME = "Time (in secs)"


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_egd(root, cases, *, samples=True):
    """Write all but the pictures, in this process."""
    egd, seed = root / "egd", SETTINGS.seed
    cases = in_sheet_order(cases, seed)
    write_tables(egd, cases, seed)
    readings = read_all(cases, SETTINGS)
    sessions = plan_sessions(readings, SETTINGS)
    recorded = (record_session(session, seed, samples=samples) for session in sessions)
    write_gaze(egd, recorded, samples=samples)
    return write_dictations(egd, readings, seed)


class Tree:
    """What was written, read without the pipeline's readers."""

    def __init__(self, root):
        self.root = root
        self.cases = draw_cases(SETTINGS.readings, SETTINGS.seed, small=True).egd
        self.truth = write_egd(root, self.cases)
        write_pictures(self.cases[:N_WITH_PICTURES], root, inverted_ids(self.cases))
        self.egd = root / "egd"
        self.sheet = rows_of(self.egd / "master_sheet.csv")
        self.by_id = {case.dicom_id: case for case in self.cases}
        self.fixations = rows_of(self.egd / "fixations.csv")
        self.samples = rows_of(self.egd / "eye_gaze.csv")

    def of(self, defect):
        return [row for row in self.truth if defect in row["defects"]]

    def gaze(self, reading_id):
        return [row for row in self.fixations if row["DICOM_ID"] == reading_id]

    def transcript(self, reading_id):
        path = self.egd / "audio_segmentation_transcripts" / reading_id / "transcript.json"
        return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return Tree(tmp_path_factory.mktemp("demo"))


def numbers(rows, *names):
    return [np.array([float(row[name]) for row in rows]) for name in names]


def published(case, row):
    """The authors' map, one row at a time, as spec EGD 5 prints it."""
    ratio = 1024 / max(case.width_px, case.height_px)
    left = (1920 - int(case.width_px * ratio)) // 2
    right = 1920 - int(case.width_px * ratio) - left
    top = (1024 - int(case.height_px * ratio)) // 2
    bottom = 1024 - int(case.height_px * ratio) - top
    ex, ey = float(row["FPOGX"]) * 1920, float(row["FPOGY"]) * 1080
    if not (left < ex < 1920 - right and top < ey < 1080 - bottom):
        return None
    width, height = case.width_px + case.width_px % 2, case.height_px + case.height_px % 2
    return (
        int(width / (1920 - left - right) * (ex - left)),
        int(height / (1080 - top - bottom) * (ey - top)),
    )


@pytest.mark.parametrize(
    ("width", "height", "pads"),
    [
        pytest.param(2544, 3056, (0, 0, 534, 534), id="portrait"),
        pytest.param(3056, 2544, (86, 86, 448, 448), id="landscape"),
        pytest.param(2500, 2500, (0, 0, 448, 448), id="square"),
    ],
)
def test_pads_are_those_of_the_release(width, height, pads):
    shown = display_of(width, height)
    assert (shown.top_px, shown.bottom_px, shown.left_px, shown.right_px) == pads


@pytest.mark.parametrize(("size", "pair"), [((2544, 3056), (-2, -2)), ((424, 509), (-1, -1))])
def test_outside_is_one_negative_pair(size, pair):
    x, y = display_of(*size).to_image(np.array([0.1, 0.5, 1.2]), np.array([0.5, -0.1, 0.5]))
    assert list(zip(x.tolist(), y.tolist(), strict=True)) == [pair] * 3


def test_sheet_has_the_columns_and_classes_of_the_release(tree):
    assert ",".join(tree.sheet[0]) == SHEET_HEADER
    assert len(tree.sheet[0]) == 59
    classes = Counter(
        name for row in tree.sheet for name in ("Normal", "CHF", "pneumonia") if row[name] == "1"
    )
    assert classes == {"Normal": 7, "CHF": 7, "pneumonia": 7}
    order = [
        (row["CHF"] != "1", row["pneumonia"] != "1", row["anchor_age"], row["gender"])
        for row in tree.sheet
    ]
    assert order == sorted(order)


def test_sheet_ids_are_synthetic_and_agree(tree):
    assert {row["dicom_id"] for row in tree.sheet} == set(tree.by_id)
    for row in tree.sheet:
        case = tree.by_id[row["dicom_id"]]
        assert re.fullmatch(r"00000000(-[0-9a-f]{8}){4}", row["dicom_id"])
        assert all(re.fullmatch(r"99\d{6}", row[key]) for key in ("patient_id", "study_id"))
        path = f"files/p99/p{row['patient_id']}/s{row['study_id']}/{row['dicom_id']}.dcm"
        assert row["path"] == path
        assert (int(row["study_id"]), int(row["patient_id"])) == (case.study_id, case.subject_id)


def test_sheet_has_awkward_cells(tree):
    indications = {row["cxr_exam_indication"] for row in tree.sheet}
    assert "" in indications
    assert all(any(mark in text for text in indications) for mark in ("\n", ",", '"', "___"))
    states = Counter(row[name] for row in tree.sheet for name in row if name.endswith("__chx"))
    assert set(states) == {"", "0", "1", "-1"}
    assert {len(row["anchor_age"]) for row in tree.sheet} == {len("20 - 30")}


def test_one_subject_has_images_of_two_classes(tree):
    by_subject = defaultdict(list)
    for row in tree.sheet:
        by_subject[row["patient_id"]].append(row)
    several = [rows for rows in by_subject.values() if len(rows) > 1]
    assert several
    assert any(len({(row["CHF"], row["Normal"]) for row in rows}) > 1 for rows in several)
    for rows in several:
        assert len({(row["gender"], row["anchor_age"]) for row in rows}) == 1


def test_gaze_tables_have_the_columns_of_the_release(tree):
    for name in ("fixations.csv", "eye_gaze.csv"):
        with (tree.egd / name).open(encoding="utf-8") as file:
            assert file.readline().rstrip("\n") == GAZE_HEADER


def test_time_of_a_fixation_is_its_end(tree):
    start, lasted, time = numbers(tree.fixations, "FPOGS", "FPOGD", TIME)
    np.testing.assert_allclose(start + lasted, time, atol=1.01e-5)
    assert {row["FPOGV"] for row in tree.fixations} == {"1"}


def test_fixations_abut_but_for_blinks(tree):
    gaps = []
    for reading_id in tree.by_id:
        start, time = numbers(tree.gaze(reading_id), "FPOGS", TIME)
        gaps += (start[1:] - time[:-1]).tolist()
    assert len(gaps) > 500
    assert np.median(gaps) == pytest.approx(1 / 61.8, abs=0.002)
    assert min(gaps) > 0


def test_saccades_are_in_screen_pixels(tree):
    checked = 0
    for reading_id in tree.by_id:
        rows = tree.gaze(reading_id)
        assert float(rows[0]["SACCADE_MAG"]) == float(rows[0]["SACCADE_DIR"]) == 0
        for before, row in pairwise(rows):
            dx = (float(row["FPOGX"]) - float(before["FPOGX"])) * 1920
            dy = (float(row["FPOGY"]) - float(before["FPOGY"])) * 1080
            assert float(row["SACCADE_MAG"]) == pytest.approx(math.hypot(dx, dy), abs=1e-4)
            degrees = math.degrees(math.atan2(-dy, dx)) % 360
            assert float(row["SACCADE_DIR"]) == pytest.approx(degrees, abs=1e-4)
            checked += 1
    assert checked > 500


@pytest.mark.parametrize("table", ["fixations", "samples"])
def test_positions_follow_the_published_map(tree, table):
    inside = outside = 0
    for row in getattr(tree, table):
        case = tree.by_id.get(row["DICOM_ID"])
        if case is None:
            continue
        found, expected = (int(row["X_ORIGINAL"]), int(row["Y_ORIGINAL"])), published(case, row)
        assert found == (expected or (-1, -1))
        inside, outside = inside + (expected is not None), outside + (expected is None)
    assert inside > 4 * outside > 0


def test_samples_give_the_fixations_back(tree):
    """Spec EGD 3: keep FPOGV 1, group by presentation and FPOGID, take the last."""
    last = {}
    for row in tree.samples:
        if row["FPOGV"] == "1":
            last[row["SESSION_ID"], row["MEDIA_ID"], row["FPOGID"]] = row
    assert list(last.values()) == tree.fixations


def test_samples_come_at_the_tracker_s_rate(tree):
    steps = []
    for reading_id in tree.by_id:
        rows = [row for row in tree.samples if row["DICOM_ID"] == reading_id]
        assert [int(row["CNT"]) for row in rows] == list(range(len(rows)))
        time, tick = numbers(rows, TIME, "TIMETICK(f=10000000)")
        np.testing.assert_allclose(np.diff(tick) / 1e7, np.diff(time), atol=2e-6)
        assert (np.diff(time) > 0).all()
        steps += np.diff(time).tolist()
    assert np.median(steps) == pytest.approx(1 / 61.8, abs=1e-3)
    assert np.quantile(steps, 0.99) < 0.03
    assert {row["FPOGV"] for row in tree.samples} == {"0", "1"}
    blinks = [row for row in tree.samples if row["BKID"] != "0"]
    assert blinks
    assert {row["LPV"] + row["RPV"] + row["BPOGV"] for row in blinks} == {"000"}


def test_calibration_pictures_have_cut_ids(tree):
    rows = [row for row in tree.fixations if len(row["DICOM_ID"]) == 39]
    assert rows
    for row in rows:
        assert [one for one in tree.by_id if one.startswith(row["DICOM_ID"])]
        assert int(row["X_ORIGINAL"]) == int(float(row["FPOGX"]) * 1920)
        assert int(row["Y_ORIGINAL"]) == int(float(row["FPOGY"]) * 1080)
        assert 860 < int(row["X_ORIGINAL"]) < 1060


def test_some_ids_are_too_long(tree):
    lengths = Counter(len(row["DICOM_ID"]) for row in tree.fixations)
    assert set(lengths) == {39, 44, 46}


def test_sessions_are_short_and_number_their_pictures(tree):
    shown = {}
    for row in tree.fixations:
        shown.setdefault((int(row["SESSION_ID"]), int(row["MEDIA_ID"])), row["DICOM_ID"])
    assert list(shown) == sorted(shown)
    assert max(media for _, media in shown) < 30
    assert len(set(shown.values())) == len(shown) == 21 + 1 + 1


@pytest.mark.parametrize("defect", [*GAZE_DEFECTS, *TIME_DEFECTS, *SPEECH_DEFECTS])
def test_every_defect_occurs(tree, defect):
    assert len(tree.of(defect)) == 1


def test_gaze_defects_are_what_they_say(tree):
    def rows(defect):
        return tree.gaze(tree.of(defect)[0]["reading_id"])

    assert {row["X_ORIGINAL"] for row in rows("all gaze outside")} == {"-1"}
    assert len(rows("one fixation")) == 1
    assert max(numbers(rows("long fixation"), "FPOGD")[0]) > 1.5
    assert float(rows("begins before the picture")[0]["FPOGS"]) < 0
    assert rows("first fixation is not 1")[0]["FPOGID"] == "3"
    late, early = (tree.of(name)[0] for name in GAZE_DEFECTS[2:4])
    first_words = tree.transcript(late["reading_id"])["time_stamped_text"]
    assert float(tree.gaze(late["reading_id"])[0]["FPOGS"]) > first_words[0]["end_time"]
    words = tree.transcript(early["reading_id"])["time_stamped_text"]
    assert float(tree.gaze(early["reading_id"])[-1][TIME]) < words[-1]["end_time"] - 1


def test_odd_images_have_gaze_one_past_their_end(tree):
    past = set()
    for row in tree.fixations:
        case = tree.by_id.get(row["DICOM_ID"])
        if case:
            past |= {"x"} if int(row["X_ORIGINAL"]) == case.width_px else set()
            past |= {"y"} if int(row["Y_ORIGINAL"]) == case.height_px else set()
    assert past == {"x", "y"}


def test_few_fixations_are_off_the_image(tree):
    whole = tree.of("all gaze outside")[0]["reading_id"]
    rows = [row for row in tree.fixations if row["DICOM_ID"] in set(tree.by_id) - {whole}]
    outside = [row for row in rows if row["X_ORIGINAL"] == "-1"]
    assert {row["Y_ORIGINAL"] for row in outside} == {"-1"}
    assert 0.02 < len(outside) / len(rows) < 0.12


def test_gaze_leaves_the_screen(tree):
    x, y = numbers(tree.fixations, "FPOGX", "FPOGY")
    outside = (x < 0) | (x > 1) | (y < 0) | (y > 1)
    assert 0 < outside.mean() < 0.1


def test_phrases_joined_by_blanks_are_the_true_text(tree):
    checked = 0
    for row in tree.truth:
        content = tree.transcript(row["reading_id"])
        phrases = content["time_stamped_text"]
        if "no times" in row["defects"]:
            assert phrases == []
            assert content["full_text"].strip() == row["text"]
            continue
        assert " ".join(phrase["phrase"] for phrase in phrases) == row["text"]
        same = content["full_text"].strip() == row["text"]
        assert same != ("edited full text" in row["defects"])
        checked += 1
    assert checked == 20


def test_phrases_have_times_on_a_grid_in_order(tree):
    n_phrases = n_words = inner_periods = 0
    for row in tree.truth:
        phrases = tree.transcript(row["reading_id"])["time_stamped_text"]
        begins = [phrase["begin_time"] for phrase in phrases]
        assert begins == sorted(begins)
        for phrase in phrases:
            assert phrase["begin_time"] <= phrase["end_time"]
            assert phrase["begin_time"] * 10 == pytest.approx(round(phrase["begin_time"] * 10))
            n_phrases += 1
            n_words += phrase["phrase"].count(" ") > 0
            inner_periods += ". " in phrase["phrase"]
    assert 0.02 < n_words / n_phrases < 0.12
    assert inner_periods > 0


def test_speech_defects_are_what_they_say(tree):
    def phrases(defect):
        found = tree.transcript(tree.of(defect)[0]["reading_id"])["time_stamped_text"]
        return [phrase["phrase"] for phrase in found]

    assert not phrases("no final period")[-1].endswith(".")
    assert any(phrase.count(".") > 1 for phrase in phrases("two periods"))
    opening = tree.of("opens at zero")[0]["reading_id"]
    assert tree.transcript(opening)["time_stamped_text"][0]["begin_time"] == 0.0


def test_true_mentions_are_words_of_the_text(tree):
    n_mentions = 0
    for row in tree.truth:
        for mention in row["mentions"]:
            said = row["text"][mention["char_start"] : mention["char_end"]]
            assert re.fullmatch(r"[A-Za-z](.*[a-z])?", said), said
            n_mentions += 1
    assert n_mentions > 50


def test_gaze_arrives_the_planted_lag_before_its_sentence(tree):
    lags = []
    for row in tree.truth:
        start, x = numbers(tree.gaze(row["reading_id"]), "FPOGS", "X_ORIGINAL")
        for visit in row["visits"]:
            first = visit["fixations"][0]
            assert start[first] == pytest.approx(visit["onset_s"], abs=1e-5)
            lags.append(visit["lag_s"])
            for number in visit["lesions"][:1]:
                lesion = row["lesions"][number]
                slack = 0.6 * (lesion["xmax_px"] - lesion["xmin_px"]) + 30
                assert lesion["xmin_px"] - slack < x[first] < lesion["xmax_px"] + slack
    assert len(lags) > 10
    assert np.median(lags) == pytest.approx(SETTINGS.lag_s, abs=0.5)


def test_planted_lag_ends_when_the_sentence_is_spoken(tree):
    checked = 0
    for row in tree.truth:
        starts = sentence_starts(tree.transcript(row["reading_id"])["time_stamped_text"])
        for visit in row["visits"]:
            spoken_s = starts[visit["sentence"]]
            if spoken_s is not None:
                assert visit["onset_s"] + visit["lag_s"] == pytest.approx(spoken_s)
                checked += 1
    assert checked > 10


def sentence_starts(phrases):
    """When each sentence begins; None where its first word shares a phrase with the one before."""
    starts = [phrases[0]["begin_time"]] if phrases else []
    for phrase, after in pairwise([*phrases, {"begin_time": None}]):
        starts += [None] * phrase["phrase"].count(". ")
        starts += [after["begin_time"]] if phrase["phrase"].endswith(".") else []
    return starts


def test_spoilt_readings_claim_no_lag(tree):
    for defect in GAZE_DEFECTS:
        assert tree.of(defect)[0]["visits"] == []


def test_boxes_are_in_the_release_s_order(tree):
    path = tree.egd / "bounding_boxes.csv"
    assert path.read_text().startswith("dicom_id,bbox_name,x1,x2,y1,y2\n")
    rows = rows_of(path)
    assert {row["bbox_name"] for row in rows} == STRUCTURES
    assert len(rows) == 21 * 17 - 1
    keys = [(row["dicom_id"], row["bbox_name"]) for row in rows]
    assert keys == sorted(keys)
    for row in rows:
        case = tree.by_id[row["dicom_id"]]
        x1, x2, y1, y2 = (float(row[name]) for name in ("x1", "x2", "y1", "y2"))
        assert 0 <= x1 <= x2 < case.width_px
        assert 0 <= y1 <= y2 < case.height_px
        assert row["x1"].endswith(".0")


def test_left_structures_lie_at_larger_x(tree):
    place = {
        (row["dicom_id"], row["bbox_name"]): row for row in rows_of(tree.egd / "bounding_boxes.csv")
    }
    case = next(iter(tree.by_id))
    assert float(place[case, "left lung"]["x1"]) > float(
        place[case, "right hilar structures"]["x1"]
    )


def test_pictures_masks_and_dicom_have_the_case_s_size(tree):
    written = list((tree.root / "mimic-cxr").rglob("*.dcm"))
    assert len(written) == N_WITH_PICTURES
    for case in tree.cases[:N_WITH_PICTURES]:
        dataset = pydicom.dcmread(tree.root / "mimic-cxr" / case.folder / f"{case.dicom_id}.dcm")
        assert (dataset.Rows, dataset.Columns) == (case.height_px, case.width_px)
        folder = tree.egd / "audio_segmentation_transcripts" / case.dicom_id
        names = {path.name for path in folder.iterdir()} - {"index.html"}
        assert names == {
            "transcript.json", "left_lung.png", "right_lung.png", "mediastanum.png",
            "aortic_knob.png",
        }  # fmt: skip
        for name in names - {"transcript.json"}:
            mask = np.asarray(Image.open(folder / name))
            assert mask.shape == (case.height_px, case.width_px)
            assert np.unique(mask).tolist() == [0, 255]


def test_some_images_are_monochrome1(tree):
    inverted = inverted_ids(tree.cases)
    assert 0 < len(inverted) <= 3
    assert inverted < set(tree.by_id)


def test_stray_files_lie_about(tree):
    strays = list(tree.egd.rglob("index.html"))
    assert 0 < len(strays) < 21


def test_inclusion_tables_list_the_classes(tree):
    folder = tree.egd / "inclusion_exclusion_criteria_outputs"
    for name in ("CHF", "normals", "pneumonia"):
        assert len(rows_of(folder / f"{name}.csv")) == 7


def test_without_images_the_rest_is_the_same(tree, tmp_path):
    write_egd(tmp_path, tree.cases, samples=False)
    written = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert written
    assert not [path for path in written if path.name == "eye_gaze.csv" or path.suffix == ".png"]
    for path in written:
        assert (tmp_path / path).read_bytes() == (tree.root / path).read_bytes(), path


def test_a_rebuild_gives_the_same_bytes(tree, tmp_path):
    shuffled = tree.cases[::-1]
    write_egd(tmp_path, shuffled)
    write_pictures(tree.cases[:N_WITH_PICTURES], tmp_path, inverted_ids(shuffled))
    first = {path.relative_to(tree.root) for path in tree.root.rglob("*") if path.is_file()}
    second = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert first == second
    for path in first:
        assert (tmp_path / path).read_bytes() == (tree.root / path).read_bytes(), path
