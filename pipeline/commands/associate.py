"""The command `associate`."""

from pathlib import Path
from typing import Any

import click

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.core.yaml_files import override
from gazescribe.pipeline.windows.associate import run
from gazescribe.pipeline.windows.settings import Associate
from gazescribe.pipeline.windows.windows import ENDS, STARTS


@options.command("associate")
@click.argument("tables", type=options.EXISTING_FOLDER)
@click.argument("mentions", type=options.EXISTING_FILE)
@click.argument("out", type=options.FOLDER)
@click.option(
    "--unit", type=click.Choice(["sentence", "mention"]), help="What a window belongs to."
)
@click.option("--start", type=click.Choice(STARTS), help="Rule for the window's start.")
@click.option("--lag", "lag_s", type=float, help="Delay of that rule, seconds.")
@click.option("--end", type=click.Choice(ENDS), help="Rule for the window's end.")
@click.option(
    "--mention-time",
    type=click.Choice(["start", "end"]),
    help="A mention is said at the start of its first word, or at the end of its last.",
)
@click.option("--rules", type=options.EXISTING_FOLDER, help="Rules folder with labels.yaml.")
@options.encoding_option
@options.shared_options
def associate(
    tables: Path,
    mentions: Path,
    out: Path,
    rules: Path | None,
    encoding: str,
    shared: options.Shared,
    **values: Any,
) -> None:
    """Tie fixations to mentions: write OUT/windows.parquet and OUT/gaussians.parquet.

    TABLES is an ingested folder. MENTIONS is what `gazescribe label` wrote, or anybody's spans with
    report id, span, label and polarity (csv, jsonl, parquet).
    """
    section = override(load_params(shared.params_file).associate, **values)
    _check_rules(section, values)
    summary = run(tables, mentions, out, section, rules=rules, encoding=encoding, **shared.parallel)
    windows = {
        name: n
        for name, n in summary["n_windows"].items()
        if name.split()[0] in ("sentence", "mention")
    }
    counted = ", ".join(f"{n} {name}" for name, n in windows.items()) or "no sentence"
    line = f"{plural(summary['n_readings'], 'reading')}, windows: {counted}"
    line += f"; {plural(summary['n_gaussians'], 'Gaussian')}"
    for table in ("readings", "mentions"):
        reasons = ", ".join(f"{n} {why}" for why, n in summary[f"{table}_left_out"].items() if n)
        line += f"; {table} left out: {reasons or 'none'}"
    shared.summarise(f"{line} → {out}", summary)


def _check_rules(params: Associate, values: dict[str, Any]) -> None:
    """Refuse rules that a unit does not have: they would be without effect."""
    if params.unit == "sentence":
        if params.end == "nextword":
            raise ParamsError("end rule nextword needs unit mention.", remedy="Add --unit mention.")
        return
    of_sentences = {"start": "--start", "lag_s": "--lag", "mention_time": "--mention-time"}
    named = [option for name, option in of_sentences.items() if values[name] is not None]
    if named:
        raise ParamsError(
            f"{', '.join(named)} is for unit sentence: a mention's own window is its words.",
            remedy="Leave it out, or use --unit sentence.",
        )
    # params.yaml may name any rule of sentences: only one asked for here is a mistake.
    if values["end"] not in (None, "lastmention", "nextword"):
        raise ParamsError(
            f"end rule {params.end} is for unit sentence.",
            remedy="With --unit mention use lastmention (its last word) or nextword.",
        )
