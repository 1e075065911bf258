"""Read the label maps of a rules folder: classes and data-set columns to channels or classes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from gazescribe.pipeline.core.errors import RuleError, nearest
from gazescribe.pipeline.core.resources import resource
from gazescribe.pipeline.core.values import DATASETS
from gazescribe.pipeline.core.yaml_files import load_yaml


@dataclass(frozen=True)
class LabelMap:
    """The heatmap channels in order, and those that each class of the labeler reaches."""

    channels: tuple[str, ...]
    # Lower-case class to channels, in channel order; empty for classes that open no window.
    targets: dict[str, tuple[str, ...]]
    # The same for the data sets' own names, such as CheXpert's, where they are no classes.
    aliases: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def by_name(self) -> dict[str, tuple[str, ...]]:
        """Channels that each name reaches, in lower case; classes win over columns and channels."""
        channels = {channel.casefold(): (channel,) for channel in self.channels}
        return {**channels, **self.aliases, **self.targets}

    def channels_of(self, label: str) -> tuple[str, ...]:
        """Channels that a class, a data set's own label, or a channel named directly reaches.

        Raises
        ------
        RuleError
            If the folder knows none of that name.
        """
        name = label.strip().casefold()
        if (reached := self.by_name.get(name)) is not None:
            return reached
        known_names = [*self.targets, *self.aliases, *self.channels]
        message = f"the rules know no label {label!r}{nearest(label, known_names)}."
        raise RuleError(message, remedy="Add it to rules/labels.yaml or correct the mentions.")


def load_label_map(rules: Path | None = None) -> LabelMap:
    """Read `labels.yaml` of a rules folder; else of `rules/` here, else of the packaged one.

    Raises
    ------
    RuleError
        If the file is absent or says something that cannot be meant; all faults at once.
    """
    path = (rules or resource("rules")) / "labels.yaml"
    content = _read_yaml(path)
    faults = [f"unknown key {key!r}" for key in content if key not in ("channels", "labels")]
    channels, labels = content.get("channels"), content.get("labels")
    if not (isinstance(channels, list) and channels and all(_is_name(c) for c in channels)):
        faults.append("channels must be a list of names")
        channels = []
    if len({str(channel).casefold() for channel in channels}) < len(channels):
        faults.append("a channel is named twice")
    targets: dict[str, tuple[str, ...]] = {}
    if not isinstance(labels, dict) or not labels:
        faults.append("labels must map each class to a list of channels")
        labels = {}
    for label, reached in labels.items():
        faults += _channel_faults(label, reached, channels)
        if str(label).casefold() in targets:
            faults.append(f"{label!r} is named twice")
        if isinstance(reached, list):
            targets[str(label).casefold()] = tuple(c for c in channels if c in reached)
    if faults:
        raise RuleError("the label map cannot be used.", where=path, faults=faults)
    return LabelMap(tuple(channels), targets, _aliases(path.parent, tuple(channels)))


def _aliases(rules: Path, channels: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    if not (rules / "columns.yaml").is_file():
        return {}
    return {
        column.casefold(): reached
        for dataset in _read_yaml(rules / "columns.yaml")
        for column, reached in load_column_map(dataset, channels, rules).items()
    }


def load_column_map(
    dataset: str, channels: tuple[str, ...], rules: Path | None = None, *, optional: bool = False
) -> dict[str, tuple[str, ...]]:
    """Read from `columns.yaml` which channels each column of a data set reaches.

    Raises
    ------
    RuleError
        If the file is absent and not `optional`, or names a channel that `labels.yaml` does not.
    """
    path = (rules or resource("rules")) / "columns.yaml"
    if optional and not path.is_file():
        return {}
    columns = _read_yaml(path).get(dataset, {})
    if not isinstance(columns, dict):
        raise RuleError(f"{dataset} must map columns to lists of channels.", where=path)
    faults = []
    for column, reached in columns.items():
        faults += _channel_faults(column, reached, channels)
    if faults:
        raise RuleError("the column map cannot be used.", where=path, faults=faults)
    return {
        column: tuple(c for c in channels if c in reached) for column, reached in columns.items()
    }


def load_certainty_map(
    dataset: str, classes: Sequence[str], rules: Path | None = None
) -> dict[str, tuple[str, ...]]:
    """Read from `certainties.yaml` which classes each column of a data set's certainties serves.

    The classes are those of `labels.yaml`, in lower case, and so are those of the answer.

    Raises
    ------
    RuleError
        If the file is absent, or names an unknown data set or class; all faults at once.
    """
    path = (rules or resource("rules")) / "certainties.yaml"
    content = _read_yaml(path)
    known = ", ".join(DATASETS)
    faults = [f"unknown key {key!r}; known: {known}" for key in content if key not in DATASETS]
    columns = content.get(dataset, {})
    if not isinstance(columns, dict) or not columns:
        faults.append(f"{dataset} must map columns to lists of classes")
        columns = {}
    for column, served in columns.items():
        if not _is_name(column) or not isinstance(served, list) or not served:
            faults.append(f"{column!r} must be a name with a list of classes")
            continue
        for name in served:
            if str(name).casefold() not in classes:
                near = nearest(str(name), classes)
                faults.append(f"{column!r} names the unknown class {name!r}{near}")
    if faults:
        raise RuleError("the map of certainties cannot be used.", where=path, faults=faults)
    return {column: tuple(name.casefold() for name in served) for column, served in columns.items()}


def _read_yaml(path: Path) -> dict[str, object]:
    content = load_yaml(path, RuleError, "Give a rules folder.")
    if not isinstance(content, dict):
        raise RuleError("a mapping was expected.", where=path)
    return content


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _channel_faults(name: object, reached: object, channels: Sequence[str]) -> list[str]:
    if not _is_name(name) or not isinstance(reached, list):
        return [f"{name!r} must be a name with a list of channels"]
    return [f"{name!r} names the unknown channel {c!r}" for c in reached if c not in channels]
