"""From mentions to one value a label: the 21 classes, the ten labels, or CheXpert's fourteen."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, Protocol

from pydantic import Field

from gazescribe.pipeline.core.errors import RuleError
from gazescribe.pipeline.core.yaml_files import Strict, read_yaml
from gazescribe.pipeline.dictation.label_maps import load_label_map

View = Literal["reflacx", "ten", "chexpert"]

NO_FINDING = "No Finding"
_NOT_A_FINDING = "Support Devices"


class _Mention(Protocol):
    @property
    def label(self) -> str: ...
    @property
    def concept(self) -> str: ...
    @property
    def polarity(self) -> str: ...


class Views(Strict):
    """What `views.yaml` says."""

    shared: list[str] = Field(default_factory=list)
    chexpert: dict[str, list[str]] = Field(default_factory=dict)
    chexpert_concepts: dict[str, list[str]] = Field(default_factory=dict)


def load_views(rules: Path) -> Views:
    """Read `views.yaml` of a rules folder; without the file there is no CheXpert view."""
    path = rules / "views.yaml"
    return read_yaml(path, Views, RuleError) if path.exists() else Views()


def aggregate(
    mentions: Iterable[_Mention],
    rules: Path,
    view: View = "reflacx",
    *,
    generic: frozenset[str] = frozenset(),
    compat: bool = False,
) -> dict[str, str]:
    """Give one polarity to each label that a report mentions.

    Parameters
    ----------
    mentions : iterable of Mention
        Of one report.
    rules : pathlib.Path
        The rules folder, for its maps.
    view : {"reflacx", "ten", "chexpert"}
        The vocabulary.
    generic : frozenset of str
        Concepts whose denial also reaches the shared labels of the ten.
    compat : bool
        Positive wins over uncertain over negative; compat: as the published code, where uncertain
        wins when negative is there too.

    Returns
    -------
    dict of str to str
        Label to positive, negative or uncertain; labels not mentioned are absent. The CheXpert view
        has No Finding when nothing but devices is positive or uncertain.
    """
    polarities_by_label: dict[str, set[str]] = defaultdict(set)
    for mention, label in _seen_as(list(mentions), rules, view, generic):
        polarities_by_label[label].add(mention.polarity)
    values = {
        label: _strongest(polarities, compat=compat)
        for label, polarities in sorted(polarities_by_label.items())
    }
    findings = [v for k, v in values.items() if k != _NOT_A_FINDING and v != "negative"]
    if view == "chexpert" and not findings:
        values[NO_FINDING] = "positive"
    return values


def _seen_as(
    mentions: list[_Mention], rules: Path, view: View, generic: frozenset[str]
) -> Iterable[tuple[_Mention, str]]:
    views = load_views(rules)
    if view == "reflacx":
        return [(mention, mention.label) for mention in mentions]
    if view == "chexpert":
        if not views.chexpert:
            raise RuleError("this rules folder has no CheXpert view.", where=rules / "views.yaml")
        return [
            (mention, label)
            for mention in mentions
            for label in views.chexpert_concepts.get(
                mention.concept, views.chexpert.get(mention.label, [])
            )
        ]
    channels = load_label_map(rules)
    return [
        (mention, channel)
        for mention in mentions
        for channel in channels.channels_of(mention.label)
        if mention.polarity != "negative"
        or mention.concept in generic
        or channel not in views.shared
    ]


def _strongest(polarities: set[str], *, compat: bool) -> str:
    if compat and {"negative", "uncertain"} <= polarities:
        return "uncertain"
    return next(name for name in ("positive", "uncertain", "negative") if name in polarities)
