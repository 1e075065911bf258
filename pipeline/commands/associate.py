"""The command `associate`."""

from pathlib import Path
from typing import Any

import click

from gazescribe.pipeline.commands.options import (
    EXISTING_FILE,
    EXISTING_FOLDER,
    FOLDER,
    command,
    json_option,
    parallel_options,
    params_option,
    summarise,
)
from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.core.yaml_files import override
from gazescribe.pipeline.windows.associate import run
from gazescribe.pipeline.windows.settings import Associate
from gazescribe.pipeline.windows.windows import (
    ENDS,
    STARTS,
)


@command("associate")
@click.argument("tables", type=EXISTING_FOLDER)
@click.argument("mentions", type=EXISTING_FILE)
@click.argument("out", type=FOLDER)
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
@click.option("--rules", type=EXISTING_FOLDER, help="Rules folder with labels.yaml.")
@params_option
@parallel_options
@json_option
def associate(
    tables: Path,
    mentions: Path,
    out: Path,
    rules: Path | None,
    params_file: Path | None,
    workers: int | None,
    scheduler: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Tie fixations to mentions: write OUT/windows.parquet and OUT/gaussians.parquet.

    TABLES is an ingested folder. MENTIONS is what `gazescribe label` wrote, or anybody's spans with
    report id, span, label and polarity (csv, jsonl, parquet).
    """
    section = override(load_params(params_file).associate, **options)
    _check_rules(section, options)
    summary = run(tables, mentions, out, section, rules=rules, workers=workers, scheduler=scheduler)
    counts = summary["n_windows"]
    opened = {name: n for name, n in counts.items() if name.split()[0] in ("sentence", "mention")}
    counted = ", ".join(f"{n} {name}" for name, n in opened.items()) or "no sentence"
    line = f"{plural(summary['n_readings'], 'reading')}, windows: {counted}"
    line += f"; {plural(summary['n_gaussians'], 'Gaussian')}"
    for table in ("readings", "mentions"):
        reasons = ", ".join(f"{n} {why}" for why, n in summary[f"{table}_left_out"].items() if n)
        line += f"; {table} left out: {reasons or 'none'}"
    summarise(f"{line} → {out}", summary, as_json=as_json)


def _check_rules(params: Associate, options: dict[str, Any]) -> None:
    if params.unit == "sentence" and params.end == "nextword":
        raise ParamsError("end rule nextword needs unit mention.", remedy="Add --unit mention.")
    options_given = [
        name for name in ("start", "lag_s", "mention_time") if options[name] is not None
    ]
    if params.unit == "mention" and options_given:
        named = ", ".join(
            "--" + name.removesuffix("_s").replace("_", "-") for name in options_given
        )
        raise ParamsError(
            f"{named} is for unit sentence: a mention's own window is its words.",
            remedy="Leave it out, or use --unit sentence.",
        )
    if params.unit == "mention" and options["end"] not in (None, "lastmention", "nextword"):
        raise ParamsError(
            f"end rule {params.end} is for unit sentence.",
            remedy="With --unit mention use lastmention (its last word) or nextword.",
        )
