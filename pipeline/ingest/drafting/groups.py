"""Files that are alike, and the pattern of their paths."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True)
class Pattern:
    """Paths of files that are alike.

    Attributes
    ----------
    text : str
        The path, with `{reading_id}`, or `{part_1}`, `{part_2}`, …, where they differ.
    names : list of str
        What stands in braces, each once.
    values : list of tuple of str
        Of each file, what stands there.
    """

    text: str
    names: list[str]
    values: list[tuple[str, ...]]

    def with_stars(self) -> str:
        """Give the path with * in place of what differs."""
        return re.sub(r"\{\w+\}", "*", self.text)


def group_by_depth(paths: Sequence[str]) -> list[list[str]]:
    """Part paths by their folders' number and their suffixes."""
    groups: defaultdict[tuple[int, str], list[str]] = defaultdict(list)
    for path in sorted(paths):
        groups[path.count("/"), PurePosixPath(path).suffix.lower()].append(path)
    return list(groups.values())


def pattern_of(paths: Sequence[str]) -> Pattern:
    """Find where paths of the same depth differ; of a single file, its stem is what may differ."""
    rows = [path.split("/") for path in paths]
    texts: list[str] = []
    differing: list[tuple[str, ...]] = []  # by place, of each path
    for number, parts in enumerate(zip(*rows, strict=True)):
        is_last = number == len(rows[0]) - 1
        if len({*parts}) == 1 and (len(paths) > 1 or not is_last):
            texts.append(parts[0])
            continue
        repeated = _made_of(parts, differing)
        if repeated is not None:
            texts.append(repeated)
            continue
        after = _common_end(parts)
        texts.append(f"\0{len(differing)}\0{after}")
        differing.append(tuple(part.removesuffix(after) for part in parts))
    names = ["reading_id"]
    if len(differing) > 1:
        names = [f"part_{number}" for number in range(1, len(differing) + 1)]
    text = re.sub(r"\0(\d+)\0", lambda match: f"{{{names[int(match[1])]}}}", "/".join(texts))
    return Pattern(text, names, list(zip(*differing, strict=True)))


def _made_of(parts: Sequence[str], differing: Sequence[tuple[str, ...]]) -> str | None:
    """Write parts by what differs in the folders above, as sub-01_ses-02; None if that fails."""
    written = set()
    for number, part in enumerate(parts):
        text = part
        for place, values in enumerate(differing):
            text = text.replace(values[number], f"\0{place}\0")
        written.add(text)
    text = written.pop()
    return text if not written and "\0" in text else None


def _common_end(parts: Sequence[str]) -> str:
    """Give what all end with, from a mark on that stands between words."""
    if len({*parts}) == 1:
        return "".join(re.findall(r"\.[A-Za-z]+$|\.[a-z]+\.gz$", parts[0])[:1])
    length = 0
    while len({part[-length - 1 :] for part in parts}) == 1:
        length += 1
    after = parts[0][len(parts[0]) - length :]
    return re.sub(r"^[A-Za-z0-9]*", "", after)


def begin_of(pattern: Pattern, names: Iterable[str]) -> Pattern:
    """Cut the name of a single file behind the part that others name, as S1_fixations.csv."""
    if len(pattern.values) != 1 or len(pattern.names) != 1:
        return pattern
    ((stem,),) = pattern.values
    begins = [stem[: mark.start()] for mark in re.finditer(r"[_\s.-]", stem)]
    known = {*names}
    for begin in reversed(begins):
        if begin in known and stem not in known:
            rest = stem.removeprefix(begin)
            text = pattern.text.replace("{reading_id}", f"{{reading_id}}{rest}")
            return Pattern(text, pattern.names, [(begin,)])
    return pattern


def form_needed(pattern: Pattern, strangers: Sequence[str]) -> str | None:
    """Give the form of what differs, where the pattern without it fits other files, too."""
    if len(pattern.names) != 1 or not pattern.values:
        return None
    text = re.escape(re.sub(r"\{\w+\}", "\0", pattern.text)).replace("\0", "([^/]+)")
    others = [match[1] for path in strangers if (match := re.fullmatch(text, path))]
    if not others:
        return None
    values = [value for (value,) in pattern.values]
    forms = {re.sub(r"[0-9]+", r"\\d+", re.escape(value)) for value in values}
    form = "|".join(sorted(forms))
    return form if not any(re.fullmatch(form, other) for other in others) else None


def without_suffix(name: str) -> str:
    """Give the name of an image without what its file ends with."""
    return re.sub(r"\.(?:png|jpe?g|dcm|dicom|tiff?|bmp)$", "", name, flags=re.IGNORECASE)


def overlap(ours: Sequence[str], theirs: Sequence[str]) -> float:
    """Give the share of values that are in both, of those that are in the smaller set."""
    smaller = min(len({*ours}), len({*theirs}))
    return len({*ours} & {*theirs}) / smaller if smaller else 0.0


def best_match(
    candidates: Mapping[str, Sequence[str]], others: Mapping[str, Sequence[str]]
) -> tuple[str, str] | None:
    """Find the two columns, one of each table, that name the same things; None where none do."""
    pairs = [
        (overlap(ours, theirs), len({*ours} & {*theirs}), name, other)
        for name, ours in candidates.items()
        for other, theirs in others.items()
    ]
    share, n, name, other = max(pairs, default=(0.0, 0, "", ""), key=lambda pair: pair[:2])
    return (name, other) if share > 0.5 and n else None
