"""Figures of the documentation that are no times, and have no command of their own.

    python benchmarks/figures.py [denials] [noise] [pauses] [halves] [moved] [--shared FOLDER]

denials: what negspacy finds denied in the gold sentences, with our terms and with its own
(docs/spacy.md). noise: fixations found in EyeLink's samples to which white noise was added, against
those of the tracker (docs/own-data.md); its RMS from sample to sample, at 500 Hz, is named. pauses:
those inside the phrases of Localized Narratives, and those of them that would end a sentence
(docs/own-data.md). halves: grey levels between radiographs and their half-size JPEG files
(docs/real-data.md), and JPEG files as the report has them (docs/report.md). moved: maps and masks
drawn where they are moved to, against shards that are moved (docs/training.md). Real files are read
below FOLDER/real (default ../shared).
"""

import argparse
import io
import json
import shutil
import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import torch
from click.testing import CliRunner
from PIL import Image
from torch.nn.functional import max_pool2d

from gazescribe.models.core.config import read_config
from gazescribe.models.core.drawn_maps import DrawnMaps
from gazescribe.models.core.settings import Drawing
from gazescribe.models.mil.drawn_masks import DrawnMasks
from gazescribe.models.training.augment import apply, draw
from gazescribe.pipeline.commands.cli import main as gazescribe
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.tables import write_table
from gazescribe.pipeline.dictation.labeler.baseline import Baseline
from gazescribe.pipeline.dictation.labeler.gold_sentences import load_gold_sentences
from gazescribe.pipeline.dictation.labeler.labeler import Labeler
from gazescribe.pipeline.dictation.labeler.termset import termset
from gazescribe.pipeline.images.reading import letterboxed
from gazescribe.pipeline.ingest.sentence_ends import load_speech

RULES = Path(__file__).parents[1] / "rules"
HZ, NOISE_DEG = 500, (0.0, 0.4, 0.8, 1.6)
PX_PER_DEG = (36.4, 36.1)  # of EyeLink's recordings
PAUSES_S = (0.5, 0.7, 1.0)
SIZE, CELL_PX, ANNOTATED = 512, 16, 0.15
READINGS = 60


def command(*words: object) -> None:
    """Run a command in this process; what does not take `--workers` is `configure` alone."""
    alone = [] if words[0] == "configure" else ["--workers", 1]
    arguments = [str(word) for word in (*words, *alone)]
    CliRunner().invoke(gazescribe, arguments, catch_exceptions=False)


def denials(shared: Path) -> None:  # noqa: ARG001  the rules alone are read
    sentences = load_gold_sentences(RULES).sentences
    print("negspacy on the gold sentences | of the denied mentions found | of those found denied")
    for name, terms in (("our terms", termset(RULES)), ("its own", None)):
        labelled = Baseline(Labeler.from_rules(RULES), terms).label(
            [sentence.text for sentence in sentences]
        )
        pairs = [
            (expected.polarity == "negative", mention.polarity == "negative")
            for sentence, mentions in zip(sentences, labelled, strict=True)
            for expected in sentence.mentions
            for mention in mentions
            if mention.label == expected.label
            and mention.char_start < expected.end
            and expected.start < mention.char_end
        ]
        is_denied, is_found = np.array(pairs).T
        hits = (is_denied & is_found).sum()
        print(f"{name} | {hits / is_denied.sum():.0%} | {hits / is_found.sum():.0%}")


def noise(shared: Path) -> None:
    rng = np.random.default_rng(0)
    print("noise | Hz | method | fixations, ours over theirs | time IoU")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tables, noisy, out = folder / "tables", folder / "noisy", folder / "out"
        copy_trials(shared / "real" / "eyelink", folder / "raw")
        command("ingest", folder / "raw/m.yaml", folder / "raw", tables, "--samples")
        shutil.copytree(tables, noisy)
        samples = pd.read_parquet(tables / "samples.parquet")
        for noise_deg in NOISE_DEG:
            changed = samples.copy()
            for column, px_per_deg in zip(("x_px", "y_px"), PX_PER_DEG, strict=True):
                # From one to the next of two axes: twice the standard deviation of each.
                changed[column] += rng.normal(0, noise_deg / 2 * px_per_deg, len(samples))
            for step in (1, 8):
                thinned = changed[changed["sample"] % step == 0]
                schema = TABLES["samples"].schema
                write_table(pa.Table.from_pandas(thinned, schema), noisy, "samples")
                for method in ("idt", "ivt", "i2mc"):
                    command("fixations", noisy, out, "--method", method, "--against", tables)
                    found = json.loads((out / "fixations.json").read_text())["agreement"]
                    row = f"{noise_deg}° | {HZ / step:g} | {method} | {found['count_ratio']:.2f}"
                    print(f"{row} | {found['time_iou']:.2f}", flush=True)


def copy_trials(root: Path, folder: Path) -> None:
    """Trials of one rate alone."""
    folder.mkdir()
    shutil.copy(root / "m.yaml", folder)
    for name in ("r.csv", "fix.csv", "samples.csv.gz"):
        rows = pd.read_csv(root / name)
        rows[rows["id"].str.contains(f"{HZ}_")].to_csv(folder / name, index=False)


