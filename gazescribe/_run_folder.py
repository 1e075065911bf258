"""`gazescribe.open`: the tables, maps and radiographs of a run, from Python."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gazescribe._run_tables import RunTables
from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.geometry.canvas import FloatMap, Size
from gazescribe.pipeline.images.reading import Picture, read_sized
from gazescribe.pipeline.maps.overlay import (
    ALL_GAZE,
    label_ellipses,
    paint,
    window_fixations,
    window_text,
)
from gazescribe.pipeline.maps.render import (
    choose_image_windows,
    choose_windows,
    combine_maps,
    draw_windows,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Row = dict[str, Any]


@dataclass(frozen=True)
class _Selection:
    """The windows of one reading that make a map, and the folders they lie in."""

    tables: Path
    associated: Path
    rows: list[Row]

    @property
    def reading_id(self) -> str:
        """The reading that the windows belong to."""
        return str(self.rows[0]["reading_id"])


def open(folder: Path | str) -> "RunFolder":  # noqa: A001  # gs.open, as gzip.open
    """Open a run.

    Parameters
    ----------
    folder : path
        The project folder after `dvc repro`, or any folder with a `run.json` that names the parts
        (`docs/report.md`).

    Returns
    -------
    RunFolder

    Raises
    ------
    GazeError
        If the folder is no run; what was looked for is named.

    Examples
    --------
    >>> import gazescribe as gs
    >>> run = gs.open(".")
    >>> run
    RunFolder('.'): egd, reflacx
    >>> run.readings[["reading_id", "dataset", "has_gaze"]]
      reading_id  dataset  has_gaze
    0         E1      egd      True
    1         R1  reflacx      True
    2         R2  reflacx     False
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise GazeError("there is no such folder.", where=folder)
    return RunFolder(folder)


