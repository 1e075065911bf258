"""A tree of somebody's own data set, and its manifest."""

import json

import yaml

from gazescribe.pipeline.core.tables import read_table
from tests.running import invoke

FIXATIONS = "id,start,end,x,y\nA1,0.5,0.75,10,20\nA1,0.8,1.0,50,60\nB2,1.0,2.0,30,40\n"


WORDS = "id,word,from,to\nA1,small,1,1.5\nA1,effusion.,1.5,2\nB2,clear lungs. heart is big,0,2.6\n"


READINGS = "id,who,w,h\nA1,7,100,80\nB2,8,100,80\n"


MANIFEST = {
    "name": "mylab",
    "resolution": {"px_per_deg": 30},
    "tables": {
        "readings": {
            "file": "readings.csv",
            "columns": {"reading_id": "id", "subject_id": "who", "width_px": "w", "height_px": "h"},
        },
        "fixations": {
            "file": "fixations.csv",
            "columns": {
                "reading_id": "id",
                "onset_s": "start",
                "offset_s": "end",
                "x_px": "x",
                "y_px": "y",
            },
        },
        "words": {
            "file": "words.csv",
            "columns": {"reading_id": "id", "text": "word", "onset_s": "from", "offset_s": "to"},
        },
    },
}


SCREEN = {
    "monitor": "m",
    "width_px": 400,
    "height_px": 200,
    "width_mm": 800,
    "height_mm": 400,
    "distance_mm": 500,
    "tracker": "t",
    "sampling_hz": 60,
}


class Lab:
    """A tree and its manifest."""

    def __init__(self, folder):
        self.folder = folder
        self.manifest = json.loads(json.dumps(MANIFEST))
        self.files = {"readings.csv": READINGS, "fixations.csv": FIXATIONS, "words.csv": WORDS}

    @property
    def tables(self):
        return self.manifest["tables"]

    def write(self):
        (self.folder / "mylab.yaml").write_text(yaml.safe_dump(self.manifest))
        for name, content in self.files.items():
            path = self.folder / "raw" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def run(self, command="ingest", *options):
        self.write()
        out = [self.folder / "out"] if command == "ingest" else []
        given = (self.folder / "mylab.yaml", self.folder / "raw", *out, *options)
        return invoke(command, *given)

    def ingest(self):
        result = self.run("ingest", "--workers", "1")
        assert result.exit_code == 0, result.output
        self.summary = json.loads((self.folder / "out" / "ingest.json").read_text())
        return self

    def all_rows(self, table):
        return read_table(self.folder / "out", table).to_pylist()

    def rows(self, table, reading_id="A1"):
        return [row for row in self.all_rows(table) if row["reading_id"] == reading_id]

    def column(self, table, name, reading_id="A1"):
        return [row[name] for row in self.rows(table, reading_id)]

    def reasons(self):
        return {code: reason["rows"] for code, reason in self.summary["faults"].items()}
