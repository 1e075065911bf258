"""Build environments with one extra each, and run in them what needs no other: minutes.

python -m tests.environments                    # the versions of constraints.txt
python -m tests.environments --newest --python 3.13   # or the path of one
python -m tests.environments --oldest           # the lower bounds of pyproject.toml
"""

import argparse
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from tests.conftest import ROOT
from tests.stores import serving

UV = Path(sys.executable).with_name("uv")
SIZE_MB = 600  # of the environment without any extra
MAPS = (
    "demo d",
    "ingest reflacx d t --beside d",
    "label t m.parquet",
    "associate t m.parquet a",
    "heatmaps t a h",
    "export t a e --shards h",
    "tune t m.parquet tuned",
)
SAMPLES = "ingest reflacx d s --beside d --samples"
SCALED = (
    "ingest reflacx d r --beside d",
    "images r d i --size 64 --decode scaled",
    'python -c "import gazescribe.pipeline.images.reading as r; exit(r.why_pillow() or 0)"',
)
BINARY = (
    *("h5py", "llvmlite", "matplotlib", "numba", "numpy", "pandas", "pillow", "pyarrow"),
    *("pycocotools", "pydantic-core", "pyyaml", "scikit-image", "scikit-learn", "scipy"),
    *("spacy", "thinc"),
)
"""Built for each Python: the oldest is the first that is."""
COMMANDS = {
    "": (
        *MAPS,
        SAMPLES,
        "scanpaths t a paths --size 64",
        "measures t a measured",
        "overlay t a d over",
    ),
    "cloud": (
        "demo d",
        "ingest reflacx d s3://lab/t --beside d",
        "label s3://lab/t s3://lab/m.parquet",
        "associate s3://lab/t s3://lab/m.parquet s3://lab/a",
    ),
    "formats": (
        *MAPS,
        "export t a z --shards h --format zarr",
        "export t a c --shards h --format coco",
    ),
    "gaze": ("demo d", SAMPLES, "fixations s f"),
    "networks": ("configure mil c.json", "train --help", "predict --help"),
    "radiographs": (MAPS[0], *SCALED),
    "dvc": ("dvc --version", "doctor"),
    "spacy": (*MAPS[:3], "evaluate-labels t m.parquet scored"),
    "speech": ('python -c "import ctranslate2, faster_whisper"',),
    "all": (*MAPS, *SCALED, "configure mil c.json", "train --help"),
}
"""What runs with an extra alone; the first with none."""
LACKING = {
    "export t a z --shards h --format zarr": "formats",
    "export t a c --shards h --format coco": "formats",
    "fixations s f": "gaze",
    "train c.json trained": "networks",
    "predict model.safetensors d --out p": "networks",
    "evaluate-labels t m.parquet scored": "spacy",
    "label s3://lab/t n.parquet": "cloud",
    "transcribe t/readings.parquet words": "speech",
}
"""What names the extra that it lacks where there is none."""


def main() -> None:
    """Try every extra; end with the number of those that fail."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--python", default=f"{sys.version_info[0]}.{sys.version_info[1]}")
    versions = options.add_mutually_exclusive_group()
    versions.add_argument("--newest", action="store_true", help="What the registry has.")
    versions.add_argument("--oldest", action="store_true", help="The lower bounds.")
    options.add_argument("extras", nargs="*", help="Only these.")
    told = options.parse_args()
    n_failed = 0
    with tempfile.TemporaryDirectory() as name, serving(Path(name)):
        folder = Path(name)
        _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
        (wheel,) = folder.glob("*.whl")
        for extra in told.extras or COMMANDS:
            try:
                size_mb = _try(extra, wheel, folder / (extra or "none"), told)
                click.echo(f"{extra or 'no extra':10} {size_mb:6,} MB  works")
            except subprocess.CalledProcessError as error:
                n_failed += 1
                said = (error.stderr or error.stdout)[-1500:]
                click.echo(f"{extra or 'no extra':10} {error.cmd}\n{said}")
    sys.exit(n_failed)


def _try(extra: str, wheel: Path, folder: Path, told: argparse.Namespace) -> int:
    environment = folder / "env"
    _run(UV, "venv", "--quiet", "--python", told.python, environment)
    python = environment / "bin/python"
    versions = ROOT / "constraints.txt"
    if told.newest or told.oldest:
        versions = folder / "versions.txt"
        _choose(versions, extra, python, "highest" if told.newest else "lowest-direct")
    package = f"{wheel}[{extra}]" if extra else wheel
    _run(UV, "pip", "install", "--quiet", "--python", python, "-c", versions, package)
    files = [path for path in environment.rglob("*") if path.is_file() and not path.is_symlink()]
    size_mb = sum(path.stat().st_size for path in files) // 10**6
    if not extra and size_mb > SIZE_MB:
        raise subprocess.CalledProcessError(1, "size", stderr=f"{size_mb} MB, {SIZE_MB} at most")
    for command in COMMANDS[extra]:
        program, *rest = shlex.split(command)
        is_ours = program not in {"dvc", "python"}
        words = ["gazescribe", program, *rest] if is_ours else [program, *rest]
        _run(environment / "bin" / words[0], *words[1:], cwd=folder)
    for command, lacking in LACKING.items() if not extra else ():
        _refused([environment / "bin/gazescribe", *command.split()], lacking, folder)
    return size_mb


def _choose(versions: Path, extra: str, python: Path, resolution: str) -> None:
    """Write the versions that an environment gets: of a wheel none counts as direct."""
    options = ["--quiet", "--python", python, "--resolution", resolution]
    for package in BINARY:
        options += ["--only-binary", package]
    if extra:
        options += ["--extra", extra]
    _run(UV, "pip", "compile", *options, ROOT / "pyproject.toml", "--output-file", versions)


def _refused(command: list[str | Path], lacking: str, folder: Path) -> None:
    run = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    if run.returncode != 2 or f"gazescribe[{lacking}]" not in run.stderr:
        raise subprocess.CalledProcessError(run.returncode, command, run.stdout, run.stderr)


def _run(*command: object, cwd: Path | None = None) -> None:
    words = [str(word) for word in command]
    subprocess.run(words, cwd=cwd, check=True, capture_output=True, text=True)


if __name__ == "__main__":
    main()
