"""What a version promises to the next: commands with their options, and Python names."""

import importlib
import inspect

import click

import gazescribe as gs
from gazescribe.pipeline.commands.cli import COMMANDS, module_of


def commands() -> dict[str, list[str]]:
    """Each command's options, as one types them, and its arguments."""
    return {name: sorted(words(name)) for name in COMMANDS}


def words(name: str) -> list[str]:
    command = getattr(importlib.import_module(module_of(name)), name.replace("-", "_"))
    context = click.Context(command)
    found = []
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            found += [*parameter.opts, *parameter.secondary_opts]
        else:
            found.append(parameter.make_metavar(context))
    return found


def python() -> dict[str, list[str]]:
    """Parameters of each public function and method; none of what is no function."""
    found = {}
    for name in sorted(set(gs.__all__) - {"__version__"}):
        value = getattr(gs, name)
        if inspect.isclass(value):
            for method in filter(lambda method: not method.startswith("_"), dir(value)):
                found[f"{name}.{method}"] = parameters(getattr(value, method))
        else:
            found[name] = parameters(value)
    return found


def parameters(value: object) -> list[str]:
    is_ours = inspect.isfunction(value) or inspect.ismethod(value)
    return list(inspect.signature(value).parameters) if is_ours else []
