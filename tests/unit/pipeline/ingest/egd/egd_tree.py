"""An EGD tree of a few invented readings, in the exact layout, to be spoilt by single tests.

Positions are computed here as the publishers' code did (spec egd.md 5), not by ours.
"""

import csv
import json
from pathlib import Path

from PIL import Image

from gazescribe.pipeline.sources.loading import load_manifest

MANIFEST = load_manifest("egd")
GAZE_COLUMNS = [column.name for column in MANIFEST.file("fixations").columns]
SHEET_COLUMNS = [column.name for column in MANIFEST.file("master_sheet").columns]
LABELS = MANIFEST.labels["master_sheet"]


def dicom_id(number: int) -> str:
    return f"00000000-0000000a-0000000b-0000000c-{number:08x}"


def pads(width, height):
    ratio = 1024 / max(width, height)
    shown_width, shown_height = int(width * ratio), int(height * ratio)
    left, top = (1920 - shown_width) // 2, (1024 - shown_height) // 2
    return top, 1024 - shown_height - top, left, 1920 - shown_width - left


def published(x, y, width, height):
    """X_ORIGINAL and Y_ORIGINAL of a place on the screen, in fractions."""
    top, bottom, left, right = pads(width, height)
    x, y = x * 1920, y * 1080
    inside = left < x < 1920 - right and top < y < 1080 - bottom
    across, down = (x - left, y - top) if inside else (-1, -1)
    width, height = width + width % 2, height + height % 2
    return (
        int(width / (1920 - left - right) * across),
        int(height / (1080 - top - bottom) * down),
    )


class EgdTree:
    """Writes a tree; every reading is whole unless a test says otherwise."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.sheet: list[dict[str, object]] = []
        self.gaze: dict[str, list[dict[str, object]]] = {"fixations": [], "eye_gaze": []}
        self.boxes: list[tuple[object, ...]] = []
        self.sizes: dict[str, tuple[int, int]] = {}

    def add(self, number, size=(2544, 3056), *, mask=True, diagnosis="Normal", **changes):
        """Add a reading with two fixations, three samples, two boxes and a dictation."""
        one, subject = dicom_id(number), changes.pop("patient_id", 99000000 + number)
        self.sizes[one] = size
        names = ("image_top_pad", "image_bottom_pad", "image_left_pad", "image_right_pad")
        self.sheet.append(
            dict.fromkeys(SHEET_COLUMNS, "")
            | dict.fromkeys(LABELS.flag, 0)
            | dict.fromkeys(LABELS.state, "")
            | {"dicom_id": one, "path": f"files/p99/p{subject}/s{subject}/{one}.dcm"}
            | {"study_id": subject, "patient_id": subject, "gender": "F"}
            | {"anchor_age": "20 - 30", "Normal": 0, "CHF": 0, "pneumonia": 0, diagnosis: 1}
            | {"stay_id": 99000000, "cxr_exam_indication": 'Fever,\nand "cough".\n\nRule out'}
            | dict(zip(names, pads(*size), strict=True))
            | changes
        )
        self.fixation(one, 0.1, 0.3, 0.4, 0.4)
        self.fixation(one, 0.5, 0.25, 0.5, 0.6)
        for step in range(3):
            self.sample(one, step / 60, 0.4, 0.4)
        self.boxes += [(one, "left lung", 10.0, 20.0, 30.0, 40.0), (one, "trachea", 1, 2, 3, 4)]
        self.transcript(one, [("Small effusion.", 0.4, 1.4), ("Normal", 1.5, 1.9)])
        if mask:
            self.file(one, "left_lung.png", b"")
            Image.new("1", size).save(self.folder(one) / "left_lung.png")
        return one

    def fixation(self, one, onset, duration, x, y, **changes):
        self._gaze("fixations", one, onset + duration, (x, y), onset, duration, changes)

    def sample(self, one, time, x, y, **changes):
        self._gaze("eye_gaze", one, time, (x, y), time, 0.0, changes)

    def _gaze(self, table, one, time, place, onset, duration, changes):
        x, y = published(*place, *self.sizes.get(one, (1920, 1080)))
        row = dict.fromkeys(GAZE_COLUMNS, 0) | {"DICOM_ID": one, "Time (in secs)": time}
        row |= {"FPOGX": place[0], "FPOGY": place[1], "FPOGS": onset, "FPOGD": duration}
        self.gaze[table].append(row | {"FPOGV": 1, "X_ORIGINAL": x, "Y_ORIGINAL": y} | changes)

    def transcript(self, one, phrases, full_text=None):
        content = {
            "full_text": full_text or " " + " ".join(phrase for phrase, _, _ in phrases),
            "time_stamped_text": [
                {"phrase": phrase, "begin_time": begin, "end_time": end}
                for phrase, begin, end in phrases
            ],
        }
        self.file(one, "transcript.json", json.dumps(content).encode())

    def folder(self, one):
        return self.root / "audio_segmentation_transcripts" / one

    def file(self, one, name, content):
        self.folder(one).mkdir(parents=True, exist_ok=True)
        (self.folder(one) / name).write_bytes(content)

    def finish(self) -> Path:
        """Write the tables; give the root."""
        header = [*SHEET_COLUMNS[:-1], *LABELS.flag, *LABELS.state, SHEET_COLUMNS[-1]]
        self.csv("master_sheet.csv", header, [[row[name] for name in header] for row in self.sheet])
        for table, rows in self.gaze.items():
            cells = [[row[name] for name in GAZE_COLUMNS] for row in rows]
            self.csv(f"{table}.csv", GAZE_COLUMNS, cells)
        boxes = ["dicom_id", "bbox_name", "x1", "x2", "y1", "y2"]
        self.csv("bounding_boxes.csv", boxes, self.boxes)
        return self.root

    def csv(self, name, header, rows):
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / name).open("w", newline="") as handle:
            writer = csv.writer(handle, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(rows)
