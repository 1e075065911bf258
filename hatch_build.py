"""Compile the labeler into the wheel, where a build asks for it: `HATCH_BUILD_HOOKS_ENABLE=1`.

Off by default: a plain wheel is pure Python, and needs no compiler. The compiled one holds the same
source files, and beside those named here extension modules that mypyc made of them, which Python
prefers. Nothing else differs, answers least of all.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LABELER = "gazescribe/pipeline/dictation/labeler"
MODULES = (
    *("alternatives", "answers", "clauses", "compiling", "connectors", "corrections", "decisions"),
    *("english", "items", "lexicon", "lists", "mentions", "parsing", "phrases", "places"),
    *("punctuation", "remembered", "scope", "sections", "sentences", "structures", "targets"),
    *("triggers", "unseen"),
)
"""All that reads sentences; what reads rules and settings are models of pydantic, not compiled."""
# What is not compiled counts as of any type: types are checked elsewhere, and the build needs
# neither our dependencies nor the time to read them.
COMPILE = """
import sys
from mypyc.build import mypycify
from setuptools import setup
options = ["--config-file=", "--follow-imports=skip"]
extensions = mypycify(
    [*options, *sys.argv[1:]],
    debug_level="0",
    group_name="gazescribe.pipeline.dictation.labeler.compiled",  # the library that all share
)
setup(name="labeler", packages=[], ext_modules=extensions, script_args=["build_ext", "--inplace"])
"""


class CompiledLabeler(BuildHookInterface):
    """Adds the extension modules to a wheel, which is then one of its platform."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and name the files that the wheel takes."""
        if version == "editable":
            return  # it runs the files of the checkout
        self.folder = Path(tempfile.mkdtemp())
        compile_labeler(Path(self.root), self.folder)
        for path in (*self.folder.iterdir(), *(self.folder / LABELER).iterdir()):
            if path.suffix in (".so", ".pyd"):
                build_data["force_include"][str(path)] = str(path.relative_to(self.folder))
        build_data.update(pure_python=False, infer_tag=True)

    def finalize(self, version: str, *_: object) -> None:
        """Remove what was compiled."""
        if version != "editable":
            shutil.rmtree(self.folder)


def compile_labeler(root: Path, folder: Path) -> None:
    """Compile copies of the modules in a folder of their own, the checkout stays as it is."""
    shutil.copytree(root / LABELER, folder / LABELER, ignore=shutil.ignore_patterns("__pycache__"))
    for package in Path(LABELER).parents:
        if package != Path():
            shutil.copy(root / package / "__init__.py", folder / package)
    sources = [f"{LABELER}/{name}.py" for name in MODULES]
    command = [sys.executable, "-c", COMPILE, *sources]
    if subprocess.run(command, cwd=folder, check=False).returncode:
        message = "the labeler did not compile, as said above. Is there a C compiler?"
        raise RuntimeError(f"{message} Without HATCH_BUILD_HOOKS_ENABLE none is needed.")
