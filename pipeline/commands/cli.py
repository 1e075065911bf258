"""The console command: a lazy group, each command loaded when it is called."""

import gc
import importlib
import signal
from typing import Any

import click

from gazescribe.pipeline.core.errors import nearest

GROUPS = {
    "Data": {
        "demo": "Write synthetic REFLACX, EGD and MIMIC trees.",
        "manifest": "Draft a manifest of your own files.",
        "verify": "Check a raw tree against its manifest.",
        "sources": "List a raw tree's files, for DVC to watch.",
        "ingest": "Turn a raw tree into tables.",
        "images": "Fit radiographs into shards.",
    },
    "Gaze": {
        "fixations": "Find fixations in raw gaze samples.",
        "sync": "Estimate speech against gaze, and the tracker's drift.",
    },
    "Dictation": {
        "transcribe": "Write the timed words of dictations as audio.",
        "label": "Find what reports mention, and its polarity.",
        "explain": "Show why a text is labelled as it is.",
        "check-rules": "Find faults of a rules folder, and what it changes.",
        "evaluate-labels": "Score mentions against the readers' certainties.",
        "review": "Turn readers' reviews into gold sentences and scores.",
        "degrade": "Make the mentions of one label worse.",
    },
    "Maps": {
        "maps": "Do all from raw files to maps and a page of pictures.",
        "associate": "Tie fixations to mentions: windows, Gaussians.",
        "tune": "Search the window that fits the readers' ellipses.",
        "heatmaps": "Draw heatmaps into shards.",
        "render": "Draw one map at any resolution.",
    },
    "Scan paths and measures": {
        "scanpaths": "Write the scan paths of findings and readings.",
        "score-scanpaths": "Score predicted scan paths against readers'.",
        "measures": "Measure dwell, visits, saccades, leads by region and label.",
    },
    "Networks": {
        "configure": "Resolve the parameters of a network into one file.",
        "train": "Train the networks that such a file names.",
        "runs": "List runs: done, running, failed, missing; free disk.",
        "fingerprint": "Say what folders hold, for DVC to watch.",
        "evaluate": "Score trained networks, by class and by place.",
        "predict": "Apply a trained network to pictures.",
        "tabulate": "Turn scores into the papers' tables and figures.",
    },
    "Look": {
        "overlay": "Draw maps over radiographs, to judge by eye.",
        "report": "Write pages about a run and its readings.",
        "diff": "Say what an edit of rules or parameters changed.",
        "doctor": "Say what this machine has, and what to set.",
    },
    "Share": {
        "export": "Write a data set that others load without this program.",
    },
}
"""Commands by what they are about, in the order of the data flow, and what each does."""
COMMANDS = {name: text for group in GROUPS.values() for name, text in group.items()}
WIDTH = max(map(len, COMMANDS))  # so that all groups have the same columns
OBJECTS_A_COLLECTION = 10_000
OF_MODELS = ("configure", "train", "runs", "fingerprint", "evaluate", "predict")
"""Those that need a network: they live in `models/commands`, the others here."""


def module_of(name: str) -> str:
    """Name the module of a command; the command in it has the module's name."""
    room = "models" if name in OF_MODELS else "pipeline"
    return f"gazescribe.{room}.commands.{name.replace('-', '_')}"


class LazyGroup(click.Group):
    """Commands by name, so that `--help` imports none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """Names in the order of the data flow."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of one command."""
        if cmd_name not in COMMANDS:
            return None
        module = module_of(cmd_name)
        from gazescribe.pipeline.commands.options import explained

        with explained(ctx):  # it may need an extra that is not installed
            imported = importlib.import_module(module)
        loaded: click.Command = getattr(imported, module.rpartition(".")[2])
        return loaded

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command; name the nearest one when there is none."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"There is no command {args[0]!r}{nearest(args[0], COMMANDS)}.")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; Ctrl-C ends it with one line and the exit code that shells expect."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("stopped.", err=True)
            ctx.exit(128 + signal.SIGINT)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click's signature
        """List the commands without importing them."""
        for group, commands in GROUPS.items():
            with formatter.section(group):
                formatter.write_dl([(name.ljust(WIDTH), text) for name, text in commands.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gazescribe")
def main(**_: Any) -> None:
    """Turn a radiologist's gaze and dictation into label-specific heatmaps.

    `maps` goes all the way from raw files; the others are its steps, and what follows them.
    `gazescribe COMMAND --help` has an example of each, and the parameters that hold here.
    """
    # To look for garbage after every 700 objects takes a quarter of the time in which torch and
    # Lightning are imported, which leave none.
    if 0 < gc.get_threshold()[0] < OBJECTS_A_COLLECTION:
        gc.set_threshold(OBJECTS_A_COLLECTION)
