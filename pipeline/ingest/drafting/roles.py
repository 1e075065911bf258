"""Which table of ours a file is, and what its columns hold, guessed by their names."""

import re
from collections.abc import Mapping, Sequence
from functools import cache

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.resources import shipped
from gazescribe.pipeline.core.yaml_files import load_yaml
from gazescribe.pipeline.ingest.drafting.sheets import Sheet
from gazescribe.pipeline.ingest.drafting.units import stem_of

NEEDED = {  # what a table is known by, the most telling first; | parts need one of several
    "fixations": ("x_px", "y_px", "onset_s", "offset_s|duration_s"),
    "samples": ("x_px", "y_px", "time_s"),
    "words": ("text", "onset_s", "offset_s|duration_s"),
    "ellipses": ("label", "xmin_px", "ymin_px", "xmax_px", "ymax_px", "certainty"),
    "regions": ("region", "xmin_px", "ymin_px", "xmax_px", "ymax_px"),
    "readings": ("dicom_id|subject_id|width_px|text",),
}
BOTH = ("offset_s", "duration_s")  # one is enough


@cache
def _vocabulary() -> Mapping[str, Mapping[str, Sequence[str]]]:
    path = shipped("data_manifests") / "drafting" / "column_names.yaml"
    names: Mapping[str, Mapping[str, Sequence[str]]] = load_yaml(path, ManifestError)
    return names


def role_of(sheet: Sheet) -> tuple[str, dict[str, str]] | None:
    """Guess the table that a sheet is, and its columns by our name; None where it is none."""
    for table, needed in NEEDED.items():
        columns = guess_columns(table, sheet.header)
        if all({*part.split("|")} & {*columns} for part in needed):
            if {*BOTH} <= {*columns}:
                del columns[BOTH[1]]
            return table, columns
    return None


def guess_columns(table: str, header: Sequence[str]) -> dict[str, str]:
    """Find the columns of a table of ours in a header, each used once."""
    columns: dict[str, str] = {}
    for ours, patterns in _vocabulary()[table].items():
        free = [name for name in header if name not in columns.values()]
        for pattern in patterns:
            fitting = [name for name in free if re.fullmatch(pattern, stem_of(name))]
            if fitting:
                columns[ours] = fitting[0]
                break
    return columns
