"""Every command as it is run here, on the files of `base`."""

import shlex
from dataclasses import dataclass, replace
from pathlib import Path

from gazescribe.pipeline.commands.cli import COMMANDS


@dataclass(frozen=True)
class Command:
    """A command line, relative to the base; what it writes begins with OUT.

    Attributes
    ----------
    line : str
        The words that are paths of the base are what the command reads.
    older : str
        Options, or a whole line, that make another content of OUT.
    mark : str
        The file of OUT without which OUT is not whole; empty where OUT is a file.
    also : str
        Other files that are read without being named.
    """

    line: str
    older: str = ""
    mark: str = ""
    also: str = ""

    def inputs(self, base: Path) -> list[str]:
        """Name the files and folders of the base that are read."""
        words = shlex.split(f"{self.line} {self.also}")[1:]
        return [word for word in words if (base / word).exists()]

    @property
    def older_line(self) -> str:
        """Give the line that makes another content of OUT."""
        return self.older if "OUT" in self.older else f"{self.line} {self.older}"

    def on(self, folder: str) -> "Command":
        """Give the command that writes to OUT in a folder."""
        line = self.line.replace(self.out, folder + self.out)
        return replace(self, line=line)

    @property
    def out(self) -> str:
        """Name what is written, or give an empty text."""
        return next((word for word in self.line.split() if "OUT" in word), "")


_ALL = "--params params.yaml"
LINES = {
    "demo": Command("demo OUT --readings 11 --images none", "--seed 2", "ground_truth.jsonl"),
    "verify reflacx": Command("verify reflacx raw/reflacx --quality OUT.csv"),
    "verify egd": Command("verify egd raw/egd --samples"),
    "verify mimic": Command("verify mimic-cxr-jpg raw/mimic-cxr-jpg"),
    "sources": Command("sources egd raw/egd OUT.json"),
    "ingest reflacx": Command(
        f"ingest reflacx raw/reflacx OUT {_ALL}",
        "--val-subjects subjects.txt",
        "ingest.json",
        "subjects.txt",
    ),
    "ingest egd": Command(
        "ingest egd raw/egd OUT --mimic-metadata raw/mimic-cxr-jpg", "--samples", "ingest.json"
    ),
    "ingest mimic": Command("ingest mimic-cxr-jpg raw/mimic-cxr-jpg OUT"),
    "ingest lab": Command(
        "ingest lab.yaml lab OUT", "ingest nearer.yaml lab OUT", "ingest.json", "nearer.yaml"
    ),
    "ingest lists": Command(
        "ingest reflacx raw/reflacx OUT --val-subjects subjects.txt --tuning-readings readings.txt"
    ),
    "ingest transcripts": Command("ingest spoken.yaml spoken OUT", mark="ingest.json"),
    "transcribe": Command("transcribe speech.wav OUT --engine pocketsphinx"),
    "manifest": Command("manifest lab spoken"),
    "maps": Command("maps lab.yaml lab OUT"),
    "fixations": Command("fixations seen OUT", "--method ivt", "fixations.json"),
    "label csv": Command(
        f"label reports.csv OUT.jsonl --rules rules {_ALL}",
        "label reports.jsonl OUT.jsonl",
        also="reports.jsonl",
    ),
    "label jsonl": Command("label reports.jsonl OUT.csv"),
    "label tables": Command("label read OUT.parquet"),
    "label reviews": Command("label read OUT.parquet --reviews reviews"),
    "review": Command("review reviews --tables read --rules rules --out OUT.yaml"),
    "explain": Command("explain 'mild edema' --rules rules --html OUT.html"),
    "check-rules": Command("check-rules rules --gold mentions.csv --reports read"),
    "evaluate-labels": Command(
        "evaluate-labels read mentions.parquet OUT --gold mentions.csv",
    ),
    "degrade": Command(
        "degrade mentions.parquet OUT.parquet --against read", "--seed 5", "OUT.json"
    ),
    "associate": Command("associate read mentions.parquet OUT", "--lag 4", "associate.json"),
    "associate reviews": Command(
        "associate read mentions.parquet OUT --reviews reviews", mark="associate.json"
    ),
    "associate learned": Command(
        "associate read mentions.parquet OUT --method learned", mark="associate.json"
    ),
    "associate fit": Command(
        "associate read mentions.parquet OUT --method learned --fit taught/fit.json"
    ),
    "associate csv": Command("associate read mentions.csv OUT"),
    "associate jsonl": Command("associate read mentions.jsonl OUT"),
    "tune": Command("tune read mentions.parquet OUT"),
    "heatmaps": Command("heatmaps read associated OUT --size 16", "--kind report", "index.parquet"),
    "heatmaps ellipse": Command("heatmaps read associated OUT --size 16 --kind ellipse"),
    "scanpaths": Command("scanpaths read associated OUT", "--min-share 0.9", "scanpaths.json"),
    "score-scanpaths": Command("score-scanpaths predicted.json paths OUT"),
    "measures": Command("measures read associated OUT --regions own.csv --mentions mentions.csv"),
    "images": Command(
        "images shot raw/mimic-cxr-jpg OUT --size 16 --also read", "--size 8", "index.parquet"
    ),
    "images dicom": Command("images shot raw/mimic-cxr OUT --size 16 --source dicom"),
    "render": Command("render associated OUT.npy --size 16 --reading P102R775552 --window 0"),
    "configure": Command(f"configure mil OUT.json {_ALL}", also="params"),
    "fingerprint": Command("fingerprint OUT.json read associated"),
    "runs": Command("runs --config config.json", also="world"),
    "train": Command("train config.json OUT --accelerator cpu", also="world"),
    "train drawn": Command("train drawn.json OUT --accelerator cpu", also="drawn"),
    "evaluate": Command("evaluate config.json models OUT --accelerator cpu", also="world"),
    "predict": Command(
        "predict models/unannotated-seed0/model.safetensors pictures --out OUT --accelerator cpu",
        "--write json",
        "predictions.json",
    ),
    "tabulate mil": Command("tabulate mil mil_scores OUT --rules rules"),
    "tabulate cooperative": Command("tabulate cooperative cooperative_scores OUT"),
    "export": Command(
        "export read associated OUT --shards maps", "--include-text", "provenance.json"
    ),
    "export npy": Command("export read associated OUT --shards maps --format npy --hash-ids key"),
    "export coco": Command("export read associated OUT --size 16 --format coco"),
    "export bids": Command("export read associated OUT --format bids"),
    "overlay": Command("overlay read associated raw/mimic-cxr-jpg OUT --count 1"),
    "report": Command("report run OUT --readings 1"),
    "diff": Command("diff maps maps --out OUT.csv"),
    "diff mentions": Command("diff mentions.csv mentions.jsonl --out OUT.csv"),
    "sync": Command("sync seen --raw raw/egd --out OUT.json"),
    "doctor": Command("doctor"),
}


def check_complete() -> None:
    """Refuse a list that leaves a command of the program out."""
    absent = set(COMMANDS) - {command.line.split()[0] for command in LINES.values()}
    assert not absent, f"no line runs {', '.join(sorted(absent))}"
