"""Annotation files of ELAN (EAF): all tiers, with the times that ELAN shows.

A slot of the time line without a value lies between its neighbours' in its tier, in equal parts;
annotations that refer to others have their time, several of one share it in equal parts.
Source: the EAF annotation format, version 3.0 (Max Planck Institute for Psycholinguistics).
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.foreign import read_xml
from gazescribe.pipeline.formats.pieces import Content, in_pieces

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

Span = tuple[float, float]  # seconds


def read(path: Path, _table: str) -> Content:
    """Read the annotations of all tiers; those without a text are none."""
    document = read_xml(path, ManifestError)
    if document.tag != "ANNOTATION_DOCUMENT":
        raise ManifestError("this is XML, but not of ELAN.", where=path)
    try:
        rows = sorted(_rows(document), key=itemgetter(1))  # of several tiers in one order
    except (AttributeError, KeyError, TypeError, ValueError) as fault:
        raise ManifestError("this is not a whole file of ELAN.", where=path) from fault
    return in_pieces(("word", "start", "end", "tier", "participant"), rows)


def _rows(document: "Element") -> Iterator[tuple[str, float, float, str, str]]:
    spans = _spans(document)
    for tier in document.iter("TIER"):
        name, participant = tier.attrib["TIER_ID"], tier.get("PARTICIPANT", "")
        for annotation in tier.iterfind("ANNOTATION/*"):
            text = " ".join("".join(annotation.find("ANNOTATION_VALUE").itertext()).split())  # type: ignore[union-attr]  # without it AttributeError
            if text:
                start_s, end_s = spans[annotation.attrib["ANNOTATION_ID"]]
                yield text, start_s, end_s, name, participant


def _spans(document: "Element") -> dict[str, Span]:
    """Find from when to when each annotation lasts."""
    slots = _slots(document)
    spans: dict[str, Span] = {}
    for annotation in document.iter("ALIGNABLE_ANNOTATION"):
        start, end = (slots[annotation.attrib[f"TIME_SLOT_REF{n}"]] for n in (1, 2))
        spans[annotation.attrib["ANNOTATION_ID"]] = start, end
    waiting = _by_parent(document)
    while ready := [parent for parent in waiting if parent in spans]:
        for parent in ready:
            children = waiting.pop(parent)
            for tier_children in children.values():
                spans.update(_shared(tier_children, spans[parent]))
    return spans


def _slots(document: "Element") -> dict[str, float]:
    """Give the time of each slot; those without a value by what lies beside them in a tier."""
    time_order = [slot.attrib["TIME_SLOT_ID"] for slot in document.iter("TIME_SLOT")]
    places = {name: place for place, name in enumerate(time_order)}
    slots = {
        slot.attrib["TIME_SLOT_ID"]: float(slot.attrib["TIME_VALUE"]) / 1e3
        for slot in document.iter("TIME_SLOT")
        if "TIME_VALUE" in slot.attrib
    }
    for tier in document.iter("TIER"):
        used: set[str] = set()
        for annotation in tier.iter("ALIGNABLE_ANNOTATION"):
            used |= {annotation.attrib[f"TIME_SLOT_REF{n}"] for n in (1, 2)}
        names = sorted(used, key=places.__getitem__)
        timed = [number for number, name in enumerate(names) if name in slots]
        for before, after in pairwise(timed):
            start_s, end_s = slots[names[before]], slots[names[after]]
            for number in range(before + 1, after):
                share = (number - before) / (after - before)
                slots[names[number]] = start_s + (end_s - start_s) * share
    return slots


def _by_parent(document: "Element") -> dict[str, dict[str, list["Element"]]]:
    """Give the annotations that refer to others, by these and by tier."""
    waiting: defaultdict[str, defaultdict[str, list[Element]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for tier in document.iter("TIER"):
        for annotation in tier.iter("REF_ANNOTATION"):
            parent = annotation.attrib["ANNOTATION_REF"]
            waiting[parent][tier.attrib["TIER_ID"]].append(annotation)
    return {parent: dict(tiers) for parent, tiers in waiting.items()}


def _shared(annotations: Sequence["Element"], span: Span) -> Iterator[tuple[str, Span]]:
    """Share out the time of an annotation among those of a tier that refer to it."""
    following = {annotation.get("PREVIOUS_ANNOTATION"): annotation for annotation in annotations}
    order: list[Element] = []
    annotation = following.get(None)
    while annotation is not None and len(order) < len(annotations):
        order.append(annotation)
        annotation = following.get(annotation.attrib["ANNOTATION_ID"])
    if len(order) < len(annotations):  # they form no chain: the file's order counts
        order = [*annotations]
    step_s = (span[1] - span[0]) / len(order)
    for number, annotation in enumerate(order):
        start_s = span[0] + number * step_s
        end_s = span[1] if number == len(order) - 1 else start_s + step_s
        yield annotation.attrib["ANNOTATION_ID"], (start_s, end_s)
