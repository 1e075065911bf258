"""CONFIG: the resolved JSON that says which networks to train, on what, and how.

`gazescribe configure` writes it from the parameters; nothing is left to a default. It is read here
without pydantic, so that it can be read on a machine that has only torch.
"""

import dataclasses
import importlib
import json
import math
import re
import types
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from gazescribe.pipeline.core.errors import ParamsError, nearest

SCHEMA_VERSION = 1
SYSTEMS = {
    "mil": "gazescribe.models.mil.settings",
    "cooperative": "gazescribe.models.cooperative.settings",
}
RUN_NAME = re.compile(r"[a-z][a-z0-9_]*-seed\d+")


@dataclasses.dataclass(frozen=True)
class Between:
    """Range of a number, for annotations: low ≤ value ≤ high, or low < value where it is open."""

    low: float
    high: float = math.inf
    above: bool = False

    def __contains__(self, value: float) -> bool:
        return (self.low < value if self.above else self.low <= value) and value <= self.high

    def __str__(self) -> str:
        low = f"{'more than' if self.above else 'at least'} {self.low:g}"
        return low if self.high == math.inf else f"{low} and at most {self.high:g}"


@dataclasses.dataclass(frozen=True)
class Config:
    """A whole CONFIG.

    Attributes
    ----------
    system : str
        Which of the two networks: a key of `SYSTEMS`.
    profile : str
        Name of the profile that gave the sizes.
    inputs, runs, evaluation
        `Inputs`, a tuple of `Run` and `Evaluation` of that system's settings.
    """

    system: str
    profile: str
    inputs: Any
    runs: tuple[Any, ...]
    evaluation: Any


def read_config(path: Path) -> Config:
    """Read and check a CONFIG.

    Raises
    ------
    ParamsError
        If the file is no JSON, or a value is missing, unknown, of another type or out of range;
        all faults at once.
    """
    content = _load(path)
    version, system = content.get("schema_version"), content.get("system")
    if version != SCHEMA_VERSION:
        what = f"schema_version is {version!r}, {SCHEMA_VERSION} expected."
        raise ParamsError(what, where=path, remedy="Write it again with `gazescribe configure`.")
    if system not in SYSTEMS:
        raise ParamsError(f"system is {system!r}; known are {', '.join(SYSTEMS)}.", where=path)
    settings: Any = importlib.import_module(SYSTEMS[system])
    faults: list[str] = []
    parts = {
        "schema_version": int,
        "system": str,
        "profile": str,
        "inputs": settings.Inputs,
        "runs": tuple[settings.Run, ...],
        "evaluation": settings.Evaluation,
    }
    read = _read_keys(parts, content, "", faults)
    if not faults:
        faults += _run_faults(read["runs"], getattr(settings, "run_faults", lambda _: []))
    if faults:
        raise ParamsError("this CONFIG does not say what it must.", where=path, faults=faults)
    del read["schema_version"]
    return Config(**read)


def _load(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ParamsError("there is no such file.", where=path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as fault:
        raise ParamsError(f"this is not JSON ({fault}).", where=path) from fault
    if not isinstance(content, dict):
        raise ParamsError("a JSON object was expected.", where=path)
    return content


def _run_faults(runs: tuple[Any, ...], own: Callable[[Any], list[str]]) -> list[str]:
    names = [run.name for run in runs]
    faults = [] if runs else ["runs is empty"]
    faults += [
        f"runs.{number}.name: {run.name!r} is not <model>-seed<seed> of model {run.model!r}"
        f" and seed {run.seed}"
        for number, run in enumerate(runs)
        if run.name != f"{run.model}-seed{run.seed}" or not RUN_NAME.fullmatch(run.name)
    ]
    faults += [
        f"runs: {name} stands there twice" for name in sorted(set(names)) if names.count(name) > 1
    ]
    faults += [f"{run.name}: {fault}" for run in runs for fault in own(run)]
    return faults


def read_settings(kind: type, content: Any, *, where: object) -> Any:
    """Fit loaded content to a dataclass of settings; raises as `read_config` does."""
    faults: list[str] = []
    read = _read(kind, content, kind.__name__.lower(), faults)
    if faults:
        raise ParamsError("these settings are not what they must be.", where=where, faults=faults)
    return read


def _read_keys(
    parts: dict[str, Any], content: dict[str, Any], at: str, faults: list[str]
) -> dict[str, Any]:
    prefix = f"{at}." if at else ""
    unknown = [key for key in content if key not in parts]
    faults += [f"{prefix}{key} is unknown{nearest(key, parts)}" for key in unknown]
    faults += [f"{prefix}{key} is missing" for key in parts if key not in content]
    return {
        key: _read(kind, content[key], f"{prefix}{key}", faults)
        for key, kind in parts.items()
        if key in content
    }


def _read(kind: Any, value: Any, at: str, faults: list[str]) -> Any:
    """Read a value of the annotated kind; add to `faults` what does not fit."""
    readers: dict[Any, Callable[..., Any]] = {
        Annotated: _read_bounded,
        Union: _read_optional,
        types.UnionType: _read_optional,
        tuple: _read_list,
        dict: _read_object,
    }
    if get_origin(kind) in readers:
        return readers[get_origin(kind)](get_args(kind), value, at, faults)
    if dataclasses.is_dataclass(kind):
        return _read_dataclass(kind, value, at, faults)
    if not _is_of(kind, value):
        faults.append(f"{at}: {_said(kind)} expected, found {value!r}")
        return value
    return float(value) if kind is float else value


def _read_bounded(arguments: tuple[Any, ...], value: Any, at: str, faults: list[str]) -> Any:
    kind, bounds = arguments
    before = len(faults)
    read = _read(kind, value, at, faults)
    if len(faults) == before and read not in bounds:
        faults.append(f"{at}: {bounds} expected, found {value!r}")
    return read


def _read_optional(arguments: tuple[Any, ...], value: Any, at: str, faults: list[str]) -> Any:
    (kind,) = (one for one in arguments if one is not type(None))
    return None if value is None else _read(kind, value, at, faults)


def _read_list(arguments: tuple[Any, ...], value: Any, at: str, faults: list[str]) -> Any:
    if not isinstance(value, list):
        faults.append(f"{at}: a list expected, found {value!r}")
        return ()
    return tuple(_read(arguments[0], one, f"{at}.{i}", faults) for i, one in enumerate(value))


def _read_object(arguments: tuple[Any, ...], value: Any, at: str, faults: list[str]) -> Any:
    if not isinstance(value, dict):
        faults.append(f"{at}: an object expected, found {value!r}")
        return {}
    return {key: _read(arguments[1], one, f"{at}.{key}", faults) for key, one in value.items()}


def _read_dataclass(kind: Any, value: Any, at: str, faults: list[str]) -> Any:
    if not isinstance(value, dict):
        faults.append(f"{at}: an object expected, found {value!r}")
        return None
    before = len(faults)
    read = _read_keys(get_type_hints(kind, include_extras=True), value, at, faults)
    return kind(**read) if len(faults) == before else None


def _is_of(kind: Any, value: Any) -> bool:
    """Whether a plain value is of a plain kind; no truth value is a number, no number infinite."""
    if get_origin(kind) is Literal:
        return any(value == one and type(value) is type(one) for one in get_args(kind))
    if kind is float:
        return type(value) in (int, float) and math.isfinite(value)
    return type(value) is kind


def _said(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(repr(one) for one in get_args(kind))
    return {int: "a whole number", float: "a number", str: "text", bool: "true or false"}[kind]
