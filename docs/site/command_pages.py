"""A page for each command, from what click knows of it."""

import inspect
import re

import click
from wording import code, linked

from gazescribe.pipeline.commands.cli import COMMANDS, GROUPS, main
from gazescribe.pipeline.commands.help_text import parameters_of


def command_pages() -> dict[str, str]:
    """Give the text of each page by its path, the list of all commands first."""
    pages = {"reference/commands.md": _list_of_commands()}
    for name in COMMANDS:
        pages[f"reference/commands/{name}.md"] = _page(name)
    return pages


def _list_of_commands() -> str:
    lines = ["# Commands", "", "What `gazescribe COMMAND --help` says, a page each.", ""]
    for group, commands in GROUPS.items():
        lines += [f"## {group}", "", "| command | does |", "|---|---|"]
        lines += [f"| [{name}](commands/{name}.md) | {text} |" for name, text in commands.items()]
        lines += ["", "```{toctree}", ":hidden:", ""]
        lines += [f"{name} <commands/{name}>" for name in commands]
        lines += ["```", ""]
    return "\n".join(lines)


def _page(name: str) -> str:
    command = main.get_command(click.Context(main), name)
    context = click.Context(command, info_name=f"gazescribe {name}")
    usage = " ".join(context.get_usage().removeprefix("Usage: ").split())
    parts = [
        f"# {name}",
        f"```text\n{usage}\n```",
        linked(inspect.cleandoc(command.help)),
        f"## Example\n\n```sh\n{command.example}\n```",
        "## Options",
        *_options(command, context),
    ]
    if command.section:
        parts += _parameters(command.section)
    return "\n\n".join(parts) + "\n"


def _options(command: click.Command, context: click.Context) -> list[str]:
    values = parameters_of(command.section) if command.section else {}
    entries = []
    for option in command.get_params(context):
        record = option.get_help_record(context)
        if record is None or isinstance(option, click.Argument):
            continue
        value = values.get(option.name)
        entries.append(_option(*record, f"{command.section}.{option.name}", value))
    return entries


def _option(names: str, text: str, key: str, value: str | None) -> str:
    """Write an option as a term and what it means; choices one by one, for they may be many."""
    choices = re.search(r"\[([^\]]*\|[^\]]*)\]$", names)
    if choices:
        names = names[: choices.start()].strip()
        listed = ", ".join(code(choice) for choice in choices[1].split("|"))
        text = f"{text} One of {listed}."
    text = re.sub(r"\s*\[default: ([^\]]*)\]", lambda found: f" Default: {found[1]}.", text)
    text = re.sub(r"\s*\[([^\]]*<[^\]]*)\]", lambda found: f" Range: {code(found[1])}.", text)
    if value is not None and "Default:" not in text:
        text += f" Default: {code(value)} ({code(key)})."
    return f"{code(names)}\n: {linked(text.strip())}"


def _parameters(section: str) -> list[str]:
    anchor = section.replace("_", "-")
    rows = [f"| {code(key)} | {code(value)} |" for key, value in parameters_of(section).items()]
    return [
        "## Parameters",
        f"Section [`{section}`](../parameters.md#{anchor}) of `params.yaml`, as it is here:",
        "\n".join(["| parameter | value |", "|---|---|", *rows]),
    ]
