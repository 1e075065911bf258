"""A page of all parameters and one of all profiles: YAML files and what the settings allow."""

from pathlib import Path
from typing import Any

import click
from parameter_entries import Entry, read_entries
from wording import code, linked

from gazescribe.pipeline.commands.cli import COMMANDS, main
from gazescribe.pipeline.commands.params import Params

PROFILES = ("demo", "study", "paper", "published")
BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
TYPES = {"boolean": "true, false", "array": "list", "object": "by name", "string": "text"}
SCHEMA = Params.model_json_schema()


def parameter_pages(root: Path) -> dict[str, str]:
    """Give the text of each page by its path."""
    return {
        "reference/parameters.md": _parameters(read_entries(root / "params.yaml")),
        "reference/profiles.md": _profiles(root / "params"),
    }


def _parameters(entries: list[Entry]) -> str:
    parts = [
        "# Parameters",
        (
            "Every key of `params.yaml`, its value there, what is allowed, and its comment: unit,"
            " range, source. [Profiles](profiles.md) set the sizes of the networks, and some of"
            " these values otherwise."
        ),
    ]
    stages = [entry.key for entry in entries if entry.value is None and "." not in entry.key]
    parts += ["## All stages", *(_term(entry) for entry in entries if _is_alone(entry))]
    for stage in stages:
        head, *keys = (one for one in entries if one.key.split(".")[0] == stage)
        parts += [f"## {stage}", _sentence(head.comment), _readers(stage), *_terms(keys)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _is_alone(entry: Entry) -> bool:
    return entry.value is not None and "." not in entry.key


def _sentence(comment: str) -> str:
    text = linked(comment, "../")
    return text if text.endswith((".", "?")) or not text else f"{text}."


def _readers(section: str) -> str:
    """Name the commands whose help has a section."""
    context = click.Context(main)
    names = [name for name in COMMANDS if main.get_command(context, name).section == section]
    links = ", ".join(f"[`{name}`](commands/{name}.md)" for name in names)
    return f"Read by {links}." if names else ""


def _terms(entries: list[Entry]) -> list[str]:
    """Write keys as terms; models, which have no comments, as tables."""
    models = [entry for entry in entries if ".variants." in entry.key]
    return [*(_term(entry) for entry in entries if entry not in models), *_tables(models)]


def _term(entry: Entry) -> str:
    heading = f"{_sentence(entry.heading)}\n\n" if entry.heading else ""
    if entry.value is None:
        said = _sentence(entry.comment) or "Holds what follows."
        return f"{heading}{code(entry.key)}\n: {said}"
    allowed = _allowed(_schema_of(entry.key))
    said = _sentence(entry.comment) or "See its name."
    return f"{heading}{code(entry.key)}: {code(entry.value)} *({allowed})*\n: {said}"


def _tables(models: list[Entry]) -> list[str]:
    parts = []
    for model in models:
        name = model.key.rpartition(".")[2]
        if model.heading or not parts:
            parts += [_sentence(model.heading), "| model | differs in |\n|---|---|"]
        differs = code(model.value.strip("{}")) if model.value != "{}" else "nothing"
        parts[-1] += f"\n| {code(name)} | {differs} |"
    return parts


def _schema_of(key: str) -> dict[str, Any]:
    """Find what the settings classes say of a key."""
    found: dict[str, Any] = SCHEMA
    for name in key.split("."):
        found = found["properties"][name]
        if "$ref" in found:
            found = SCHEMA["$defs"][found["$ref"].rpartition("/")[2]]
    return found


def _allowed(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_allowed(one) for one in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    name = TYPES.get(schema["type"], schema["type"])
    if "items" in schema:
        name = f"list of {_allowed(schema['items'])}"
    bounds = [f"{sign} {schema[bound]}" for bound, sign in BOUNDS.items() if bound in schema]
    return ", ".join([name, *bounds])


def _profiles(folder: Path) -> str:
    by_profile = {name: read_entries(folder / f"{name}.yaml") for name in PROFILES}
    keys = list(dict.fromkeys(entry.key for one in by_profile.values() for entry in one))
    parts = [
        "# Profiles",
        (
            "`profile` in `params.yaml` names a file in `params/`: the sizes of the networks, which"
            " models are trained, and under `overrides` which [parameters](parameters.md) are set"
            " otherwise."
        ),
    ]
    for section in ("mil", "cooperative", "overrides"):
        parts.append(f"## {section}")
        of_section = [key for key in keys if key.startswith(f"{section}.")]
        parts += [_by_profile(key, by_profile) for key in of_section]
    return "\n\n".join(part for part in parts if part) + "\n"


def _by_profile(key: str, by_profile: dict[str, list[Entry]]) -> str:
    """Write the values that profiles give a key; the first comment says what it is."""
    found = {name: one for name, all_ in by_profile.items() for one in all_ if one.key == key}
    values = {name: one.value for name, one in found.items() if one.value not in (None, "{}")}
    if not values:
        return ""
    comment = next((one.comment for one in found.values() if one.comment), "")
    alike = {*values.values()} if len(values) == len(by_profile) else set()
    if len(alike) == 1:
        said = f"all: {code(alike.pop())}"
    else:
        said = "; ".join(f"{name}: {code(value)}" for name, value in values.items())
    about = f"{_sentence(comment)}\n\n  " if comment else ""
    return f"{code(key)}\n: {about}{said}"
