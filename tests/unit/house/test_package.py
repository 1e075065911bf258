"""The distribution: one top-level name, whole, and never in the way of a lab's own packages.

Needs no network: hatchling is in the environment, and a wheel of pure Python is an archive.
"""

import ast
import os
import re
import runpy
import subprocess
import sys
import tarfile
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from tests.conftest import ROOT

DATA = ("params.yaml", "params", "rules", "data_manifests")
"""What the wheel carries beside code, in `gazescribe/_data`."""
FOREIGN = ("models", "pipeline", "utils", "tests", "commands")
COMMANDS = (
    ["--help"],
    ["explain", "Mild edema."],
    ["train", "--help"],
    ["predict", "--help"],
)
OURS = re.compile(r"(?:from|import)\s+(?:pipeline|models)\b|[\"'](?:pipeline|models)\.\{?\w")
"""An import by the names of the folders, or a dotted path that begins with one."""


def build(source, target, out):
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(out)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (archive,) = out.iterdir()
    return archive


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    return build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def sdist(tmp_path_factory):
    return build(ROOT, "sdist", tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="session")
def installed(wheel, tmp_path_factory):
    """A folder that holds what installing the wheel would put in site-packages."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)  # noqa: S202  # built from our own tree
    return folder


@pytest.fixture
def lab(tmp_path):
    """A working folder with packages of its own that fail when they are imported."""
    for name in FOREIGN:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise RuntimeError('a foreign package')\n")
    return tmp_path


def run(code, *arguments, folder, path):
    """Run Python in a lab's folder, which comes first on the path, ours after it."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(path)])}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def members(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return {info.filename: info.CRC for info in archive.infolist()}


def tracked(*folders):
    """Files that belong to the project, without what Python and editors leave."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *folders],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def test_the_wheel_holds_one_name_and_every_file(wheel):
    names = set(members(wheel))
    roots = {name.split("/")[0] for name in names}
    assert {root for root in roots if not root.endswith(".dist-info")} == {"gazescribe"}
    code = {f"gazescribe/{name}" for name in tracked("pipeline", "models")}
    assert any(name.endswith(".html") for name in code)
    assert any(name.endswith(".js") for name in code)
    data = {f"gazescribe/_data/{name}" for name in tracked(*DATA)}
    expected = code | data | set(tracked("gazescribe/*.py", "gazescribe/py.typed"))
    assert len(expected) > 300
    assert {name for name in names if name.startswith("gazescribe/")} == expected


def test_the_source_distribution_builds_the_same_wheel(sdist, wheel, tmp_path):
    with tarfile.open(sdist) as archive:
        assert not any(member.issym() for member in archive.getmembers())
        # Before Python 3.11.4 there is no argument for it.
        archive.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)
        archive.extractall(tmp_path / "source")  # noqa: S202  # built from our own tree
    (source,) = (tmp_path / "source").iterdir()
    packages = {path.parent.name for path in source.glob("*/__init__.py")}
    assert packages == {"gazescribe"}
    (tmp_path / "wheel").mkdir()
    assert members(build(source, "wheel", tmp_path / "wheel")) == members(wheel)


def test_the_modules_that_a_compiled_wheel_has_are_there():
    """`python -m tests.compiled` builds it, which takes too long here."""
    names = runpy.run_path(str(ROOT / "hatch_build.py"))["MODULES"]
    assert len(names) > 20
    folder = ROOT / "pipeline/dictation/labeler"
    assert [name for name in names if not (folder / f"{name}.py").is_file()] == []


@pytest.mark.parametrize("origin", ["wheel", "checkout"])
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_commands_run_among_foreign_packages(arguments, origin, lab, request):
    path = request.getfixturevalue("installed") if origin == "wheel" else ROOT
    code = "import sys; from gazescribe.pipeline.commands.cli import main; sys.exit(main())"
    ran = run(code, *arguments, folder=lab, path=path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout


@pytest.mark.parametrize("origin", ["wheel", "checkout"])
def test_the_import_works_among_foreign_packages(origin, lab, request):
    path = request.getfixturevalue("installed") if origin == "wheel" else ROOT
    code = "import gazescribe as gs; print(gs.__file__, *map(str, gs.label(['Mild edema.'])[0]))"
    ran = run(code, folder=lab, path=path)
    assert (ran.returncode, ran.stderr) == (0, "")
    file, mention = ran.stdout.split(maxsplit=1)
    assert Path(file) == path / "gazescribe" / "__init__.py"
    assert "pulmonary edema" in mention


@pytest.mark.parametrize("name", DATA)
def test_the_wheel_finds_its_data(name, installed, lab):
    code = "import sys; from gazescribe.pipeline.core.resources import resource as r"
    ran = run(f"{code}; print(r(sys.argv[1]))", name, folder=lab, path=installed)
    assert Path(ran.stdout.strip()) == installed / "gazescribe" / "_data" / name


def test_the_console_command_is_that_of_the_package(installed):
    (points,) = installed.glob("*.dist-info/entry_points.txt")
    assert "gazescribe = gazescribe.pipeline.commands.cli:main" in points.read_text()


def test_spacy_finds_the_component(installed, lab):
    code = """import sys; sys.modules["torch"] = None  # which spaCy would load: seconds
import spacy; nlp = spacy.blank("en"); nlp.add_pipe("gazescribe")
doc = nlp("Mild edema."); print(*(span.label_ for span in doc.spans["gazescribe"]))"""
    ran = run(code, folder=lab, path=installed)
    assert (ran.returncode, ran.stdout) == (0, "pulmonary edema\n"), ran.stderr


SOURCES = [
    name
    for name in tracked("*.py", "*.md", "*.yaml", "*.yml", "*.toml")
    if name != "tests/unit/house/test_package.py"
]


def folder_imports(name):
    """Imports by a folder's name, in code or in the code of a page; docstrings may say models."""
    text = (ROOT / name).read_text(encoding="utf-8")
    if not name.endswith(".py"):
        return OURS.findall(text)
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.append(node.module or "")
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "import_module":
            found.append(ast.unparse(node.args[0]).lstrip("f").strip("'\""))
    return [module for module in found if re.match(r"(pipeline|models)\b", module)]


def test_nothing_imports_pipeline_or_models_by_themselves():
    assert len(SOURCES) > 400
    assert {name: found for name in SOURCES if (found := folder_imports(name))} == {}


@pytest.mark.parametrize(
    "line",
    ["import models", "from pipeline.core import x", "import_module('models.mil')", '"pipeline.a"'],
)
def test_such_imports_are_found(line):
    assert OURS.search(line)
    assert not OURS.search(line.replace("models", "gazescribe.models").replace("pipeline", "g"))


def test_pinned_packages_run_on_the_first_release_of_python_that_we_name():
    """A patch release is enough to make `make setup` fail: 3.11.5 is not in Debian 12."""
    (oldest,) = SpecifierSet(metadata.metadata("gazescribe")["Requires-Python"])
    demands = {d.name: d.metadata.get("Requires-Python") for d in metadata.distributions()}
    unmet = {
        name: asked
        for name, asked in demands.items()
        if asked and f"{oldest.version}.0" not in SpecifierSet(asked)
    }
    assert not unmet
