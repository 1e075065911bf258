"""CONFIG: the resolved JSON that says which networks to train, on what, and how.

`gazescribe configure` writes it from the parameters; nothing is left to a default. It is read here
without pydantic, so that it can be read on a machine that has only torch.
"""

import dataclasses
import importlib
import math
import re
import types
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from gazescribe.models.core.settings import Between, SettingRule
from gazescribe.pipeline.core.errors import GazeError, ParamsError, nearest, quote
from gazescribe.pipeline.core.foreign import read_json

SCHEMA_VERSION = 1
SYSTEMS = {
    "mil": "gazescribe.models.mil.settings",
    "cooperative": "gazescribe.models.cooperative.settings",
}
RUN_NAME = re.compile(r"[a-z][a-z0-9_]*-seed\d+")


@dataclasses.dataclass(frozen=True)
class Config:
    """A whole CONFIG.

    `system` is a key of `SYSTEMS`, `profile` the name of the one that gave the sizes; the others
    are as `PARTS` of that system's settings has them.
    """

    system: str
    profile: str
    inputs: Any
    runs: tuple[Any, ...]
    evaluation: Any


def settings_of(system: str) -> Any:
    """Import the settings of a system."""
    return importlib.import_module(SYSTEMS[system])


def read_config(path: Path) -> Config:
    """Read and check a CONFIG.

    Raises ParamsError if the file is no JSON, or a value is missing, unknown, of another type or
    out of range; all faults at once.
    """
    content: dict[str, Any] = read_json(path, ParamsError)
    version, system = content.get("schema_version"), content.get("system")
    if version != SCHEMA_VERSION:
        message = f"schema_version is {quote(version)}, {SCHEMA_VERSION} expected."
        raise ParamsError(message, where=path, remedy="Write it again with `gazescribe configure`.")
    if not isinstance(system, str) or system not in SYSTEMS:
        raise ParamsError(f"system is {quote(system)}; known are {', '.join(SYSTEMS)}.", where=path)
    settings = settings_of(system)
    faults: list[str] = []
    kinds = {"schema_version": int, "system": str, "profile": str, **settings.PARTS}
    values = _read_keys(kinds, content, "", faults)
    if not faults:
        faults += _run_faults(values["runs"], getattr(settings, "run_faults", lambda _: []))
        if hasattr(settings, "input_faults"):
            faults += settings.input_faults(values["inputs"], values["runs"])
    if faults:
        remedy = "Write it again with `gazescribe configure`."
        message = "this CONFIG does not say what it must."
        raise ParamsError(message, where=path, remedy=remedy, faults=faults)
    del values["schema_version"]
    return Config(**values)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let errors that speak of CONFIG name its file: what finds them does not know it."""
    try:
        yield
    except GazeError as error:
        if error.where == "CONFIG":
            error.where = str(path)
        raise


def _run_faults(runs: tuple[Any, ...], faults_of: Callable[[Any], list[str]]) -> list[str]:
    faults = [] if runs else ["runs is empty"]
    for number, run in enumerate(runs):
        if run.name != f"{run.model}-seed{run.seed}" or not RUN_NAME.fullmatch(run.name):
            faults.append(
                f"runs.{number}.name: {run.name!r} is not <model>-seed<seed> of model {run.model!r}"
                f" and seed {run.seed}"
            )
    names = [run.name for run in runs]
    twice = (name for name in sorted(set(names)) if names.count(name) > 1)
    faults += [f"runs: {name} stands there twice" for name in twice]
    for run in runs:
        faults += [f"{run.name}: {fault}" for fault in faults_of(run)]
    return faults


def read_settings(kind: type, content: Any, *, where: object) -> Any:
    """Fit loaded content to a dataclass of settings; raises as `read_config` does."""
    faults: list[str] = []
    settings = _read(kind, content, "run", faults)
    if faults:
        raise ParamsError("these settings are not what they must be.", where=where, faults=faults)
    return settings


def _read_keys(
    kinds: dict[str, Any],
    content: dict[str, Any],
    key: str,
    faults: list[str],
    optional: Container[str] = (),
) -> dict[str, Any]:
    prefix = f"{key}." if key else ""
    faults += [
        f"{prefix}{name} is unknown{nearest(name, kinds)}" for name in content if name not in kinds
    ]
    absent = [name for name in kinds if name not in content and name not in optional]
    faults += [f"{prefix}{name} is missing" for name in absent]
    return {
        name: _read(kind, content[name], f"{prefix}{name}", faults)
        for name, kind in kinds.items()
        if name in content
    }


def _read(kind: Any, value: Any, key: str, faults: list[str]) -> Any:
    """Read a value of the annotated kind; add to `faults` what does not fit."""
    readers: dict[Any, Callable[..., Any]] = {
        Annotated: _read_checked,
        Union: _read_union,
        types.UnionType: _read_union,
        tuple: _read_list,
        dict: _read_object,
    }
    if get_origin(kind) in readers:
        return readers[get_origin(kind)](get_args(kind), value, key, faults)
    if dataclasses.is_dataclass(kind):
        return _read_dataclass(kind, value, key, faults)
    if not _has_kind(value, kind):
        faults.append(f"{key}: {_description(kind)} expected, found {quote(value)}")
        return value
    return float(value) if kind is float else value


def _read_checked(arguments: tuple[Any, ...], value: Any, key: str, faults: list[str]) -> Any:
    kind, *rules = arguments
    n_faults = len(faults)
    checked = _read(kind, value, key, faults)
    for rule in rules:
        if isinstance(rule, Between | SettingRule) and len(faults) == n_faults:
            try:
                rule.check(checked)
            except ValueError as fault:
                faults.append(f"{key}: {fault}, found {quote(value)}")
    return checked


def _read_union(arguments: tuple[Any, ...], value: Any, key: str, faults: list[str]) -> Any:
    """Read null where it may stand, an object where one is given, else the first kind there is."""
    if value is None and type(None) in arguments:
        return None
    kinds = [kind for kind in arguments if kind is not type(None)]
    of_value = [kind for kind in kinds if (get_origin(kind) is dict) == isinstance(value, dict)]
    return _read((of_value or kinds)[0], value, key, faults)


def _read_list(arguments: tuple[Any, ...], value: Any, key: str, faults: list[str]) -> Any:
    if not isinstance(value, list):
        faults.append(f"{key}: a list expected, found {quote(value)}")
        return ()
    return tuple(_read(arguments[0], v, f"{key}.{i}", faults) for i, v in enumerate(value))


def _read_object(arguments: tuple[Any, ...], value: Any, key: str, faults: list[str]) -> Any:
    if not isinstance(value, dict):
        faults.append(f"{key}: an object expected, found {quote(value)}")
        return {}
    return {name: _read(arguments[1], v, f"{key}.{name}", faults) for name, v in value.items()}


def _read_dataclass(kind: Any, value: Any, key: str, faults: list[str]) -> Any:
    if not isinstance(value, dict):
        faults.append(f"{key}: an object expected, found {quote(value)}")
        return None
    n_faults = len(faults)
    # What a CONFIG of an earlier version could not say.
    optional = [field.name for field in dataclasses.fields(kind) if field.default is None]
    hints = get_type_hints(kind, include_extras=True)
    values = _read_keys(hints, value, key, faults, optional)
    if len(faults) > n_faults:
        return None
    try:
        return kind(**values)
    except ValueError as fault:  # of its __post_init__: values that do not go together
        faults.append(f"{key}: {fault}")
        return None


def _has_kind(value: Any, kind: Any) -> bool:
    """Whether a value has a plain kind; no truth value is a number, no number infinite."""
    if get_origin(kind) is Literal:
        return any(value == choice and type(value) is type(choice) for choice in get_args(kind))
    if kind is float:
        return type(value) in (int, float) and math.isfinite(value)
    return type(value) is kind


def _description(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(map(repr, get_args(kind)))
    return {int: "a whole number", float: "a number", str: "text", bool: "true or false"}[kind]
