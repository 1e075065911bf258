"""The console command: a lazy group, each command loaded when it is called."""

import importlib
import importlib.metadata
from typing import Any

import click

from gazescribe.pipeline.core.errors import nearest

COMMANDS = {
    "demo": (
        "gazescribe.pipeline.commands.demo:demo",
        "Write synthetic REFLACX, EGD and MIMIC trees.",
    ),
    "verify": (
        "gazescribe.pipeline.commands.verify:verify",
        "Check a raw tree against its manifest.",
    ),
    "sources": (
        "gazescribe.pipeline.commands.sources:sources",
        "List a raw tree's files, for DVC to watch.",
    ),
    "ingest": ("gazescribe.pipeline.commands.ingest:ingest", "Turn a raw tree into tables."),
    "fixations": (
        "gazescribe.pipeline.commands.fixations:fixations",
        "Find fixations in raw gaze samples.",
    ),
    "label": (
        "gazescribe.pipeline.commands.label:label",
        "Find what reports mention, and its polarity.",
    ),
    "explain": (
        "gazescribe.pipeline.commands.explain:explain",
        "Show why a text is labelled as it is.",
    ),
    "evaluate-labels": (
        "gazescribe.pipeline.commands.evaluate_labels:evaluate_labels",
        "Score mentions against the readers' certainties.",
    ),
    "degrade": (
        "gazescribe.pipeline.commands.degrade:degrade",
        "Make the mentions of one label worse.",
    ),
    "associate": (
        "gazescribe.pipeline.commands.associate:associate",
        "Tie fixations to mentions: windows, Gaussians.",
    ),
    "tune": (
        "gazescribe.pipeline.commands.tune:tune",
        "Search the window that fits the readers' ellipses.",
    ),
    "heatmaps": ("gazescribe.pipeline.commands.heatmaps:heatmaps", "Draw heatmaps into shards."),
    "images": ("gazescribe.pipeline.commands.images:images", "Fit radiographs into shards."),
    "render": (
        "gazescribe.pipeline.commands.render:render_command",
        "Draw one map at any resolution.",
    ),
    "configure": (
        "gazescribe.models.commands.configure:configure",
        "Resolve the parameters of a network into one file.",
    ),
    "train": (
        "gazescribe.models.commands.train:train",
        "Train the networks that such a file names.",
    ),
    "evaluate": (
        "gazescribe.models.commands.evaluate:evaluate",
        "Score trained networks, by class and by place.",
    ),
    "predict": (
        "gazescribe.models.commands.predict:predict",
        "Apply a trained network to pictures.",
    ),
    "tabulate": (
        "gazescribe.pipeline.commands.tabulate:tabulate",
        "Turn scores into the papers' tables and figures.",
    ),
    "export": (
        "gazescribe.pipeline.commands.export:export",
        "Write a data set that others load without this program.",
    ),
    "overlay": (
        "gazescribe.pipeline.commands.overlay:overlay",
        "Draw maps over radiographs, to judge by eye.",
    ),
    "report": (
        "gazescribe.pipeline.commands.report:report",
        "Write pages about a run and its readings.",
    ),
    "diff": (
        "gazescribe.pipeline.commands.diff:diff",
        "Say what an edit of rules or parameters changed.",
    ),
    "sync": (
        "gazescribe.pipeline.commands.sync:sync",
        "Estimate the offset between speech and gaze, and the tracker's drift.",
    ),
    "doctor": (
        "gazescribe.pipeline.commands.doctor:doctor",
        "Say what this machine has, and what to set.",
    ),
}


class LazyGroup(click.Group):
    """Commands by dotted path, so that `--help` imports none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Names in the order of the data flow."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  click's signature
        """Import the module of one command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        loaded: click.Command = getattr(importlib.import_module(module), attribute)
        return loaded

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; name the nearest one when there is none."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"There is no command {args[0]!r}{nearest(args[0], COMMANDS)}.")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click's signature
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gazescribe")
def main(**_: Any) -> None:
    """Turn a radiologist's gaze and dictation into label-specific heatmaps."""
