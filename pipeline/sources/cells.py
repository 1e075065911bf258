"""Where a manifest finds a value in a table: a column, several joined or averaged, or none at all.

docs/own-data.md describes the keys for people.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from gazescribe.pipeline.core.yaml_files import Strict

Value = bool | int | float | str


def _listed(content: Any) -> Any:
    return content if isinstance(content, list) else [content]


Values = Annotated[list[Value], BeforeValidator(_listed)]  # one alone needs no list
Names = Annotated[list[str], BeforeValidator(_listed)]


def spelt_out(content: Any) -> Any:
    """Read a plain text as the name of a column, a plain number as a value for all rows."""
    if isinstance(content, bool):
        raise ValueError(f"{content} is no name of a column: quote it if the column is called so")  # noqa: TRY004  pydantic wants it
    if isinstance(content, str):
        return {"column": content}
    return {"value": content} if isinstance(content, int | float) else content


def _unless_truth(content: Any) -> Any:
    if isinstance(content, bool):
        raise ValueError(f"{content} is a truth value: quote it if it is a text")  # noqa: TRY004  pydantic wants it
    return content


class Cell(Strict):
    """Where a value stands: in a column, or here for all rows."""

    column: str | None = None  # * in its name stands for any text
    value: Annotated[float | str | None, BeforeValidator(_unless_truth)] = None
    item: int | None = Field(default=None, ge=0)  # of a list in the cell, from 0

    def names(self) -> list[str]:
        """Names of the columns that are read for it."""
        return [] if self.column is None else [self.column]


class TextCell(Cell):
    """A text, or several joined to one."""

    join: list[str] | None = Field(default=None, min_length=1)
    with_: str = Field(default="_", alias="with")  # what stands between them

    def names(self) -> list[str]:
        """Names of the columns that are read for it."""
        return super().names() if self.join is None else self.join


class NumberCell(Cell):
    """A number, or the mean of several: of those that are not blank."""

    mean: list[str] | None = Field(default=None, min_length=1)
    missing: Values = Field(default_factory=list)  # what stands where there is no value

    def names(self) -> list[str]:
        """Names of the columns that are read for it."""
        return super().names() if self.mean is None else self.mean

    def eyes(self) -> list["NumberCell"]:
        """Give a cell for each number that is averaged; itself where that is one."""
        if self.mean is None:
            return [self]
        return [self.model_copy(update={"column": name, "mean": None}) for name in self.mean]


class TimeCell(NumberCell):
    """A time, as a number or as a clock shows it; a tick is 100 ns, as .NET counts."""

    unit: Literal["s", "ms", "us", "ns", "ticks"] = "s"
    sum_before: str | None = None  # of this column in the rows before: what has no gaps

    def names(self) -> list[str]:
        """Names of the columns that are read for it."""
        return super().names() if self.sum_before is None else [self.sum_before]

    def eyes(self) -> list[NumberCell]:
        """Give the cell of the column that is summed; else as for any number."""
        if self.sum_before is None:
            return super().eyes()
        return [self.model_copy(update={"column": self.sum_before, "sum_before": None})]


class AudioStartCell(TimeCell):
    """When the audio began: a time, or that of the first message of this text; * is any text."""

    message: str | None = Field(default=None, min_length=1)
    since: Literal["clock", "trial"] = "clock"  # what a time counts from: the gaze's 0, or a start


class PlaceCell(NumberCell):
    """A position along one axis."""

    unit: Literal[
        "px", "share", "screen_px", "screen_share", "deg", "percent", "screen_percent"
    ] = "px"
    up: bool = False  # it grows upwards
    origin: Literal["corner", "centre"] = "corner"  # of the image, or of the screen


class ResolutionCell(NumberCell):
    """Pixels a degree of visual angle, of the image or of the screen."""

    unit: Literal["px", "screen_px"] = "px"


class ValidCell(Cell):
    """Which rows are valid; where nothing more is given, words for yes and no say it."""

    is_: Values | None = Field(default=None, alias="is")  # what valid rows have there
    at_least: float | None = None  # or the range of the number that they have
    at_most: float | None = None

    @property
    def is_range(self) -> bool:
        """Tell whether a number says it."""
        return self.at_least is not None or self.at_most is not None


def _each_spelt_out(content: Any) -> Any:
    return [spelt_out(cell) for cell in _listed(content)]


Text = Annotated[TextCell, BeforeValidator(spelt_out)]
Number = Annotated[NumberCell, BeforeValidator(spelt_out)]
Time = Annotated[TimeCell, BeforeValidator(spelt_out)]
AudioStart = Annotated[AudioStartCell, BeforeValidator(spelt_out)]
Place = Annotated[PlaceCell, BeforeValidator(spelt_out)]
PxPerDeg = Annotated[ResolutionCell, BeforeValidator(spelt_out)]
Valid = Annotated[list[ValidCell], BeforeValidator(_each_spelt_out)]  # of each eye, or of both
