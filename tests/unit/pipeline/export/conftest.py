"""Three readings, their windows and maps, made by the stages themselves."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gazescribe.pipeline.core.shards import open_shards
from tests.running import gazescribe
from tests.synthetic import fixation, mention, reading, write_tables

SAID = "there is a small left effusion at the base. heart is large. no pneumothorax."
IDS = ("P101R000003", "P102R000001", "P300R000002")
SIZE = (32, 24)


def dicom(n: int) -> str:
    return f"00000000-0000000a-0000000b-0000000c-9900000{n}"


def tables(folder: Path, **changes: object) -> Path:
    """Write three readings; the last has no gaze and no split."""
    readings = [
        reading(
            one,
            SAID,
            **{
                "dicom_id": dicom(n),
                "study_id": 99100000 + n,
                "subject_id": 99000000 + n,
                "split": ("train", "test", None)[n],
                "phase": (1, 1, None)[n],
                "has_gaze": n < 2,
                "image_path": f"files/p99/p9900000{n}/s9910000{n}/{dicom(n)}",
                **changes,
            },
        )
        for n, one in enumerate(IDS)
    ]
    rng = np.random.default_rng(0)
    fixations = [
        fixation(
            n,
            n / 2,
            n / 2 + 0.4,
            reading_id=one,
            x_px=float(rng.uniform(10, 90)),
            y_px=float(rng.uniform(10, 70)),
            pupil_area_norm=None if n == 3 else 1.25,
        )
        for one in IDS[:2]
        for n in range(25)
    ]
    return write_tables(folder, readings=readings, fixations=fixations)


@dataclass(frozen=True)
class Inputs:
    folder: Path
    tables: Path
    associated: Path
    label: Path
    saliency: Path

    def export(self, out: Path, form: str = "parquet", *options: object) -> str:
        return gazescribe("export", self.tables, self.associated, out, "--format", form, *options)


def make_inputs(folder: Path, **changes: object) -> Inputs:
    made = Inputs(*(folder / name for name in ("", "tables", "associated", "label", "saliency")))
    tables(made.tables, **changes)
    rows = ["report_id,char_start,char_end,label,polarity"]
    for one in IDS[:2]:
        for said, label in (
            ("left effusion", "pleural effusion"),
            ("heart", "enlarged cardiac silhouette"),
        ):
            start = mention(SAID, said)["char_start"]
            rows.append(f"{one},{start},{start + len(said)},{label},positive")
    mentions = folder / "mentions.csv"
    mentions.write_text("\n".join(rows) + "\n")
    gazescribe("associate", made.tables, mentions, made.associated)
    size = "{}x{}".format(*SIZE)
    gazescribe("heatmaps", made.tables, made.associated, made.label, "--size", size)
    kind = ("--size", "16", "--kind", "saliency")
    gazescribe("heatmaps", made.tables, made.associated, made.saliency, *kind)
    return made


@pytest.fixture(scope="session")
def inputs(tmp_path_factory) -> Inputs:
    return make_inputs(tmp_path_factory.mktemp("inputs"))


@pytest.fixture(scope="session")
def exported(inputs, tmp_path_factory):
    """Give the folder of one export of each format, with all maps it takes."""
    root = tmp_path_factory.mktemp("exported")

    def export(form: str) -> Path:
        if not (root / form).is_dir():
            maps = () if form == "bids" else ("--shards", inputs.label, "--shards", inputs.saliency)
            inputs.export(root / form, form, *maps)
        return root / form

    return export


def source(inputs: Inputs, name: str):
    """The index of a set of maps, and the maps."""
    shards = open_shards(getattr(inputs, name))
    assert len(shards) > 1
    return shards.index.to_pandas(), np.stack([shards[n] for n in range(len(shards))])


def check_maps(inputs: Inputs, name: str, index: pd.DataFrame, found: np.ndarray) -> None:
    """Compare maps and their index, read by another library, with the shards."""
    expected, maps = source(inputs, name)
    assert found.dtype == np.float16
    np.testing.assert_array_equal(found, maps)
    for column in ("reading_id", "label", "kind", "split"):
        assert texts(index[column]) == texts(expected[column]), column
    # Times that are text are in microseconds.
    np.testing.assert_allclose(index["gaze_s"].astype(float), expected["gaze_s"], rtol=0, atol=6e-7)
    for column in ("phase", "peak", "scale", "pad_x_px", "pad_y_px"):
        assert index[column].astype(float).tolist() == expected[column].astype(float).tolist()


def texts(column):
    return ["" if pd.isna(value) else value for value in column]
