"""YAML files read into models that refuse unknown keys and name the nearest known one."""

import dataclasses
import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, with_config

from gazescribe.pipeline.core.errors import GazeError, ParamsError, nearest, quote
from gazescribe.pipeline.core.foreign import AGAIN, parsing, read_text
from gazescribe.pipeline.core.yaml_mistakes import usual_mistake

Model = TypeVar("Model")
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's is ten times faster
QUESTION = "!ask"  # tag of a value that its author is still to give; its text is the question
TEXT = "tag:yaml.org,2002:str"
RESOLVED = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("bool", "int", "float", "timestamp"))
PLAIN = re.compile(r"(?i:true|false)|[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
MAX_DEPTH = 50  # levels of lists and keys; rules and parameters have at most 8
MAX_UNFOLDED = 10  # times the characters of a file: values that its anchors may unfold to


class Strict(BaseModel):
    """A model that is frozen, knows no keys but its own and holds finite numbers only."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def load_yaml(
    path: Path, error: type[GazeError], remedy: str | None = None, *, as_written: bool = False
) -> Any:
    """Read a YAML file as plain values: the only place that does.

    `as_written` keeps the texts that YAML 1.1 makes something else of, which people do not expect:
    `on` and `no`, 010 and 0x10, 1:30, 2024-05-01, and keys that are numbers.

    Raises
    ------
    GazeError
        Of the kind `error`, if the file is absent (what to do then is the `remedy`), no YAML, or
        YAML that `compose_yaml` refuses; or if a key is given twice.
    """
    text = read_text(path, "YAML", error, remedy)
    if (text, as_written) not in _read:
        _read[text, as_written] = _values(text, path, error, as_written=as_written)
    return deepcopy(_read[text, as_written])


_read: dict[tuple[str, bool], Any] = {}
"""What each text read so far holds: a process reads few files, and some of them many times."""


def _values(text: str, path: Path, error: type[GazeError], *, as_written: bool) -> Any:
    node = _compose(text, path, error)
    if node is None:
        return None
    if as_written:
        _keep_texts(node)
    twice = list(_keys_given_twice(node))
    if twice:
        remedy = "Leave one of each."
        raise error("keys are given twice.", where=path, remedy=remedy, faults=twice)
    questions = list(_questions(node))
    if questions:
        remedy = f"Write the answer in place of {QUESTION} and its text."
        raise error("questions are open.", where=path, remedy=remedy, faults=questions)
    with parsing(path, "YAML", error):
        loader = LOADER("")
        try:
            return loader.construct_document(node)
        except Exception as fault:
            # Dates, numbers and tags: what they hold is not what they say, and the line is unknown.
            line = next(_lines_that_fail(node, loader), None)
            raise ValueError(f"line {line}: {fault}" if line else str(fault)) from fault


def compose_yaml(
    path: Path, error: type[GazeError], remedy: str | None = None
) -> "yaml.Node | None":
    """Read a YAML file as nodes, which know their lines; None where it is empty.

    Raises
    ------
    GazeError
        Of the kind `error`, if the file is absent, no YAML, nested deeper than anybody writes, has
        lists as keys, holds itself, or repeats its anchors to many times its size.
    """
    return _compose(read_text(path, "YAML", error, remedy), path, error)


def _compose(text: str, path: Path, error: type[GazeError]) -> "yaml.Node | None":
    with parsing(path, "YAML", error):
        # First, because the parser in C ends the whole process where nesting is deep.
        _check_depth(text)
        try:
            node = yaml.compose(text, LOADER)
        except yaml.YAMLError as fault:
            message = f"this is not YAML ({_say(text, fault)})."
            raise error(message, where=path, remedy="Correct it there.") from fault
        if node is not None:
            _unfolded_size(node, {}, MAX_UNFOLDED * (len(text) + 1000))
    return node


def _say(text: str, fault: yaml.YAMLError) -> str:
    """Say where and why a text is no YAML: by the usual mistakes, else in the parser's words."""
    try:
        yaml.compose(text, yaml.SafeLoader)
    except yaml.YAMLError as shown:  # it shows the line and why, where libyaml is short of words
        return usual_mistake(text, shown) or str(shown)
    return str(fault)


def _check_depth(text: str) -> None:
    depth = 0
    try:
        events: Iterator[Any] = yaml.parse(text, LOADER)
        for event in events:
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                message = f"line {event.start_mark.line + 1}: nested deeper than {MAX_DEPTH} levels"
                raise ValueError(message)
    except yaml.YAMLError:
        return  # composing says it better


def _unfolded_size(node: "yaml.Node", sizes: dict[int, int], limit: int) -> int:
    """Count the values below a node as if each anchor's were written out where it is used.

    `sizes` takes those of all nodes by their identity; 0 is one that is being counted.
    """
    if id(node) in sizes:
        if not sizes[id(node)]:
            message = f"line {node.start_mark.line + 1}: this anchor is used inside of itself"
            raise ValueError(message)
        return sizes[id(node)]
    sizes[id(node)] = 0
    size = 1
    for child in _children(node):
        size += _unfolded_size(child, sizes, limit)
    if size > limit:
        message = f"line {node.start_mark.line + 1}: its anchors unfold to {size:,} values"
        raise ValueError(message)
    if isinstance(node, yaml.MappingNode):
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                message = f"line {key.start_mark.line + 1}: a key must be a word, no list"
                raise ValueError(message)  # noqa: TRY004  a fault of the file, as the others
    sizes[id(node)] = size
    return size


def _children(node: "yaml.Node") -> Iterator["yaml.Node"]:
    if isinstance(node, yaml.SequenceNode):
        yield from node.value
    elif isinstance(node, yaml.MappingNode):
        for pair in node.value:
            yield from pair


def _keys_given_twice(node: "yaml.Node") -> Iterator[str]:
    if isinstance(node, yaml.MappingNode):
        lines: dict[tuple[str, str], int] = {}
        for key, _ in node.value:
            line, name = key.start_mark.line + 1, (key.tag, key.value)
            if name in lines and key.value != "<<":
                yield f"line {line}: {quote(key.value)} stands in line {lines[name]}, too"
            lines[name] = line
    for child in _children(node):
        yield from _keys_given_twice(child)


def _questions(node: "yaml.Node", place: str = "") -> Iterator[str]:
    """Say which values are still to be given, in the order of the file."""
    if node.tag == QUESTION:
        text = node.value if isinstance(node, yaml.ScalarNode) else ""
        yield f"line {node.start_mark.line + 1}: {place}: {text or 'what is it?'}"
        return
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _questions(value, f"{place}.{key.value}".lstrip("."))
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _questions(value, f"{place}.{number}".lstrip("."))


def lines_of(path: Path, places: Sequence[Sequence[int | str]]) -> list[int | None]:
    """Find the lines, from 1, where values of a YAML file stand, by the keys that lead to them.

    Of a value that is not there, the line of the last key that is; None where there is none.
    """
    try:
        node = compose_yaml(path, GazeError)
    except GazeError:  # it was read a moment ago
        node = None
    return [None if node is None else _line_of(node, place) for place in places]


def with_lines(
    path: Path, places: Sequence[Sequence[int | str]], faults: Sequence[str]
) -> list[str]:
    """Put the line of its place before each fault of a YAML file, in the order of the lines."""
    lines = lines_of(path, places)
    numbered = sorted(zip(lines, faults, strict=True), key=lambda pair: pair[0] or 0)
    return [f"line {line}: {fault}" if line else fault for line, fault in numbered]


def _line_of(node: "yaml.Node", place: Sequence[int | str]) -> int | None:
    line = None
    for part in place:
        if isinstance(node, yaml.MappingNode):
            pairs = [(key, value) for key, value in node.value if key.value == str(part)]
            if not pairs:
                break
            key, node = pairs[-1]
            line = key.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            if part >= len(node.value):
                break
            node = node.value[part]
            line = node.start_mark.line + 1
        # Other parts are none of the file but of pydantic: which of several types was tried.
    return line


def _lines_that_fail(node: "yaml.Node", loader: Any) -> Iterator[int]:
    if isinstance(node, yaml.ScalarNode):
        try:
            loader.construct_object(node)
        except Exception:  # noqa: BLE001  constructors fail in any way, see `load_yaml`
            yield node.start_mark.line + 1
    for child in _children(node):
        yield from _lines_that_fail(child, loader)


def _keep_texts(node: "yaml.Node") -> None:
    """Let values that are no plain number or truth value be the texts they are, and all keys."""
    if isinstance(node, yaml.MappingNode):
        for key, _ in node.value:
            if key.value != "<<":
                key.tag = TEXT
    elif node.tag in RESOLVED and not PLAIN.fullmatch(node.value):
        node.tag = TEXT
    for child in _children(node):
        _keep_texts(child)


def read_yaml(
    path: Path,
    model: type[Model],
    error: type[GazeError],
    *,
    as_written: bool = False,
    remedy: str | None = None,
) -> Model:
    """Read a YAML file into a model; raises an `error` if it does not fit, all faults at once.

    `as_written` is that of `load_yaml`; `remedy` is said where the file does not fit.
    """
    content = load_yaml(path, error, as_written=as_written)
    if content is None:
        raise error("the file is empty.", where=path, remedy=AGAIN)
    return check(content, model, error, where=path, file=path, remedy=remedy)


def check(
    content: Any,
    model: type[Model],
    error: type[GazeError],
    *,
    where: object,
    remedy: str | None = None,
    file: Path | None = None,
) -> Model:
    """Fit loaded content to a model or a dataclass; raises as `read_yaml` does.

    `file` is the YAML file it was read from, so that faults name their lines.
    """
    kind: Any = model
    try:
        checked: Model = _adapter(kind).validate_python(content)
    except ValidationError as invalid:
        details = invalid.errors(include_url=False)
        faults = [explain(fault, model) for fault in details]
        if file is not None:
            faults = with_lines(file, [fault["loc"] for fault in details], faults)
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
    if fault["type"] in ("model_type", "dataclass_type"):
        known = ", ".join(_keys_at(model, fault["loc"]))
        return f"{place} must have keys of its own ({known}), found {quote(fault['input'])}"
    if fault["type"] == "value_error":  # of a check of ours, which says itself what it found
        return f"{place}: {fault['ctx']['error']}"
    remedy = ": quote it" if _is_text_unquoted(fault) else ""
    return f"{place}: {fault['msg']}, found {quote(fault['input'])}{remedy}"


def _is_text_unquoted(fault: Any) -> bool:
    """Tell whether YAML made something else of a text, as of `on`, `007` or a date."""
    return fault["type"] == "string_type" and not isinstance(fault["input"], dict | list | None)


def _keys_at(model: type, path: Sequence[int | str]) -> list[str]:
    for part in path:
        # A number in the path is a place in a list, whose items are the model found before.
        model = _inner_model(_fields(model).get(str(part))) or model
    return list(_fields(model))


def _fields(model: Any) -> dict[str, Any]:
    """Types of the fields of a model or a dataclass."""
    if dataclasses.is_dataclass(model):
        return {field.name: field.type for field in dataclasses.fields(model)}
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


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
