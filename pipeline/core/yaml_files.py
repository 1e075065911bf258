"""YAML files read into models that refuse unknown keys and name the nearest known one."""

import dataclasses
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, with_config

from gazescribe.pipeline.core.errors import GazeError, ParamsError, nearest

Model = TypeVar("Model")
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's is ten times faster


class Strict(BaseModel):
    """A model that is frozen, knows no keys but its own and holds finite numbers only."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def load_yaml(path: Path, error: type[GazeError], remedy: str | None = None) -> Any:
    """Read a YAML file as plain values: the only place that does.

    Raises
    ------
    GazeError
        Of the kind `error`, if the file is absent (what to do then is the `remedy`) or no YAML.
    """
    if not path.is_file():
        raise error("there is no such file.", where=path, remedy=remedy)
    try:
        text = path.read_text(encoding="utf-8")
        try:
            return yaml.load(text, LOADER)  # noqa: S506  the loader is a safe one, see above
        except yaml.YAMLError:
            # The pure loader's message shows the line; libyaml's has its number alone.
            return yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError) as fault:
        raise error(f"this is not YAML ({fault}).", where=path) from fault


def read_yaml(path: Path, model: type[Model], error: type[GazeError]) -> Model:
    """Read a YAML file into a model; raises an `error` if it does not fit, all faults at once."""
    content = load_yaml(path, error)
    if content is None:
        raise error("the file is empty.", where=path)
    return check(content, model, error, where=path)


def check(
    content: Any,
    model: type[Model],
    error: type[GazeError],
    *,
    where: object,
    remedy: str | None = None,
) -> Model:
    """Fit loaded content to a model or a dataclass; raises as `read_yaml` does."""
    kind: Any = model
    try:
        checked: Model = _adapter(kind).validate_python(content)
    except ValidationError as invalid:
        faults = [explain(fault, model) for fault in invalid.errors(include_url=False)]
        message = "this does not say what it must."
        raise error(message, where=where, remedy=remedy, faults=faults) from invalid
    return checked


@cache
def _adapter(model: Any) -> TypeAdapter[Any]:
    is_model = issubclass(model, BaseModel)
    return TypeAdapter(model if is_model else with_config(Strict.model_config)(model))


def explain(fault: Any, model: type) -> str:
    """Say one of pydantic's faults in words: where it is, and what was expected."""
    place = ".".join(str(part) for part in fault["loc"]) or "the file"
    if fault["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        keys = _keys_at(model, fault["loc"][:-1])
        near = nearest(str(fault["loc"][-1]), keys)
        return f"{place} is unknown{near} (known: {', '.join(keys)})"
    if fault["type"] == "missing":
        return f"{place} is missing"
    return f"{place}: {fault['msg']}, found {fault['input']!r}"


def _keys_at(model: type, path: Sequence[int | str]) -> list[str]:
    for part in path:
        # A number in the path is a place in a list, whose items are the model found before.
        model = _inner_model(_fields(model).get(str(part))) or model
    return list(_fields(model))


def _fields(model: Any) -> dict[str, Any]:
    """Types of the fields of a model or a dataclass."""
    if dataclasses.is_dataclass(model):
        return {field.name: field.type for field in dataclasses.fields(model)}
    return {name: field.annotation for name, field in model.model_fields.items()}


def _inner_model(annotation: Any) -> type | None:
    if isinstance(annotation, type) and (
        issubclass(annotation, BaseModel) or dataclasses.is_dataclass(annotation)
    ):
        return annotation
    inner = (_inner_model(argument) for argument in get_args(annotation))
    return next((model for model in inner if model), None)


Section = TypeVar("Section", bound=Strict)


def override(section: Section, **options: object) -> Section:
    """Replace values of a section by options of the command line; None means not given.

    Raises
    ------
    ParamsError
        If a value is out of range; it is named as the option of the running command.
    """
    changed = {key: value for key, value in options.items() if value is not None}
    content = {**section.model_dump(), **changed}
    try:
        return check(content, type(section), ParamsError, where="options")
    except ParamsError as error:
        parts = [fault.partition(":") for fault in error.faults]
        faults = [option_of(key) + colon + message for key, colon, message in parts]
        raise ParamsError(error.what, where=error.where, faults=faults) from error


def option_of(key: str) -> str:
    """Spell a key as the option of the running command that sets it; else as it is."""
    import click

    context = click.get_current_context(silent=True)
    options = context.command.params if context else []
    return next((option.opts[0] for option in options if option.name == key), key)