class RunFolder(RunTables):
    """The parts of a run; tables and radiographs are read when they are first asked for.

    Parameters
    ----------
    folder : pathlib.Path
        As for `gazescribe.open`.

    Attributes
    ----------
    folder : pathlib.Path
        Where the run lies.
    datasets : tuple of str
        Names of its data sets.
    """

    def heatmap(
        self,
        *,
        label: str | None = None,
        reading_id: str | None = None,
        dicom_id: str | None = None,
        size: Size | None = None,
        reader: str | None = None,
        combine: str | None = None,
    ) -> FloatMap:
        """Draw the map of a label, or of all gaze, for a reading or for an image.

        Parameters
        ----------
        label : str, optional
            One of the labels, whatever its case. Without it all gaze is drawn: the saliency map.
        reading_id, dicom_id : str
            One of the two: a reading, or an image.
        size : tuple of int, optional
            (height, width) in model pixels, letterboxed; that of the image unless given.
        reader : str, optional
            Which reading of an image: a `reading_id`, or the value of the attribute `reader` in
            data sets that have it.
        combine : {'max', 'mean'}, optional
            Join the maps of all readings of an image that mention the label.

        Returns
        -------
        ndarray of float32, shape (height, width)
            Drawn from the lossless Gaussians as the run's parameters say; maximum 1, a little below
            where it is letterboxed or a mean.

        Raises
        ------
        GazeError
            If the reading, the image or the label is unknown (the nearest is named), if an image
            has several readings (they are listed) and neither `reader` nor `combine` says what to
            do, or if there is no gaze to draw.

        Examples
        --------
        >>> import gazescribe as gs
        >>> run = gs.open(".")
        >>> heatmap = run.heatmap(reading_id="R1", label="Edema", size=(224, 224))
        >>> heatmap.shape, heatmap.dtype
        ((224, 224), dtype('float32'))
        """
        selections = self._select(label, reading_id, dicom_id, reader, combine)
        return self._draw(selections, size, combine)

    def image(self, dicom_id: str) -> Picture:
        """Read a radiograph as it is displayed.

        Parameters
        ----------
        dicom_id : str
            The image.

        Returns
        -------
        ndarray of uint8, shape (height, width)
            Black 0, white 255; the grid of the native heatmap, to which a shrunk copy is brought.

        Raises
        ------
        GazeError
            If no reading shows this image, or its file is not there or has another aspect.

        Notes
        -----
        Files are looked for in `images` of `run.json`, in the demo's folder, or in the folder that
        the environment variable `GAZE_DATA_ROOT` names.

        Examples
        --------
        >>> import gazescribe as gs
        >>> gs.open(".").image("image of R1").shape
        (600, 480)
        """
        sides = self._rows("dicom_id", dicom_id)[["height_px", "width_px"]].dropna().astype(int)
        image_size = next(sides.itertuples(index=False, name=None), None)
        return read_sized(self._radiograph(dicom_id), image_size)

    def overlay(
        self,
        *,
        label: str | None = None,
        reading_id: str | None = None,
        dicom_id: str | None = None,
        reader: str | None = None,
        combine: str | None = None,
    ) -> "Figure":
        """Draw a map over the radiograph, with fixations and the readers' ellipses of its label.

        Parameters
        ----------
        label, reading_id, dicom_id, reader, combine
            As for `heatmap`.

        Returns
        -------
        matplotlib.figure.Figure
            To be shown by a notebook, or saved: `figure.savefig("overlay.png")`.

        Raises
        ------
        GazeError
            As `heatmap` and `image` do, and if the radiograph has another aspect than the readings.

        Examples
        --------
        >>> import gazescribe as gs
        >>> figure = gs.open(".").overlay(reading_id="R1", label="Edema")
        >>> print(figure.axes[0].get_title().splitlines()[0])
        Edema, R1
        """
        selections = self._select(label, reading_id, dicom_id, reader, combine)
        label = self._spelt(label) or ALL_GAZE
        reading_ids = [selection.reading_id for selection in selections]
        by_id: dict[str, Row] = {
            row["reading_id"]: row
            for part in selections
            for row in read_table(
                part.tables, "readings", filters=[("reading_id", "in", reading_ids)]
            ).to_pylist()
        }
        fixations = [window_fixations(part.associated, part.rows) for part in selections]
        ellipses = [
            row
            for part in selections
            for row in label_ellipses(
                part.tables, by_id[part.reading_id], label, self._params.min_certainty
            )
        ]
        title = f"{label}, {', '.join(reading_ids)}"
        if label != ALL_GAZE:
            said = (window_text(by_id[part.reading_id], part.rows) for part in selections)
            title += f"\n“{' … '.join(said)}”"
        heatmap = self._draw(selections, None, combine)
        path = self._radiograph(by_id[reading_ids[0]]["dicom_id"])
        figure: Figure = paint(
            read_sized(path, (heatmap.shape[0], heatmap.shape[1])),
            heatmap,
            {name: np.concatenate([rows[name] for rows in fixations]) for name in fixations[0]},
            ellipses,
            title,
        )
        return figure

    def _draw(
        self, selections: Sequence[_Selection], size: Size | None, combine: str | None
    ) -> FloatMap:
        params = self._params
        maps = [draw_windows(part.associated, part.rows, size, params) for part in selections]
        return combine_maps(maps, combine or "max")

    def _select(
        self,
        label: str | None,
        reading_id: str | None,
        dicom_id: str | None,
        reader: str | None,
        combine: str | None,
    ) -> list[_Selection]:
        """Find the windows of the label, or of all gaze; one selection for each reading to draw."""
        if (reading_id is None) == (dicom_id is None):
            raise GazeError("give either reading_id or dicom_id.")
        label = self._spelt(label)
        if dicom_id is not None:
            return self._select_of_image(dicom_id, label, reader, combine)
        if reader or combine:
            raise GazeError("reader and combine go with dicom_id, not with reading_id.")
        datasets = self._datasets_of("reading_id", str(reading_id))
        if len(datasets) > 1:
            what = f"reading {reading_id} lies in {len(datasets)} data sets of this run."
            raise GazeError(what, where=self.folder, faults=datasets)
        folder = self._associated[datasets[0]]
        rows = choose_windows(read_table(folder, "windows"), str(reading_id), None, label)
        return [_Selection(self._tables(datasets[0]), folder, rows)]

    def _select_of_image(
        self, dicom_id: str, label: str | None, reader: str | None, combine: str | None
    ) -> list[_Selection]:
        datasets = self._datasets_of("dicom_id", dicom_id)
        if len(datasets) > 1 and reader is None and combine is None:
            what = f"image {dicom_id} has readings in {len(datasets)} data sets."
            remedy = "Name one of them (reader), or join their maps (combine: max or mean)."
            rows = self._rows("dicom_id", dicom_id)
            faults = [f"{row.reading_id} of {row.dataset}" for row in rows.itertuples()]
            raise GazeError(what, where=self.folder, remedy=remedy, faults=faults)
        selections: list[_Selection] = []
        errors: list[GazeError] = []
        for dataset in datasets:
            tables, folder = self._tables(dataset), self._associated[dataset]
            try:
                chosen = choose_image_windows(
                    tables, folder, dicom_id, label=label, reader=reader, combine=combine
                )
            except GazeError as error:  # it may be in another data set
                errors.append(error)
            else:
                selections += [_Selection(tables, folder, rows) for rows in chosen]
        if len(errors) == 1 and not selections:
            raise errors[0]
        if not selections:
            what = f"no reading of image {dicom_id} can be drawn."
            raise GazeError(what, where=self.folder, faults=[error.what for error in errors])
        return selections
