"""Functions of the public interface that no room of the pipeline has in this form."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gazescribe.pipeline.core.errors import ArrayError, GazeError, ParamsError, nearest
from gazescribe.pipeline.core.schemas import TABLES
from gazescribe.pipeline.core.shards import INDEXES, open_shards
from gazescribe.pipeline.core.tables import read_table as read_arrow_table

if TYPE_CHECKING:  # each takes a second to import
    import pandas as pd

    from gazescribe.pipeline.dictation.labeler.labeler import Labeler
    from gazescribe.pipeline.dictation.labeler.mentions import Mention

SAMPLES = ("time_s", "x_px", "y_px")
"""Columns that fixations are found in."""


def label(texts: Iterable[str]) -> "list[list[Mention]]":
    """Find what radiology reports mention, by the rules in force here.

    Parameters
    ----------
    texts : iterable of str
        Reports or dictations.

    Returns
    -------
    list of list of Mention
        For each text its mentions, by place and label. A mention has the fields `char_start,
        char_end, label, concept, text, sentence, polarity` (positive, negative, uncertain),
        `rule_id` and `trigger`.

    Raises
    ------
    GazeError
        If `texts` is one text, or the rules folder cannot be used.

    Notes
    -----
    The rules are those of `Labeler.from_rules()`: the folder `rules/` in the working folder, else
    the packaged ones. They are read once.

    Examples
    --------
    >>> import gazescribe as gs
    >>> (mentions,) = gs.label(["Mild edema. No effusion."])
    >>> for mention in mentions:
    ...     print(mention.text, "is", mention.polarity, mention.label)
    edema is positive pulmonary edema
    effusion is negative pleural abnormality
    effusion is negative pleural effusion
    """
    if isinstance(texts, str):  # it would be labelled letter by letter
        raise GazeError("one text was given where a list of texts is expected; give [text].")
    return _labeler().label(texts)


@cache
def _labeler() -> "Labeler":
    from gazescribe.pipeline.dictation.labeler.labeler import Labeler

    return Labeler.from_rules()


def read_table(folder: Path | str, name: str) -> "pd.DataFrame":
    """Read a table of a folder, checked against its schema.

    Parameters
    ----------
    folder : path
        That a command wrote: ingested tables, associated windows, a folder of shards.
    name : str
        Such as `readings`, `fixations`, `words`, `windows`, `gaussians`; `heatmaps` and
        `image_shards` are the indexes of shards. `docs/format.md` has the columns.

    Returns
    -------
    pandas.DataFrame
        Sorted by the key of the table; unknown numbers are NaN.

    Raises
    ------
    SchemaError
        If the folder has no such table, or it is of another form.
    GazeError
        If no table has this name; the nearest is named.

    Examples
    --------
    >>> import gazescribe as gs
    >>> fixations = gs.read_table("data/tables/reflacx", "fixations")
    >>> fixations.loc[:1, ["reading_id", "fixation", "onset_s", "x_px", "y_px"]]
      reading_id  fixation  onset_s   x_px    y_px
    0         R1         0      0.0   80.0  120.00
    1         R1         1      0.7  168.5  244.25
    """
    if name not in TABLES:
        known = nearest(name, TABLES) or f"; there are {', '.join(TABLES)}"
        raise GazeError(f"no table is named {name!r}{known}.")
    folder = Path(folder)
    if name in INDEXES.values() and (folder / "index.parquet").is_file():
        table = open_shards(folder).index
    else:
        table = read_arrow_table(folder, name)
    frame: pd.DataFrame = table.to_pandas()
    return frame


def detect_fixations(
    samples: "pd.DataFrame | Mapping[str, Any]",
    px_per_deg: float | tuple[float, float],
    **settings: Any,
) -> "pd.DataFrame":
    """Find the fixations in raw gaze samples of one reading.

    Parameters
    ----------
    samples : pandas.DataFrame or mapping of str to array
        Columns `time_s` (rising), `x_px`, `y_px` and, if there is one, `valid` (an eye was found).
        Samples without a finite position are invalid.
    px_per_deg : float or tuple of float
        Pixels a degree of visual angle, or (horizontal, vertical).
    **settings
        `method` ('idt', by dispersion, 'ivt', by velocity, or 'i2mc', by clusters) and other keys
        of section `fixations` in the parameters, which has those that are not given.

    Returns
    -------
    pandas.DataFrame
        A row a fixation: `fixation`, `onset_s`, `offset_s`, `x_px`, `y_px` (mean of its samples).

    Raises
    ------
    ArrayError
        If a column is missing, times fall, or `px_per_deg` is not positive.
    ParamsError
        If a setting is unknown or out of range.

    Notes
    -----
    I-DT and I-VT of pymovements or I2MC, as the command `fixations` runs them; but for I2MC, which
    fills short losses in, a fixation never reaches over an invalid or missing sample.

    Examples
    --------
    Half a second at one place, then half a second ten degrees to the right, at 100 Hz:

    >>> import gazescribe as gs
    >>> import numpy as np
    >>> samples = {
    ...     "time_s": np.arange(100) / 100,
    ...     "x_px": np.repeat([200.0, 700.0], 50),
    ...     "y_px": np.full(100, 300.0),
    ... }
    >>> gs.detect_fixations(samples, px_per_deg=50, method="ivt")
       fixation  onset_s  offset_s   x_px   y_px
    0         0     0.00      0.49  200.0  300.0
    1         1     0.51      1.00  700.0  300.0
    """
    import numpy as np
    import pandas as pd

    from gazescribe.pipeline.commands.params import load_params
    from gazescribe.pipeline.core.yaml_files import check
    from gazescribe.pipeline.gaze.detection import detect, fixation_columns
    from gazescribe.pipeline.gaze.samples import Samples
    from gazescribe.pipeline.gaze.settings import Detection

    content = {**load_params().fixations.model_dump(), **settings}
    detection = check(content, Detection, ParamsError, where="detect_fixations")
    absent = [name for name in SAMPLES if name not in samples]
    if absent:
        raise ArrayError(f"samples lack the columns {', '.join(absent)}.")
    time_s, x_px, y_px = (np.asarray(samples[name], np.float64) for name in SAMPLES)
    if not time_s.shape == x_px.shape == y_px.shape == (time_s.size,):
        shapes = f"{time_s.shape}, {x_px.shape}, {y_px.shape}"
        raise ArrayError(f"time_s, x_px and y_px differ in shape: {shapes}.")
    if (np.diff(time_s) < 0).any():
        row = int(np.argmax(np.diff(time_s) < 0)) + 1
        raise ArrayError(f"samples are not in the order of time: row {row} is before the last one.")
    scale = np.asarray(px_per_deg, np.float64)
    if scale.shape not in ((), (2,)) or not (scale > 0).all():
        raise ArrayError(f"px_per_deg is {px_per_deg}; one number or two, above 0, are expected.")
    position_px = np.stack([x_px, y_px], axis=1)
    valid = np.isfinite(x_px) & np.isfinite(y_px)
    if "valid" in samples:
        valid &= np.asarray(samples["valid"], bool)
    gaze = Samples(time_s, position_px / scale, valid, np.zeros(time_s.size, np.intp))
    return pd.DataFrame(fixation_columns(time_s, position_px, valid, detect(gaze, detection)))
