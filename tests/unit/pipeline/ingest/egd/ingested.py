"""Tables of an EGD tree, read back for tests, and MIMIC-CXR-JPG tables beside it."""

import gzip
import json

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.ingest.settings import IngestOptions
from tests.unit.pipeline.ingest.egd.egd_tree import dicom_id

SETTINGS = load_params().ingest


NO_OPTION = IngestOptions()


ONE, TWO = dicom_id(1), dicom_id(2)


class Ingested:
    """Tables as lists of rows, and the counts of `ingest.json`."""

    def __init__(self, out):
        self.out = out
        self.counts = json.loads((out / "ingest.json").read_text())

    def rows(self, table, **where):
        rows = read_table(self.out, table).to_pylist()
        return [row for row in rows if all(row[key] == value for key, value in where.items())]

    def column(self, table, name, **where):
        return [row[name] for row in self.rows(table, **where)]

    def attributes(self, reading_id):
        rows = self.rows("attributes", reading_id=reading_id)
        return {row["name"]: row["value"] for row in rows}

    def reasons(self):
        return {code: reason["rows"] for code, reason in self.counts["faults"].items()}


def mimic(folder, splits, sizes=None):
    """Write MIMIC-CXR-JPG's metadata and split of some images."""
    folder.mkdir()
    sizes = sizes or {}
    header = "dicom_id,subject_id,study_id,ViewPosition,Rows,Columns\n"
    rows = [
        f"{one},99000001,99000001,PA,{sizes.get(one, (9, 8))[1]},{sizes.get(one, (9, 8))[0]}\n"
        for one in splits
    ]
    (folder / "mimic-cxr-2.0.0-metadata.csv").write_text(header + "".join(rows))
    rows = [f"{one},99000001,99000001,{split}\n" for one, split in splits.items()]
    text = "dicom_id,study_id,subject_id,split\n" + "".join(rows)
    with gzip.open(folder / "mimic-cxr-2.0.0-split.csv.gz", "wt") as handle:
        handle.write(text)
    return folder
