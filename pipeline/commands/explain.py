"""Command `explain`: one text, what it mentions, and the rule that decided each mention."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from gazescribe.pipeline.commands import options
from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.core.files import replacing
from gazescribe.pipeline.dictation.labeler import Labeler
from gazescribe.pipeline.dictation.labeler.decisions import Explained
from gazescribe.pipeline.dictation.labeler.places import named
from gazescribe.pipeline.dictation.labeler.rules import RuleBook
from gazescribe.pipeline.dictation.reviews.applying import Reviews
from gazescribe.pipeline.dictation.reviews.files import hash_of

COLORS = {  # of each polarity: in a terminal, and in displaCy's picture
    "positive": ("red", "#f4a7a3"),
    "uncertain": ("yellow", "#f7dd8a"),
    "negative": ("green", "#b5ddb0"),
    "dropped": ("bright_black", "#dddddd"),
}


def describe(text: str, concept: Explained, book: RuleBook) -> str:
    """Say in one line what was found, what was decided, by which rule, and how far it reaches."""
    decision = concept.decision
    words = text[concept.char_start : concept.char_end]
    cause = "" if decision.trigger is None else text[slice(*decision.trigger)]
    trigger = "-" if decision.trigger is None else f'"{cause}"'
    reach = " ".join(text[slice(*decision.reach)].split())
    return (
        f"{words} [{concept.char_start}:{concept.char_end}] {decision.polarity};"
        f" labels: {', '.join(concept.labels)}; concept: {named(book, concept.concept, words)};"
        f' rule: {named(book, decision.rule_id, cause)}; trigger: {trigger}; reach: "{reach}"'
    )


def picture(text: str, concepts: Sequence[Explained]) -> str:
    """Draw displaCy's picture of the mentions, as a whole HTML page that needs no network."""
    from gazescribe.pipeline.dictation.labeler.spacy_import import spacy

    entities: list[dict[str, int | str]] = []
    colors = {}
    end = 0
    for concept in sorted(concepts, key=lambda concept: (concept.char_start, -concept.char_end)):
        if concept.char_start < end:  # displaCy cannot draw one inside another
            continue
        end = concept.char_end
        polarity = concept.decision.polarity
        name = f"{concept.concept}: {polarity} ({concept.decision.rule_id})"
        entities.append({"start": concept.char_start, "end": end, "label": name})
        colors[name] = COLORS[polarity][1]
    page: str = spacy.displacy.render(
        {"text": text, "ents": entities, "title": None},
        style="ent",
        manual=True,
        page=True,
        jupyter=False,
        options={"colors": colors},
    )
    return page


def reviewed(text: str, paths: Sequence[Path]) -> Iterator[str]:
    """Say what readers made of each place of a text, and who they are."""
    for review in Reviews.read(paths).texts.values():
        if review.text_sha256 == hash_of(text):
            for place in review.places:
                for reader, right in sorted(place.votes.items()):
                    start, end, label = place.mentions[0].place
                    now = f"{right.label}, {right.polarity}" if right else "no mention"
                    words = text[right.char_start : right.char_end] if right else text[start:end]
                    yield (
                        f"review of {review.reading_id} by {reader}: {label} [{start}:{end}] →"
                        f' {now}, "{words}" ({place.verdict})'
                    )


@options.command(
    "explain",
    example='gazescribe explain "possible left basilar opacity. no effusion."',
    section="label",
)
@click.argument("text")
@click.option("--html", type=options.FOLDER, help="Write displaCy's picture to this file.")
@click.option("--rules", type=options.EXISTING_FOLDER, help="Rules folder.  [default: ./rules]")
@options.reviews_option
@options.params_option
def explain(
    text: str,
    html: Path | None,
    rules: Path | None,
    reviews: tuple[Path, ...],
    params_file: Path | None,
) -> None:
    """Show what TEXT mentions, and the rule that decided each mention.

    With --reviews also what readers say of it, where TEXT is the whole of a text they reviewed.
    """
    labeler = Labeler.from_rules(rules, **load_params(params_file).label.model_dump())
    _, concepts = next(iter(labeler.explain([text])))
    console = Console(soft_wrap=True, highlight=False)
    colored = Text(text)
    for concept in concepts:
        color, _ = COLORS[concept.decision.polarity]
        colored.stylize(f"bold {color}", concept.char_start, concept.char_end)
    console.print(colored)
    for concept in concepts:
        color, _ = COLORS[concept.decision.polarity]
        console.print(Text(f"  {describe(text, concept, labeler.book)}", style=color))
    for line in reviewed(text, reviews):
        console.print(Text(f"  {line}"))
    if html is not None:
        with replacing(html) as beside:
            beside.write_text(picture(text, concepts), encoding="utf-8")
    n_mentions = sum(concept.decision.polarity != "dropped" for concept in concepts)
    click.echo(
        f"{n_mentions} mentions, {len(concepts) - n_mentions} dropped"
        + (f" -> {html}" if html else "")
    )
