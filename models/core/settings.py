"""What settings may be, and those that both networks share.

The dataclasses of `models/*/settings.py` are the only definition of a network's settings. Pydantic
checks them where they are read from `params.yaml` and `params/<profile>.yaml`;
`models.core.config` checks them where a CONFIG is read, on machines that have no pydantic. So what
pydantic needs is imported only when it asks.
"""

import dataclasses
import math
import re
from collections.abc import Callable, Iterator, Sized
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from gazescribe.pipeline.core.errors import quote


@dataclass(frozen=True)
class Between:
    """Range of a number: low ≤ value ≤ high, or low < value where it is open."""

    low: float
    high: float = math.inf
    above: bool = False
    multiple_of: int | None = None

    # By this mark pydantic knows an annotation that stands for those it iterates over.
    __is_annotated_types_grouped_metadata__: ClassVar[Literal[True]] = True

    def __iter__(self) -> Iterator[object]:
        from annotated_types import Ge, Gt, Le, MultipleOf

        yield Gt(self.low) if self.above else Ge(self.low)
        if self.high < math.inf:
            yield Le(self.high)
        if self.multiple_of:
            yield MultipleOf(self.multiple_of)

    def __contains__(self, value: float) -> bool:
        low = self.low < value if self.above else self.low <= value
        multiple = not self.multiple_of or value % self.multiple_of == 0
        return low and value <= self.high and multiple

    def __str__(self) -> str:
        text = f"{'more than' if self.above else 'at least'} {self.low:g}"
        if self.high < math.inf:
            text += f" and at most {self.high:g}"
        return f"{text}, a multiple of {self.multiple_of}" if self.multiple_of else text

    def check(self, value: float) -> None:
        """Raise ValueError for a value outside the range."""
        if value not in self:
            raise ValueError(f"{self} expected")


@dataclass(frozen=True)
class SettingRule:
    """A check of a value that has the right type: raises ValueError, saying what is expected.

    Of a value that may have one of several types, `expected` says which, in their place.
    """

    check: Callable[[Any], None]
    expected: str | None = None

    __is_annotated_types_grouped_metadata__: ClassVar[Literal[True]] = True

    def __iter__(self) -> Iterator[object]:
        from pydantic import ValidationError, WrapValidator

        def checked(value: object, read: Callable[[object], object]) -> object:
            try:
                checked_value = read(value)
            except ValidationError:
                if self.expected is None:
                    raise
                raise ValueError(f"{self.expected} expected, found {quote(value)}") from None
            try:
                self.check(checked_value)
            except ValueError as fault:  # CONFIG's reader adds as much
                raise ValueError(f"{fault}, found {quote(checked_value)}") from fault
            return checked_value

        yield WrapValidator(checked)


@dataclass(frozen=True)
class Yaml:
    """How YAML reads a text that it takes for something else: `off` as False, `32` as a number."""

    value: object
    text: str

    __is_annotated_types_grouped_metadata__: ClassVar[Literal[True]] = True

    def __iter__(self) -> Iterator[object]:
        from pydantic import BeforeValidator

        yield BeforeValidator(self.spelled)

    def spelled(self, value: object) -> object:
        """Give the text in place of the value; anything else as it is."""
        equal = type(value) is type(self.value) and value == self.value
        return self.text if equal else value


def _check_some(values: Sized) -> None:
    if not len(values):
        raise ValueError("at least one expected")


def _check_model(name: str) -> None:
    if not MODEL_NAME.fullmatch(name):
        raise ValueError("a name of small letters, digits and _ expected")


MODEL_NAME = re.compile(r"[a-z][a-z0-9_]*")
NOT_EMPTY = SettingRule(_check_some)

Share = Annotated[float, Between(0, 1)]
NotNegative = Annotated[float, Between(0)]
Positive = Annotated[float, Between(0, above=True)]
Count = Annotated[int, Between(1)]
CountOrZero = Annotated[int, Between(0)]
Side = Annotated[int, Between(32, 4096, multiple_of=32)]
"""Of images, in pixels: both networks halve it five times."""
ModelName = Annotated[str, SettingRule(_check_model)]
Seeds = Annotated[tuple[CountOrZero, ...], NOT_EMPTY]
Variants = dict[ModelName, dict[str, Any]]
"""What each model sets otherwise; checked where its runs are made."""


@dataclass(frozen=True)
class Augment:
    """Ranges of the affine draws (`models.training.augment`).

    Rotation is by up to `degrees` and shift by up to `translate` of the width, and of the height,
    either way. Interpolation is that of images, maps and masks; the published code's is nearest.
    """

    degrees: Annotated[float, Between(0, 180)]
    translate: Share
    scale_min: Positive
    scale_max: Positive
    interpolation: Literal["bilinear", "nearest"]

    def __post_init__(self) -> None:
        if self.scale_min > self.scale_max:
            raise ValueError(f"scale_min {self.scale_min} is above scale_max {self.scale_max}")


@dataclass(frozen=True)
class Drawing:
    """How maps are drawn from Gaussians, as section `heatmaps` of `params.yaml` says."""

    amplitude: Literal["mass", "peak"]
    resize: Literal["direct", "published"]


@dataclass(frozen=True)
class Training:
    """What depends on the machine that trains, of either network."""

    epochs: Count
    batch_size: Count
    precision: Annotated[Literal["32", "16-mixed", "bf16-mixed"], Yaml(32, "32")]
    channels_last: bool
    compile: bool
    workers: CountOrZero
    log: Literal["csv", "dvclive"]


def values_of(settings: Any, kind: type) -> dict[str, Any]:
    """Give the values of the fields that settings have from one of their parents."""
    return {field.name: getattr(settings, field.name) for field in dataclasses.fields(kind)}
