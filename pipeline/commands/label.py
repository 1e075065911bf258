"""The command `label`."""

from collections import Counter
from pathlib import Path
from typing import Any

import click

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.errors import ParamsError
from gazescribe.pipeline.dictation.language_model.run import label_file_with
from gazescribe.pipeline.dictation.language_model.server import Server
from gazescribe.pipeline.dictation.reviews.applying import say_reviews
from gazescribe.pipeline.dictation.run import label_file
from gazescribe.pipeline.dictation.sentence_counts import say_ends


@options.command(
    "label",
    example="gazescribe label data/tables/reflacx data/mentions/reflacx.parquet",
    section="label",
    takes_addresses=True,
)
@click.argument("source", metavar="IN", type=options.FOLDER)
@click.argument("out", metavar="OUT", type=options.FOLDER)
@click.option("--rules", type=options.EXISTING_FOLDER, help="Rules folder.  [default: ./rules]")
@options.reviews_option
@click.option(
    "--with",
    "server",
    metavar="SERVER",
    help="By a language model of this server, as openai-compatible:http://127.0.0.1:11434/v1.",
)
@click.option("--model", metavar="NAME", help="With --with: the model that answers.")
@options.encoding_option
@options.shared_options
def label(
    source: Path,
    out: Path,
    rules: Path | None,
    reviews: tuple[Path, ...],
    server: str | None,
    model: str | None,
    encoding: str,
    shared: options.Shared,
) -> None:
    """Find what reports mention, and whether it is denied or doubted.

    IN is a csv, jsonl or parquet file with report_id and text, or an ingested folder. OUT is a
    csv, jsonl or parquet file. The rules decide, or with --with a language model, which reads the
    reports: its server must run on this machine (docs/language-model.md). --reviews correct the
    mentions that readers looked at.
    """
    params = load_params(shared.params_file)
    reading: dict[str, Any] = {"rules": rules, "reviews": reviews, "encoding": encoding}
    if server is not None:
        settings = params.language_model
        hosts = settings.hosts_that_may_read_reports_under_your_data_use_agreement
        model_server = Server.named(server, hosts, settings.timeout_s)
        details = label_file_with(source, out, model_server, settings, model=model, **reading)
    elif model is not None:
        raise ParamsError("--model goes with --with.")
    else:
        details = label_file(source, out, params.label, **reading, **shared.parallel)
    shared.summarise(_line(details, out), details)


def _line(details: dict[str, Any], out: Path) -> str:
    total = Counter[str]()
    for name, count in details["mentions"].items():
        total[name.rpartition(": ")[2]] += count
    by_polarity = ", ".join(f"{n} {polarity}" for polarity, n in total.most_common())
    mentions = f"{sum(total.values())} mentions" + (f" ({by_polarity})" if total else "")
    left_out = "".join(f"; {n} left out {why}" for why, n in details["left_out"].items())
    left_out += say_reviews(details.get("reviews"))
    endless = say_ends(details["without_periods"], "texts")
    return (
        f"{details['reports']} reports, {mentions}{left_out};{f' {endless};' if endless else ''}"
        f" {_decider(details)} → {out}"
    )


def _decider(details: dict[str, Any]) -> str:
    """Say who decided, and of a model which of its mentions are not kept."""
    if "model" not in details:
        return f"rules {details['rules_sha256'][:12]}"
    faults = [f"{n} mentions of its replies {why}" for why, n in details["unverified"].items()]
    replies = f"{details['n_kept']} of the replies from before"
    return "; ".join(
        [*faults, f"{details['model']}, prompt {details['prompt_version']}, {replies}"]
    )
