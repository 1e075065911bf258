"""A tree of MIMIC-CXR-JPG's tables, to be spoilt by single tests."""

import csv
import gzip

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.sources.loading import load_manifest

SETTINGS = load_params().ingest


MANIFEST = load_manifest("mimic-cxr-jpg")


LABELS = MANIFEST.labels["chexpert"].names


class MimicTree:
    """The three tables of invented images, to be spoilt by single tests."""

    def __init__(self, root):
        self.root = root
        self.rows = {"metadata": [], "split": [], "chexpert": []}

    def add(self, number, view="PA", *, study=None, subject=None, split="train", **labels):
        """Add an image; its study is labelled unless `labels` is {'none': True}."""
        study, subject = 99000000 + (study or number), 99000000 + (subject or number)
        one = f"00000000-0000000a-0000000b-0000000c-{number:08x}"
        ids = {"dicom_id": one, "subject_id": subject, "study_id": study}
        meta = {"ViewPosition": view, "Rows": 3056, "Columns": 2544, "StudyTime": "80512.25"}
        self.rows["metadata"].append(ids | meta)
        self.rows["split"].append(ids | {"split": split})
        known = {row["study_id"] for row in self.rows["chexpert"]}
        if study not in known and not labels.pop("none", False):
            self.rows["chexpert"].append({"subject_id": subject, "study_id": study} | labels)
        return one

    def finish(self, suffix=".csv"):
        self.root.mkdir(parents=True, exist_ok=True)
        for name, rows in self.rows.items():
            file = MANIFEST.file(name)
            header = [column.name for column in file.columns]
            header += LABELS if name == "chexpert" else []
            path = (self.root / file.pattern).with_suffix(suffix)
            opened = gzip.open if path.suffix == ".gz" else open
            with opened(path, "wt", newline="") as handle:
                writer = csv.DictWriter(handle, header, lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
        return self.root
