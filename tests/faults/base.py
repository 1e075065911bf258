"""A healthy project, small: what each command reads, made once a session."""

import dataclasses
import hashlib
import json
import os
import shutil
import wave
from pathlib import Path

import numpy as np
from PIL import Image

from gazescribe.models.mil.settings import MaskDrawing, MilInputs, MilRun
from gazescribe.pipeline.core.tables import read_table
from tests import cooperative_scores, report_run, reviews, scores
from tests.conftest import ROOT
from tests.running import gazescribe
from tests.unit.models import drawn_cases
from tests.unit.models.mil import mil_cases, mil_scored

RUN = mil_cases.run(
    name="unannotated-seed0", model="unannotated", supervision="none", decoder=False
)
DRAWN = mil_cases.run(
    supervision={"gaze": ("egd",), "ellipse": ("reflacx",)}, batch_size=5, decoder=False
)
TEXTS = {
    "r0": "Mild edema of both lungs. There is no large pleural effusion.",
    "r1": "The heart is enlarged. A small nodule is seen, perhaps two.",
}
LAB = {
    "lab.yaml": """name: mylab
resolution: {px_per_deg: 30}
tables:
  readings:
    file: readings.csv
    columns: {reading_id: id, subject_id: who, width_px: w, height_px: h}
  fixations:
    file: fixations.csv
    columns: {reading_id: id, onset_s: start, offset_s: end, x_px: x, y_px: y}
  words:
    file: words.csv
    columns: {reading_id: id, text: word, onset_s: from, offset_s: to}
""",
    "spoken.yaml": """name: mylab
tables:
  words: {file: "{reading_id}.json", format: whisper}
""",
    "spoken/A1.json": json.dumps(
        {"segments": [{"words": [{"word": " Clear.", "start": 1.0, "end": 1.5}, {"word": " 2"}]}]}
    ),
    "lab/readings.csv": "id,who,w,h\nA1,7,100,80\nB2,8,100,80\n",
    "lab/fixations.csv": "id,start,end,x,y\nA1,0.5,0.75,10,20\nA1,0.8,1.0,50,60\nB2,1,2,30,40\n",
    "lab/words.csv": "id,word,from,to\nA1,small,1,1.5\nA1,effusion.,1.5,2\n"
    "B2,clear lungs. heart is big,0,2.6\n",
}


def make_base(folder: Path) -> Path:
    """Write the project into a folder that need not exist; nothing where it is whole already."""
    if (folder / "params.yaml").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    before = Path.cwd()
    os.chdir(folder)
    try:
        _make_data()
        _make_networks()
        _make_own_files()
    finally:
        os.chdir(before)
    for name in ("rules", "params"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "params.yaml", folder / "params.yaml")
    return folder


def _make_data() -> None:
    """Write tables, mentions, windows and maps, each by its command."""
    one = ("--workers", 1)
    gazescribe("demo", "raw", "--readings", 11, "--seed", 3, "--images", "small", *one)
    gazescribe("ingest", "reflacx", "raw/reflacx", "read", *one)
    metadata = ("--mimic-metadata", "raw/mimic-cxr-jpg")
    gazescribe("ingest", "egd", "raw/egd", "seen", "--samples", *metadata, *one)
    gazescribe("ingest", "mimic-cxr-jpg", "raw/mimic-cxr-jpg", "shot", *one)
    for suffix in ("parquet", "csv", "jsonl"):
        gazescribe("label", "read", f"mentions.{suffix}", *one)
    gazescribe("associate", "read", "mentions.parquet", "associated", *one)
    gazescribe("scanpaths", "read", "associated", "paths", *one)
    shutil.copy("paths/findings.json", "predicted.json")
    gazescribe("associate", "read", "mentions.parquet", "taught", "--method", "learned", *one)
    _make_review()
    gazescribe("heatmaps", "read", "associated", "maps", "--size", 16, *one)
    gazescribe("images", "shot", "raw/mimic-cxr-jpg", "images", "--size", 16, *one)


