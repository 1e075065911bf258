"""The tables of a run, and where its maps and radiographs lie."""

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from gazescribe.pipeline.core.errors import GazeError, nearest
from gazescribe.pipeline.core.tables import read_table, table_path
from gazescribe.pipeline.dictation.label_maps import LabelMap, load_label_map
from gazescribe.pipeline.dictation.mentions import read_mentions
from gazescribe.pipeline.images.paths import find_radiograph, radiographs_root
from gazescribe.pipeline.maps.settings import Heatmaps
from gazescribe.pipeline.report.layout import ROOT, open_run

if TYPE_CHECKING:
    import pandas as pd


class RunTables:
    """The tables of a run, and where its other parts lie: what `RunFolder` draws from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._parts = open_run(folder)
        self.datasets = tuple(self._parts.datasets)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.folder)!r}): {', '.join(self.datasets)}"

    @cached_property
    def readings(self) -> "pd.DataFrame":
        """Table `readings` of all data sets; the column `dataset` names each."""
        return _joined(list(self._readings.values()))

    @cached_property
    def mentions(self) -> "pd.DataFrame":
        """Table `mentions` of all data sets; `report_id` is the `reading_id`.

        Raises
        ------
        GazeError
            If the run has none.
        """
        tables = [
            read_mentions(
                self.folder / part.mentions,
                self._readings[name],
                self._label_map,
            )
            for name, part in self._parts.datasets.items()
            if part.mentions is not None
        ]
        if not tables:
            raise self._absence("mentions", "label")
        return _joined(tables)

    @cached_property
    def windows(self) -> "pd.DataFrame":
        """Table `windows` of all data sets.

        Raises
        ------
        GazeError
            If the run has none.
        """
        return _joined([read_table(folder, "windows") for folder in self._associated.values()])

    def _tables(self, dataset: str) -> Path:
        return self.folder / self._parts.datasets[dataset].tables

    @cached_property
    def _readings(self) -> dict[str, pa.Table]:
        return {name: read_table(self._tables(name), "readings") for name in self.datasets}

    @cached_property
    def _associated(self) -> dict[str, Path]:
        """Folders that `associate` wrote, by data set."""
        folders = {
            name: self.folder / part.associated
            for name, part in self._parts.datasets.items()
            if part.associated is not None
        }
        with_windows = {
            name: folder
            for name, folder in folders.items()
            if table_path(folder, "windows").is_file()
        }
        if not with_windows:
            raise self._absence("windows", "associate")
        return with_windows

    @cached_property
    def _label_map(self) -> LabelMap:
        return load_label_map(self._parts.rules_in(self.folder))

    @cached_property
    def _params(self) -> Heatmaps:
        from gazescribe.pipeline.commands.params import load_params

        path = self._parts.params
        return load_params(None if path is None else self.folder / path).heatmaps

    @cached_property
    def _images_root(self) -> Path:
        path = self._parts.images or os.environ.get(ROOT)
        if path is None:
            what = "this run names no folder of radiographs."
            remedy = f"Name it as `images` in run.json, or set {ROOT}."
            raise GazeError(what, where=self.folder, remedy=remedy)
        start = self.folder / path if self._parts.images else Path(path)
        return radiographs_root(start, self.readings["image_path"].dropna().tolist())

    def _absence(self, table: str, command: str) -> GazeError:
        remedy = f"Run `gazescribe {command}`, and name what it wrote in run.json."
        return GazeError(f"this run has no {table}.", where=self.folder, remedy=remedy)

    def _datasets_of(self, column: str, name: str) -> list[str]:
        """Find the data sets with windows that know a reading or an image."""
        self._rows(column, name)  # refuses an unknown one
        datasets = [
            dataset
            for dataset, table in self._readings.items()
            if pc.index(table[column], name).as_py() >= 0
        ]
        with_windows = [dataset for dataset in datasets if dataset in self._associated]
        if not with_windows:
            what = f"the data set of {column} {name} has no windows ({', '.join(datasets)})."
            raise GazeError(what, where=self.folder, remedy="Run `gazescribe associate` on it.")
        return with_windows

    def _rows(self, column: str, name: str) -> "pd.DataFrame":
        """Find the readings of an id; name the nearest where there are none."""
        rows = self.readings[self.readings[column] == name]
        if rows.empty:
            names = self.readings[column].unique().tolist()
            hint = nearest(name, names) or f"; it has {len(names)}: {', '.join(names[:3])} …"
            raise GazeError(f"this run has no {column} {name!r}{hint}.", where=self.folder)
        return rows

    def _spelt(self, label: str | None) -> str | None:
        """Spell a label as its channel is; refuse one that nothing here names."""
        if label is None:
            return None
        names = {*self._label_map.channels, *self.windows["labels"].explode().dropna()}
        by_folded: dict[str, str] = {name.casefold(): name for name in sorted(names)}
        if label.casefold() not in by_folded:
            hint = nearest(label, names) or f"; there are {', '.join(sorted(names))}"
            raise GazeError(f"there is no label {label!r}{hint}.")
        return by_folded[label.casefold()]

    def _radiograph(self, dicom_id: str) -> Path:
        image_paths = self._rows("dicom_id", dicom_id)["image_path"].dropna().unique().tolist()
        for image_path in image_paths:
            path = find_radiograph(self._images_root, image_path)
            if path is not None:
                return path
        names = ", ".join(image_paths) or "its image_path is empty"
        what = f"the radiograph of image {dicom_id} is not there ({names})."
        raise GazeError(what, where=self.folder)


def _joined(tables: list[pa.Table]) -> "pd.DataFrame":
    """Join tables of one schema; their metadata differ, such as where the splits came from."""
    plain = [table.replace_schema_metadata() for table in tables]
    frame: pd.DataFrame = pa.concat_tables(plain).to_pandas()
    return frame
