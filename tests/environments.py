"""Build environments with one extra each, and run in them what needs no other: minutes.

python -m tests.environments                    # the versions of constraints.txt
python -m tests.environments --newest --python 3.13
python -m tests.environments --oldest           # the lower bounds of pyproject.toml
"""

import argparse
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
COMMANDS = {
    "": MAPS,
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
    "gaze": ("demo d", "ingest reflacx d s --beside d --samples", "fixations s f"),
    "networks": ("configure mil c.json", "train --help", "predict --help"),
    "spacy": (*MAPS[:3], "evaluate-labels t m.parquet scored"),
}
"""What runs with an extra alone; the first with none."""


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
    how = ["-c", ROOT / "constraints.txt"]
    if told.newest or told.oldest:
        how = ["--resolution", "highest" if told.newest else "lowest-direct"]
    package = f"{wheel}[{extra}]" if extra else wheel
    python = environment / "bin/python"
    _run(UV, "pip", "install", "--quiet", "--python", python, *how, package)
    files = [path for path in environment.rglob("*") if path.is_file() and not path.is_symlink()]
    size_mb = sum(path.stat().st_size for path in files) // 10**6
    if not extra and size_mb > SIZE_MB:
        raise subprocess.CalledProcessError(1, "size", stderr=f"{size_mb} MB, {SIZE_MB} at most")
    for command in COMMANDS[extra]:
        _run(environment / "bin/gazescribe", *command.split(), cwd=folder)
    return size_mb


def _run(*command: object, cwd: Path | None = None) -> None:
    words = [str(word) for word in command]
    subprocess.run(words, cwd=cwd, check=True, capture_output=True, text=True)


if __name__ == "__main__":
    main()