def _make_review() -> None:
    """Write what a reader says of one reading: its first mention is none, a window is moved."""
    window = read_table(Path("associated"), "windows").to_pylist()[0]
    reading_id = window["reading_id"]
    readings = read_table(Path("read"), "readings", ["reading_id", "text"]).to_pylist()
    (text,) = (row["text"] for row in readings if row["reading_id"] == reading_id)
    with Path("mentions.jsonl").open(encoding="utf-8") as file:
        rows = [row for row in map(json.loads, file) if row["report_id"] == reading_id]
    said = [{name: row[name] for name in reviews.MENTION} for row in rows]
    answers = [reviews.about(said[0], None), *(reviews.about(one, one) for one in said[1:])]
    words = text[window["char_start"] : window["char_end"]]
    windows = [reviews.moved(text, words, 1.0, 2.0)]
    shown = reviews.of_reading(text, answers, windows, reading_id=reading_id, is_complete=True)
    reviews.write_review(Path("reviews/review.json"), shown)


def _make_networks() -> None:
    """Write what is needed to train one network in a second, the network, and its scores."""
    inputs = mil_scored.world(Path("world"))
    for number in range(4):
        state = {"Edema": "positive" if number % 2 else "negative"}
        inputs.image(f"train-{number}", 99_000_000 + number, "train", **state)
    _write_config("config.json", inputs.write(), RUN)
    _make_drawn_world()
    gazescribe("train", "config.json", "models", "--accelerator", "cpu")
    gazescribe("evaluate", "config.json", "models", "scored", "--accelerator", "cpu")
    shutil.rmtree(".runs", ignore_errors=True)
    for package, name, model in (
        (scores, "mil_scores", "et"),
        (cooperative_scores, "cooperative_scores", "mt_unet"),
    ):
        package.write_scores(Path(name), {model: package.MODELS[model]}, seeds=(0,))
    scores.write_examples(Path("mil_scores/et-seed0"), n=4, size=16)
    Path("pictures").mkdir()
    for number in range(2):
        grey = np.random.default_rng(number).integers(0, 256, (24, 32), dtype=np.uint8)
        Image.fromarray(grey).save(f"pictures/p{number}.png")
    shutil.copy(next(Path("raw").rglob("*.dcm")), "pictures/d.dcm")


def _make_drawn_world() -> None:
    """Write what is needed to train a network whose maps are drawn, of gaze and of ellipses."""
    world = mil_cases.listed_world(Path("drawn"))
    world.maps.clear()
    world.ellipse("R1", "Pulmonary edema", 3, (20.0, 30.0, 61.0, 90.0))
    world.ellipse("R3", "Pneumothorax", 5, (-5.0, 10.0, 40.0, 60.0))
    world.reading("E1", 99_000_003, said="Edema", dataset="egd", phase=None)
    inputs = world.write()
    for associated in ("associated", "egd_associated"):
        drawn_cases.add_gaussians(Path(getattr(inputs, associated)), mil_cases.IMAGE_PX)
    counts = {"n_readings_gaze_begins_late": 0}
    Path(inputs.egd_associated, "associate.json").write_text(json.dumps(counts))
    masks = MaskDrawing(3, None, {"reflacx": mil_cases.CHANNELS["reflacx"]})
    _write_config("drawn.json", dataclasses.replace(inputs, maps="gaussians", masks=masks), DRAWN)


def _write_config(name: str, inputs: MilInputs, run: MilRun) -> None:
    content = dataclasses.asdict(mil_scored.config(inputs, run))
    Path(name).write_text(json.dumps({"schema_version": 1, **content}))


def _make_own_files() -> None:
    """Write a run for the report, reports to label, and data of somebody's own."""
    report_run.make_run(Path("run"))
    report_run.write_results_of(Path("run/results/mil"))
    nearer = LAB["lab.yaml"].replace("px_per_deg: 30", "px_per_deg: 29")
    for name, content in {**LAB, "nearer.yaml": nearer}.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(content)
    rows = "".join(f'{name},"{text}"\n' for name, text in TEXTS.items())
    Path("reports.csv").write_text(f"report_id,text\n{rows}")
    objects = ({"report_id": name, "text": text} for name, text in TEXTS.items())
    Path("reports.jsonl").write_text("".join(json.dumps(row) + "\n" for row in objects))
    Path("subjects.txt").write_text("99000001\n")
    with wave.open("speech.wav", "wb") as file:  # noise: nobody speaks
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(np.random.default_rng(0).integers(-99, 99, 8_000, "<i2").tobytes())
    Path("readings.txt").write_text("P102R775552\n")
    sides = "xmin_px,ymin_px,xmax_px,ymax_px"
    Path("own.csv").write_text(f"reading_id,region,{sides}\nP102R775552,apex,10,20,30,40\n")
    Path("key").write_text(f"gazescribe key 1\n{hashlib.sha256().hexdigest()}\n")
