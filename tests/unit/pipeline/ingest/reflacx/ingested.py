"""Tables of a REFLACX tree, read back for tests."""

import json

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.ingest.settings import IngestOptions
from gazescribe.pipeline.sources.loading import load_manifest

MANIFEST = load_manifest("reflacx")


SETTINGS = load_params().ingest


ONE = IngestOptions(workers=1)


class Ingested:
    """Tables as lists of rows, and the counts of `ingest.json`."""

    def __init__(self, out):
        self.out = out
        self.counts = json.loads((out / "ingest.json").read_text())

    def rows(self, table, **where):
        rows = read_table(self.out, table).to_pylist()
        return [row for row in rows if all(row[key] == value for key, value in where.items())]

    def reasons(self):
        return {code: reason["rows"] for code, reason in self.counts["faults"].items()}

    def attributes(self, reading_id):
        rows = self.rows("attributes", reading_id=reading_id)
        return {row["name"]: row["value"] for row in rows}
