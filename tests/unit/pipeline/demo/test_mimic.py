import csv
import gzip
import io
from collections import Counter, defaultdict
from itertools import chain

import pytest
from PIL import Image

from gazescribe.pipeline.core.values import CHEXPERT_LABELS
from gazescribe.pipeline.demo.mimic import (
    MEANS,
    chexpert_labels,
    plan_images,
    write_images,
    write_tables,
)
from gazescribe.pipeline.demo.population import draw_cases

FILE = "mimic-cxr-2.0.0-{}.csv.gz"
METADATA = (
    "dicom_id,subject_id,study_id,PerformedProcedureStepDescription,ViewPosition,Rows,Columns,"
    "StudyDate,StudyTime,ProcedureCodeSequence_CodeMeaning,ViewCodeSequence_CodeMeaning,"
    "PatientOrientationCodeSequence_CodeMeaning"
)
LABELS = (
    "subject_id,study_id,Atelectasis,Cardiomegaly,Consolidation,Edema,Enlarged Cardiomediastinum,"
    "Fracture,Lung Lesion,Lung Opacity,No Finding,Pleural Effusion,Pleural Other,Pneumonia,"
    "Pneumothorax,Support Devices"
)


class Tree:
    """Tables of the default size, read back with `csv` alone."""

    def __init__(self, root):
        self.root = root
        self.population = draw_cases(60, 1, small=True)
        self.images, self.unlabelled = plan_images(self.population, 1, 0.02)
        write_tables(self.images, self.unlabelled, root)
        self.metadata = self.rows("metadata")
        self.views = defaultdict(list)
        for row in self.metadata:
            self.views[row["study_id"]].append(row["ViewPosition"])

    def text(self, name):
        return gzip.decompress((self.root / FILE.format(name)).read_bytes()).decode()

    def rows(self, name):
        return list(csv.DictReader(io.StringIO(self.text(name))))


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return Tree(tmp_path_factory.mktemp("mimic"))


def annotated(tree):
    reflacx = chain.from_iterable(tree.population.phases.values())
    return {str(case.study_id) for case in (*reflacx, *tree.population.egd)}


@pytest.mark.parametrize(
    ("name", "header"),
    [
        pytest.param("metadata", METADATA, id="metadata"),
        pytest.param("split", "dicom_id,study_id,subject_id,split", id="split: study first"),
        pytest.param("chexpert", LABELS, id="chexpert"),
        pytest.param("negbio", LABELS, id="negbio"),
    ],
)
def test_tables_have_the_released_form(tree, name, header):
    text = tree.text(name)
    assert text.startswith(f"{header}\n")
    assert "\r" not in text
    assert text.endswith("\n")
    keys = [(row["subject_id"], row["study_id"]) for row in tree.rows(name)]
    assert keys
    assert keys == sorted(keys)


def test_every_image_is_in_metadata_split_and_list(tree):
    ids = [row["dicom_id"] for row in tree.metadata]
    assert len(ids) == len(set(ids)) == len(tree.images)
    assert {case.dicom_id for case in tree.population.cases} < set(ids)
    assert [row["dicom_id"] for row in tree.rows("split")] == ids
    listed = (tree.root / "IMAGE_FILENAMES").read_text(encoding="utf-8").splitlines()
    expected = [
        f"files/p99/p{row['subject_id']}/s{row['study_id']}/{row['dicom_id']}.jpg"
        for row in tree.metadata
    ]
    assert listed == expected
    assert all(name.startswith("00000000-") and len(name) == 44 for name in ids)


def test_no_subject_is_in_two_splits(tree):
    splits = defaultdict(set)
    for row in tree.rows("split"):
        splits[row["subject_id"]].add(row["split"])
    assert all(len(found) == 1 for found in splits.values())
    assert set.union(*splits.values()) == {"train", "validate", "test"}


def test_annotated_studies_have_one_frontal_and_labels(tree):
    labelled = {row["study_id"] for row in tree.rows("chexpert")}
    for study in annotated(tree):
        assert sum(view in ("PA", "AP") for view in tree.views[study]) == 1
        assert study in labelled


def test_edge_cases_are_there_among_the_others(tree):
    labelled = {row["study_id"] for row in tree.rows("chexpert")}
    without = set(tree.views) - labelled
    assert without == {str(study) for study in tree.unlabelled}
    assert len(without) == 1
    views = Counter(view for found in tree.views.values() for view in found)
    assert views[""] >= 1
    assert views["LATERAL"] > 5
    assert views["LL"] > 5
    assert any(sum(view in ("PA", "AP") for view in found) == 2 for found in tree.views.values())
    times = [float(row["StudyTime"]) for row in tree.metadata]
    assert any(time < 100_000 for time in times)
    assert any(time > 100_000 for time in times)


def test_sizes_are_rows_and_columns_of_the_case(tree):
    by_id = {row["dicom_id"]: row for row in tree.metadata}
    for case in tree.population.cases:
        row = by_id[case.dicom_id]
        assert (int(row["Columns"]), int(row["Rows"])) == (case.width_px, case.height_px)


def test_labels_agree_with_what_the_picture_shows(tree):
    rows = {row["study_id"]: row for row in tree.rows("chexpert")}
    states = Counter()
    for case in tree.population.cases:
        row = rows.get(str(case.study_id))
        if row is None:
            continue
        findings = {lesion.finding for lesion in case.lesions}
        for label in CHEXPERT_LABELS:
            states[row[label]] += 1
            if label == "No Finding":
                continue
            causes = {finding for finding in findings if label in MEANS[finding]}
            certain = {finding for finding in causes if MEANS[finding][label] == 1}
            assert row[label] in ("1.0", "-1.0", "0.0", "")
            if certain:
                assert row[label] in ("1.0", "-1.0")
            if not causes:
                assert row[label] in ("0.0", "")
        assert (row["No Finding"] == "1.0") == (not findings - {"support devices"})
    assert min(states[value] for value in ("1.0", "-1.0", "0.0", "")) > 10


def test_doubt_becomes_uncertain(tree):
    for case in tree.population.cases:
        labels = chexpert_labels(case)
        hearts = [
            lesion.certainty
            for lesion in case.lesions
            if lesion.finding == "enlarged cardiac silhouette"
        ]
        if hearts:
            assert labels["Cardiomegaly"] == (1 if hearts[0] > 3 else -1)
        assert labels == chexpert_labels(case)


def test_pictures_are_grey_and_of_the_stated_size(tree, tmp_path):
    frontal = next(image for image in tree.images if image.view == "AP")
    lateral = next(image for image in tree.images if image.view == "LATERAL")
    write_images([frontal, lateral], tmp_path)
    for image in (frontal, lateral):
        case = image.case
        with Image.open(tmp_path / case.folder / f"{case.dicom_id}.jpg") as picture:
            assert picture.mode == "L"
            assert picture.size == (case.width_px, case.height_px)
