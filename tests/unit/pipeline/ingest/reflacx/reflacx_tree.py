"""A REFLACX tree of a few invented readings, in the exact layout, to be spoilt by single tests."""

import csv
from pathlib import Path

from gazescribe.pipeline.ingest.reflacx.gaze import FIXATION_COLUMNS
from gazescribe.pipeline.sources.loading import load_manifest

MANIFEST = load_manifest("reflacx")
SENTENCE = "small effusion , stable . heart is normal ."
FIXATION = {
    **{column.name: "0" for column in MANIFEST.file("fixations").columns},
    "pupil_area_normalized": "1.0",
    "angular_resolution_x_pixels_per_degree": "94",
    "angular_resolution_y_pixels_per_degree": "93",
    "xmax_shown_from_image": "100",
    "ymax_shown_from_image": "120",
}


class ReflacxTree:
    """Writes a tree; every reading is whole unless a test says otherwise."""

    def __init__(self, root: Path, newline: str = "\r\n") -> None:
        self.root = root
        self.newline = newline
        self.rows: dict[int, list[dict[str, str]]] = {1: [], 2: [], 3: []}

    def add(self, reading_id: str, subject: int = 99000001, **changes: str) -> None:
        """Add a reading: its metadata row, where `changes` replace cells, and all its files."""
        phase = int(reading_id[1])
        labels = MANIFEST.labels[f"phase_{phase}"]
        dicom_id = f"00000000-0000000a-0000000b-0000000c-{subject:08d}"
        row = {
            "id": reading_id,
            "split": "train",
            "eye_tracking_data_discarded": "False",
            "image": "physionet.org/files/mimic-cxr/2.0.0/files/"
            f"p99/p{subject}/s{subject}/{dicom_id}.dcm",
            "dicom_id": dicom_id,
            "subject_id": str(subject),
            "image_size_x": "100",
            "image_size_y": "120",
        }
        row |= dict.fromkeys(labels.certainty, "0") | dict.fromkeys(labels.flag, "False")
        self.rows[phase].append(row | dict.fromkeys(labels.text, "") | changes)
        self.fixations(reading_id, [("0.5", "0.75", "10", "20"), ("0.8", "1.0", "50", "60")])
        self.words(reading_id, SENTENCE.split())
        self.ellipses(reading_id, [])
        self.table(reading_id, "chest", ["xmin", "ymin", "xmax", "ymax"], [["5", "6", "90", "99"]])

    def finish(self) -> Path:
        """Write the metadata tables; give the root."""
        for phase, rows in self.rows.items():
            file = MANIFEST.file(f"metadata_phase_{phase}")
            header = file.required_columns + MANIFEST.labels[file.labels].names
            self.csv(file.pattern, header, [[row[name] for name in header] for row in rows])
        return self.root

    def fixations(self, reading_id: str, rows: list[tuple[str, ...]], **changes: str) -> None:
        """Write fixations from (start, end, x, y)."""
        names = [FIXATION_COLUMNS[name] for name in ("onset_s", "offset_s", "x_px", "y_px")]
        full = [FIXATION | dict(zip(names, row, strict=True)) | changes for row in rows]
        self.table(reading_id, "fixations", list(FIXATION), [list(row.values()) for row in full])

    def words(self, reading_id: str, words: list[str], step_s: float = 0.5) -> None:
        """Write words of equal length from 2 s on, and the text that they give."""
        rows = [
            [word, str(2 + step_s * number), str(2 + step_s * (number + 1))]
            for number, word in enumerate(words)
        ]
        header = MANIFEST.file("words").required_columns
        self.table(reading_id, "words", header, rows)
        text = " ".join(words).replace(" .", ".").replace(" ,", ",")
        self.put(self.path(reading_id, "transcription"), text)

    def ellipses(self, reading_id: str, rows: list[tuple[list[str], list[str]]]) -> None:
        """Write ellipses from ([xmin, ymin, xmax, ymax, certainty], true labels)."""
        labels = MANIFEST.labels[f"phase_{reading_id[1]}"].names
        flags = [[*numbers, *(str(label in true) for label in labels)] for numbers, true in rows]
        header = MANIFEST.file("ellipses").required_columns + labels
        self.table(reading_id, "ellipses", header, flags)

    def table(self, reading_id: str, name: str, header: list[str], rows: list[list[str]]) -> None:
        """Write one CSV file of a reading."""
        self.csv(self.path(reading_id, name), header, rows)

    def csv(self, path: str, header: list[str], rows: list[list[str]]) -> None:
        """Write a CSV file."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("w", encoding="utf-8", newline="") as handle:
            csv.writer(handle, lineterminator=self.newline).writerows([header, *rows])

    def put(self, path: str, text: str) -> None:
        """Write any file."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="")

    def path(self, reading_id: str, name: str) -> str:
        """Give the path of one file of a reading below the root."""
        return MANIFEST.file(name).pattern.replace("{reading_id}", reading_id)
