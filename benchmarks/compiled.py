"""The package as a wheel with the compiled labeler holds it, built into a folder."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
HOOKS = "HATCH_BUILD_HOOKS_ENABLE"


def compiler() -> str | None:
    """The C compiler that extension modules are built with; None where there is none."""
    command = os.environ.get("CC") or sysconfig.get_config_var("CC") or "cl"
    return shutil.which(command.split()[0])


def compiled_package(folder: Path) -> Path:
    """Build the wheel, and unpack it where the folder can be put on Python's path."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    environment = {**os.environ, HOOKS: "1"}
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "package")
    return folder / "package"
