"""The command `associate`."""

from pathlib import Path
from typing import Any

import click

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.commands.stores import Address
from gazescribe.pipeline.core.console import plural
from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.core.yaml_files import override
from gazescribe.pipeline.dictation.foreign_files import SUFFIXES
from gazescribe.pipeline.dictation.reviews.applying import say_reviews
from gazescribe.pipeline.windows.associate import run
from gazescribe.pipeline.windows.settings import Associate
from gazescribe.pipeline.windows.windows import ENDS, STARTS


def _file_of_mentions(
    ctx: click.Context, param: click.Parameter, paths: tuple[Path, ...]
) -> Path | Address | None:
    """Take what stands between TABLES and OUT: one file, or nothing."""
    if len(paths) > 1:
        n_paths = len(paths) + 2
        raise click.UsageError(f"TABLES [MENTIONS] OUT are at most 3 paths, found: {n_paths}.", ctx)
    return options.EXISTING_FILE.convert(paths[0], param, ctx) if paths else None


@options.command(
    "associate",
    example="gazescribe associate data/tables/reflacx data/mentions/reflacx.parquet other --lag 2",
    section="associate",
    takes_addresses=True,
)
@click.argument("tables", type=options.EXISTING_FOLDER)
# click has no optional argument before another one: it is a list that may hold one file.
@click.argument(
    "mentions", nargs=-1, type=options.FOLDER, metavar="[MENTIONS]", callback=_file_of_mentions
)
@click.argument("out", type=options.FOLDER)
@click.option(
    "--method",
    type=click.Choice(["window", "learned"]),
    help="Gaze of a window of time, or fixations shared out by a model that learns.",
)
@click.option(
    "--fit",
    "fit_file",
    type=options.EXISTING_FILE,
    help="Method learned: use this fit.json of other data instead of learning.",
)
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
@options.reviews_option
@options.encoding_option
@options.shared_options
def associate(
    tables: Path,
    mentions: Path | None,
    out: Path,
    fit_file: Path | None,
    rules: Path | None,
    reviews: tuple[Path, ...],
    encoding: str,
    shared: options.Shared,
    **values: Any,
) -> None:
    """Tie fixations to mentions: write OUT/windows.parquet and OUT/gaussians.parquet.

    TABLES is an ingested folder. MENTIONS is what `gazescribe label` wrote, or anybody's spans with
    report id, span, label and polarity (csv, jsonl, parquet). Without it the windows are those of
    whole readings, and of the gaze to the last word where there are words. --reviews move windows
    to where readers say that they are. Method learned also writes OUT/fit.json, which --fit applies
    to other data.
    """
    params = load_params(shared.params_file)
    section = override(params.associate, **values)
    if mentions is None:
        _check_without_mentions(out, values, rules)
    else:
        _check_rules(section, values)
    learned = (fit_file or params.learned) if section.method == "learned" else None
    if fit_file and learned is None:
        raise ParamsError("--fit is for method learned.", remedy="Add --method learned.")
    how = {"rules": rules, "reviews": reviews, "encoding": encoding, **shared.parallel}
    summary = run(tables, mentions, out, section, learned=learned, **how)
    shared.summarise(f"{_line(summary)} → {out}", summary)


def _line(summary: dict[str, Any]) -> str:
    """Say the windows of mentions; where there are none, those of whole readings."""
    windows = [f"{n} {name}" for name, n in summary["n_windows"].items()]
    of_mentions = [text for text in windows if text.split()[1] in ("sentence", "mention")]
    if not of_mentions and summary["n_mentions"] is not None:
        windows.insert(0, "no sentence")
    line = f"{plural(summary['n_readings'], 'reading')}, windows: "
    line += ", ".join(of_mentions or windows) or "none"
    line += f"; {plural(summary['n_gaussians'], 'Gaussian')}"
    if n_unseen := summary.get("n_readings_without_fixations"):
        line += f"; {plural(n_unseen, 'reading')} without fixations"
    line += say_reviews(summary.get("reviews"))
    if learned := summary.get("learned"):
        line += f"; learnt from {plural(learned['n_readings_of_fit'], 'reading')}"
        line += f" of {plural(learned['n_subjects_of_fit'], 'subject')}"
        if n_known := learned["n_readings_without_places"]:
            line += f", {plural(n_known, 'reading')} of these subjects without maps of labels"
    for table in ("readings", "mentions", "rows"):
        if table == "mentions" and summary["n_mentions"] is None:
            line += "; no MENTIONS"
        elif (left_out := summary.get(f"{table}_left_out")) is not None:
            reasons = ", ".join(f"{n} {why}" for why, n in left_out.items() if n)
            line += f"; {table} left out: {reasons or 'none'}"
    return line


def _check_without_mentions(out: Path, values: dict[str, Any], rules: Path | None) -> None:
    """Refuse what only mentions have, and a file in the place of OUT: MENTIONS, and OUT forgotten.

    `values` are the options of windows, None where they were not given.
    """
    if out.is_file() or out.suffix in SUFFIXES:
        raise click.UsageError(f"Missing argument 'OUT': {out} is no folder, but MENTIONS.")
    named = [
        f"--{name.removesuffix('_s').replace('_', '-')}"
        for name, value in values.items()
        if value is not None
    ]
    named += ["--rules"] if rules else []
    if named:
        raise ParamsError(
            f"{', '.join(named)} is for windows of mentions, and there are no MENTIONS.",
            remedy="Leave it out, or give MENTIONS before OUT.",
        )


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
