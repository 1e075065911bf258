"""Write the archive of a version, once, before its release: files that later ones must read.

    python -m tests.archive.write PROJECT VERSION

PROJECT is a folder after `make demo` by that version. What is written below `tests/archive/VERSION`
is never written again: `test_archive.py` reads it with the program of today.
"""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
from safetensors import safe_open
from safetensors.numpy import save_file

import gazescribe as gs
from gazescribe.pipeline.core.tables import read_table, write_table
from tests.archive import promised
from tests.invented_lab import write_lab
from tests.reviews import about, of_reading, said, write_review
from tests.running import gazescribe

HERE = Path(__file__).parent
SIZE = 32
NETWORKS = {"mil": "et-seed0", "cooperative": "dnet201-seed0"}
LABELS = ("Edema", "Opacity", "Cardiomegaly")
COPIED = (
    "params.yaml",
    "params",
    "data/configs",
    "data/tables/reflacx",
    "data/tables/egd",
    "data/tables/mimic-cxr-jpg",
    "data/mentions/reflacx.parquet",
    "data/associated/reflacx",
    "data/images/cooperative",
    "results/mil/tables.json",
    "results/mil/tabulate.json",
)
KEPT_WEIGHTS = 20  # one of so many; the others are 0, so that the file is small once compressed


def main(project: Path, archive: Path) -> None:
    for name in COPIED:
        copy(project / name, archive / name)
    shorten_samples(archive / "data/tables/egd")
    leave_figures_out(archive / "results/mil/tables.json")
    run = {
        "schema_version": 1,
        "datasets": {
            "reflacx": {
                "tables": "data/tables/reflacx",
                "mentions": "data/mentions/reflacx.parquet",
                "associated": "data/associated/reflacx",
            }
        },
        "results": {"mil": "results/mil"},
    }
    (archive / "run.json").write_text(json.dumps(run, indent=1) + "\n")
    folders = (archive / "data/tables/reflacx", archive / "data/associated/reflacx")
    small = ("--size", SIZE, "--workers", 1)
    gazescribe("heatmaps", *folders, archive / "maps", *small)
    gazescribe("heatmaps", *folders, archive / "saliency", "--kind", "saliency", *small)
    gazescribe("scanpaths", *folders, archive / "scanpaths")
    gazescribe("export", *folders, archive / "export", "--shards", archive / "maps")
    picture = min((project / "data/demo/mimic-cxr-jpg").rglob("*.jpg"))
    copy(picture, archive / "radiograph.jpg")
    for system, name in NETWORKS.items():
        thin_out(
            project / "data/scores" / system / name, archive / "networks" / f"{system}.safetensors"
        )
    write_lab(archive / "own", n=4)
    write_one_review(archive)
    (archive / "promised.json").write_text(json.dumps(promises(archive), indent=1) + "\n")


def copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    (shutil.copytree if source.is_dir() else shutil.copyfile)(source, target)


def shorten_samples(tables: Path) -> None:
    samples = read_table(tables, "samples")
    first = pa.compute.equal(samples["reading_id"], samples["reading_id"][0])
    write_table(samples.filter(first), tables, "samples")


def leave_figures_out(path: Path) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | {"figures": []}) + "\n")


def thin_out(scored: Path, target: Path) -> None:
    """Copy a network with few of its weights: what it says is wrong, and the same for ever."""
    target.parent.mkdir(exist_ok=True)
    with safe_open(scored / "model.safetensors", "numpy") as file:
        weights = {name: file.get_tensor(name).copy() for name in file.keys()}  # noqa: SIM118
        metadata = file.metadata()
    for values in weights.values():
        if values.ndim == 4:
            values.ravel()[np.arange(values.size) % KEPT_WEIGHTS > 0] = 0
    save_file(weights, target, metadata)


def write_one_review(archive: Path) -> None:
    run = gs.open(archive)
    first = run.mentions.iloc[0]
    text = run.readings.set_index("reading_id").loc[first.report_id, "text"]
    found = said(text, first.text, first.label, first.polarity)
    right = {**found, "polarity": "uncertain"}
    reading = of_reading(text, [about(found, right)], reading_id=first.report_id)
    write_review(archive / "reviews/reader.json", reading)


def promises(archive: Path) -> dict[str, object]:
    return {
        "commands": promised.commands(),
        "python": promised.python(),
        "probabilities": {name: probabilities(archive, name) for name in NETWORKS},
    }


def probabilities(archive: Path, name: str) -> dict[str, float]:
    """What an archived network says of the archived radiograph."""
    answer = gs.predict(archive / f"networks/{name}.safetensors", archive / "radiograph.jpg")
    (said,) = answer.probabilities.to_dict("records")
    return {label: round(float(value), 5) for label, value in said.items()}


if __name__ == "__main__":
    main(Path(sys.argv[1]), HERE / sys.argv[2])