def pauses(shared: Path) -> None:
    speech = load_speech(RULES)
    pauses_s: list[float] = []
    may_part: list[bool] = []
    for line in (shared / "real" / "vidln" / "sample_combined.jsonl").open():
        for narrative in json.loads(line)["actor_narratives"]:
            for word, following in pairwise(narrative["time_alignment"]):
                begin, end = (part["referenced_word_start_idx"] for part in (word, following))
                if set(narrative["caption"][begin:end]).isdisjoint(".,;:"):
                    last, first = (part["referenced_word"].lower() for part in (word, following))
                    pauses_s.append((following["start_ms"] - word["end_ms"]) / 1e3)
                    may_part.append(last not in speech.not_last and first not in speech.not_first)
    print(f"{len(pauses_s)} places inside a phrase; pauses there, and those that end a sentence:")
    for least_s in PAUSES_S:
        is_long = np.array(pauses_s) >= least_s
        print(f"{least_s} s: {is_long.sum()}, {(is_long & np.array(may_part)).sum()}")


def halves(shared: Path) -> None:
    apart: dict[str, list[float]] = {"half-size": [], "quality 90": []}
    for path in sorted((shared / "real" / "cxr_ccby" / "images").glob("*.png")):
        whole = Image.open(path).convert("L")
        half_size = (whole.height // 2, whole.width // 2)
        half = through_jpeg(whole.resize(half_size[::-1], Image.Resampling.BICUBIC), 95)
        fitted = [letterboxed(picture, half_size)[0] for picture in (np.asarray(whole), half)]
        apart["half-size"].append(difference(*fitted))
        apart["quality 90"].append(difference(np.asarray(whole), through_jpeg(whole, 90)))
    for name, levels in apart.items():
        print(f"{name}: {min(levels):.2f} to {max(levels):.2f} grey levels, {len(levels)} images")


def through_jpeg(picture: Image.Image, quality: int) -> np.ndarray:
    content = io.BytesIO()
    picture.save(content, "JPEG", quality=quality)
    return np.asarray(Image.open(content))


def difference(ours: np.ndarray, theirs: np.ndarray) -> float:
    return float(np.abs(ours.astype(float) - theirs).mean())


def moved(shared: Path) -> None:  # noqa: ARG001  synthetic
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tables, gaze = folder / "tables", folder / "gaze"
        command("demo", folder / "raw", "--readings", READINGS, "--images", "none")
        command("ingest", "reflacx", folder / "raw", tables)
        command("label", tables, folder / "mentions.parquet")
        command("associate", tables, folder / "mentions.parquet", gaze)
        command("configure", "mil", folder / "mil.json")
        config = read_config(folder / "mil.json")
        size, settings = (SIZE, SIZE), config.runs[0].augment
        maps = DrawnMaps(gaze, "label", size, Drawing("mass", "direct"))
        masks = DrawnMasks(tables, "reflacx", size, "direct", config.inputs.masks)
        for kind, drawn in (("maps", maps), ("masks", masks)):
            for mode in ("bilinear", "nearest"):
                tell(kind, mode, list(pairs_of(drawn, settings, mode)))


def pairs_of(drawn, settings, mode: str) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Each map drawn where it is moved to, and as a shard that is moved."""
    for row in range(len(drawn)):
        frame = drawn.frame(row)
        matrix = draw(0, 0, row, settings, (SIZE, SIZE))
        exact = torch.from_numpy(drawn.drawn([row], frame, matrix))[None].float()
        stored = torch.from_numpy(drawn[row])[None, None].float()
        yield exact, apply(torch.from_numpy(matrix)[None], stored, mode=mode)[0]


def tell(kind: str, mode: str, pairs: list[tuple[torch.Tensor, torch.Tensor]]) -> None:
    apart = torch.cat([(ours - theirs).abs()[(ours > 0) | (theirs > 0)] for ours, theirs in pairs])
    cells = otherwise([[max_pool2d(part, CELL_PX) > ANNOTATED for part in pair] for pair in pairs])
    print(
        f"{len(pairs)} {kind} against {mode}: mean {apart.mean():.2g}, 99.9 % within"
        f" {np.quantile(apart.numpy(), 0.999):.2g}, largest {apart.max():.2g}, of 10,000 annotated"
        f" cells {cells * 1e4:.0f} otherwise"
    )
    if kind == "masks":
        pixels = otherwise([[part > 0.5 for part in pair] for pair in pairs])
        print(f"  of their pixels {pixels:.1%} on the other side of 0.5")


def otherwise(pairs: list[list[torch.Tensor]]) -> float:
    """Share of those that the second of each pair calls so, or is alone in calling so."""
    differing = sum((ours != theirs).sum().item() for ours, theirs in pairs)
    return differing / sum(theirs.sum().item() for _, theirs in pairs)


PARTS = {"denials": denials, "noise": noise, "pauses": pauses, "halves": halves, "moved": moved}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], metavar="PART")
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    asked = parser.parse_args()
    for name in asked.parts or PARTS:
        PARTS[name](asked.shared)


if __name__ == "__main__":
    main()
