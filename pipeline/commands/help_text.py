"""What `--help` of a command says of parameters: the value that holds here, with its key.

Values are read when a help text is printed, never before: those of `params.yaml` and its profile.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import click

from gazescribe.pipeline.core.errors import GazeError


def write_options(
    command: click.Command, section: str | None, ctx: click.Context, formatter: click.HelpFormatter
) -> None:
    """Write the options, those named as a parameter with its value, and the other parameters."""
    values = parameters_of(section) if section else {}
    rows = []
    for option in command.get_params(ctx):
        row = option.get_help_record(ctx)
        if row is None or isinstance(option, click.Argument):
            continue
        name, text = row
        value = values.pop(option.name or "", None)
        if value is not None and "[default" not in text:
            text = f"{text}  [default: {value} ({section}.{option.name})]"
        rows.append((name, text))
    with formatter.section("Options"):
        formatter.write_dl(rows)
    if values:
        with formatter.section(f"Parameters, section {section} of params.yaml"):
            formatter.write_dl(list(values.items()))


def parameters_of(section: str) -> dict[str, str]:
    """Give the parameters of a section by dotted key; none where the files have faults."""
    from gazescribe.pipeline.commands.params import load_params  # of all stages: slow to import

    with suppress(GazeError):
        return dict(_dotted(getattr(load_params(), section).model_dump(mode="json")))
    return {}


def _dotted(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _dotted(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value if isinstance(value, str) else json.dumps(value)
