"""What is known of each source data set: its files, columns, counts, screen, licence and duties.

The facts are in `data_manifests/*.yaml`; this module says what such a file holds and reads it.
"""

import re
from typing import Literal

from pydantic import Field, model_validator

from gazescribe.pipeline.core.yaml_files import Strict

SHIPPED = ("reflacx", "egd", "mimic-cxr-jpg", "demo")  # have readers of their own, or none
_PLACEHOLDER = re.compile(r"\{(\w+)\}|(\*)")


class Access(Strict):
    """How the data set is got."""

    tier: Literal["open", "restricted", "credentialed"]
    url: str | None = None
    how: str  # steps, in words


class Licence(Strict):
    """Under which words it comes."""

    name: str
    url: str | None = None
    redistributable: bool


class Citation(Strict):
    """What to cite."""

    text: str
    doi: str | None = None


class Column(Strict):
    """One column of a source file."""

    name: str
    type: Literal["int", "float", "bool", "str"]
    unit: str | None = None
    required: bool = True  # the file cannot be read without it
    blank: bool = False  # cells may be empty
    values: list[str] | None = None  # all that may stand there
    description: str | None = None


class SourceFile(Strict):
    """One file of the tree, or one kind of file that every reading or image has."""

    name: str  # how the readers ask for it
    pattern: str  # relative to the root; {reading_id}, {dicom_id} … as in `ids`, * within a name
    required: bool
    loses: str  # what is lost without it
    ingested: bool = True
    watch: Literal["md5", "size"] = "md5"  # how a changed file is noticed
    columns: list[Column] = Field(default_factory=list)
    labels: str | None = None  # the list in `labels` whose names are further columns

    @property
    def required_columns(self) -> list[str]:
        """Names of the columns that must be there; without those of `labels`."""
        return [column.name for column in self.columns if column.required]


class LabelList(Strict):
    """Label columns by kind: certainty 0 to 5, flag, free text, state (1, 0, -1, blank)."""

    certainty: list[str] = Field(default_factory=list)
    flag: list[str] = Field(default_factory=list)
    text: list[str] = Field(default_factory=list)
    state: list[str] = Field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """All names, in alphabetical order, which is REFLACX's column order."""
        return sorted([*self.certainty, *self.flag, *self.text, *self.state])


class Box(Strict):
    """A rectangle on the screen, in screen pixels."""

    xmin_px: int
    ymin_px: int
    xmax_px: int
    ymax_px: int


class Screen(Strict):
    """What the reader sat in front of."""

    monitor: str | None = None
    width_px: int
    height_px: int
    width_mm: float | None = None
    height_mm: float | None = None
    distance_mm: float | None = None
    image_area: Box | None = None  # where the image may stand
    buttons: Box | None = None
    canvas_height_px: int | None = None  # height the pads were measured on, where it is another
    tracker: str | None = None
    sampling_hz: float | None = None
    notes: str | None = None


class PublishedList(Strict):
    """A list of ids that the authors published apart from the data."""

    name: str
    file: str
    option: Literal["--val-subjects", "--tuning-readings"]
    holds: Literal["subject_id", "reading_id"]
    count: int
    where: str
    rule: str


class Manifest(Strict):
    """All that is known of one data set."""

    name: str
    long_name: str
    versions: list[str]  # the first is what the manifest describes, the others are tolerated
    released: str | None = None
    doi: str | None = None
    description: str
    citations: list[Citation]
    access: Access
    licence: Licence
    duties: list[str]
    signature: str | None = None  # the file by which the root of the tree is found
    ids: dict[str, str]  # name to regular expression, for the whole id
    files: list[SourceFile] = Field(default_factory=list)
    counts: dict[str, int] = Field(default_factory=dict)  # of the full release only
    labels: dict[str, LabelList] = Field(default_factory=dict)
    screen: Screen | None = None
    published_lists: list[PublishedList] = Field(default_factory=list)

    @model_validator(mode="after")
    def _names_exist(self) -> "Manifest":
        faults = []
        for name, pattern in self.ids.items():
            try:
                re.compile(pattern)
            except re.error:
                faults.append(f"ids.{name} is no regular expression")
        for file in self.files:
            if file.labels is not None and file.labels not in self.labels:
                faults.append(f"file {file.name} names the unknown label list {file.labels}")
            unknown = {part for part, _ in _PLACEHOLDER.findall(file.pattern) if part} - {*self.ids}
            if unknown:
                faults.append(f"file {file.name} has the unknown id {', '.join(sorted(unknown))}")
        names = [file.name for file in self.files]
        faults += [
            f"file {name} occurs twice" for name in sorted({*names}) if names.count(name) > 1
        ]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def file(self, name: str) -> SourceFile:
        """Describe one file by its name in the manifest."""
        return next(file for file in self.files if file.name == name)

    def is_id(self, kind: str, text: str) -> bool:
        """Tell whether a text is an id of that kind, safe to be joined to a folder."""
        return re.fullmatch(self.ids[kind], text) is not None

    def matcher(self, file: SourceFile) -> re.Pattern[str]:
        """Regular expression for the paths, relative to the root, of one kind of file.

        Ids are named groups. A table may lie there as `.csv` or `.csv.gz`.
        """
        expression, end = "", 0
        for placeholder in _PLACEHOLDER.finditer(file.pattern):
            expression += re.escape(file.pattern[end : placeholder.start()])
            kind = placeholder[1]
            if kind is None:
                expression += "[^/]*"
            elif f"(?P<{kind}>" in expression:
                expression += f"(?P={kind})"  # the same id again
            else:
                expression += f"(?P<{kind}>{self.ids[kind]})"
            end = placeholder.end()
        expression += re.escape(file.pattern[end:])
        return re.compile(expression + (r"(?:\.gz)?" if file.pattern.endswith(".csv") else ""))
