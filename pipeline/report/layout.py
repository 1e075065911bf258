"""Where the parts of a run lie: what `run.json` says, else the project's own layout."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.yaml_files import Strict
from gazescribe.pipeline.report.written import read_json

RUN_FILE = "run.json"
ROOT = "GAZE_DATA_ROOT"  # of the raw trees; where it is not set, a project is one of the demo
METRICS = (
    "data/tables/*/ingest.json",
    "data/associated/*/associate.json",
    "data/heatmaps/*/heatmaps.json",
    "data/images/*/images.json",
    "data/evaluated/labels/evaluate_labels.json",
    "results/tune/tune.json",
)
TABULATED = ("tabulate.json", "tables.json")  # what `tabulate` writes


def _inside(path: str) -> str:
    """Refuse a path that leaves the folder of its run."""
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or "\\" in path:
        raise ValueError(f"a path must lie in the folder of run.json, found {path!r}")
    return path


Inside = Annotated[str, AfterValidator(_inside)]


class DataSet(Strict):
    """The parts of one data set."""

    tables: Inside
    mentions: Inside | None = None
    associated: Inside | None = None


class RunLayout(Strict):
    """The parts of a run, relative to its folder; what is absent is said so on the page."""

    schema_version: Literal[1]
    title: str = "gazescribe run"
    datasets: dict[str, DataSet]
    images: Inside | None = None  # MIMIC-CXR-JPG, or a folder above it
    params: Inside | None = None
    rules: Inside | None = None  # with labels.yaml, and columns.yaml where there are ellipses
    evaluated_labels: Inside | None = None
    tune: Inside | None = None
    results: dict[str, Inside] = Field(default_factory=dict)  # system: what `tabulate` wrote
    models: dict[str, Inside] = Field(default_factory=dict)  # system: what `train` wrote
    predictions: list[Inside] = Field(default_factory=list)  # what `predict` wrote of the images
    metrics: list[Inside] = Field(default_factory=list)  # JSON files that stages wrote

    def with_predictions(self, folders: Iterable[Path]) -> Self:
        """Add folders that lie anywhere, as `predict` wrote them."""
        named = [str(folder.resolve()) for folder in folders]
        return self.model_copy(update={"predictions": [*self.predictions, *named]})

    def rules_in(self, folder: Path) -> Path | None:
        """Give the rules folder of a run in this folder; None where it has none of its own."""
        return None if self.rules is None else folder / self.rules


def open_run(folder: Path) -> RunLayout:
    """Find the parts of a run.

    Parameters
    ----------
    folder : pathlib.Path
        With a `run.json`, or the project folder after `dvc repro`.

    Raises
    ------
    GazeError
        If it is neither, or the file does not say what it must, or names what is not there; all
        faults at once.
    """
    path = folder / RUN_FILE
    if path.is_file():
        layout = read_json(path, RunLayout)
        _check_paths(layout, path)
        return layout
    _check_records(folder)
    layout = _project(folder)
    if not layout.datasets:
        message = f"this is no run: it has neither {RUN_FILE} nor data/tables/*/readings.parquet."
        remedy = "Run `dvc repro` there, or name another folder."
        raise GazeError(message, where=folder, remedy=remedy)
    return layout


def _check_paths(layout: RunLayout, path: Path) -> None:
    """Refuse a run file that names what is not there, or a folder of tables without any."""
    named = _paths(layout.model_dump(exclude={"schema_version", "title"}))
    faults = [f"{key}: {text}" for key, text in named if not (path.parent / text).exists()]
    for name, part in layout.datasets.items():
        tables = path.parent / part.tables
        if tables.is_dir() and not any(tables.glob("*.parquet")):
            faults.append(f"datasets.{name}.tables: {part.tables} holds no tables")
    if faults:
        message = "this names what is not there; paths are relative to its folder."
        raise GazeError(message, where=path, faults=faults)


def _check_records(folder: Path) -> None:
    """Refuse a project where what a stage says of its part is no file, or half of it is gone."""
    needed = []
    for pattern in map(PurePosixPath, METRICS):
        paths = [part / pattern.name for part in folder.glob(str(pattern.parent))]
        needed += [path for path in paths if os.path.lexists(path)]
    for part in {path.parent for name in TABULATED for path in folder.glob(f"results/*/{name}")}:
        needed += [part / name for name in TABULATED]
    faults = [
        f"{path.parent.relative_to(folder).as_posix()} has no file {path.name}"
        for path in sorted(needed)
        if not path.is_file()
    ]
    if faults:
        message = "parts of this run are not whole."
        raise GazeError(message, where=folder, faults=faults, remedy="Run `dvc repro` there.")


def _paths(content: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Give every text inside, with its dotted key."""
    if isinstance(content, str):
        yield key, content
    elif content is not None:
        items = content.items() if isinstance(content, dict) else enumerate(content)
        for name, inner in items:
            yield from _paths(inner, f"{key}.{name}" if key else str(name))


def _project(folder: Path) -> RunLayout:
    """Describe a project folder by what `dvc repro` left in it."""

    def existing(path: str) -> str | None:
        return path if (folder / path).exists() else None

    datasets = {}
    for path in sorted(folder.glob("data/tables/*/readings.parquet")):
        name = path.parent.name
        datasets[name] = DataSet(
            tables=f"data/tables/{name}",
            mentions=existing(f"data/mentions/{name}.parquet"),
            associated=existing(f"data/associated/{name}"),
        )
    return RunLayout(
        schema_version=1,
        datasets=datasets,
        images=None if os.environ.get(ROOT) else existing("data/demo"),
        params=existing("params.yaml"),
        evaluated_labels=existing("data/evaluated/labels"),
        tune=existing("results/tune"),
        results=_by_name(folder, "results/*/tabulate.json"),
        models=_by_name(folder, "data/models/*/*/epochs.csv", up=2),
        metrics=[
            path.relative_to(folder).as_posix()
            for pattern in METRICS
            for path in sorted(folder.glob(pattern))
        ],
    )


def _by_name(folder: Path, pattern: str, up: int = 1) -> dict[str, str]:
    """Name the folders that lie `up` above the files of a pattern."""
    folders = sorted({path.parents[up - 1] for path in folder.glob(pattern)})
    return {path.name: path.relative_to(folder).as_posix() for path in folders}
