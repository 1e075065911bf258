"""Compare every number of the page of a run with the file that it says it is from."""

import csv
import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:,\d{3})*(?:\.\d+)*(?:e[-+]?\d+)?(?![\w])")
VOID = {"meta", "img", "br", "input", "link", "line"}
UNSEEN = {"style", "script", "title", "text"}  # `text`: ticks of axes


class PageNumbers(HTMLParser):
    """Gather what cites a place, and the text around it that does not."""

    def __init__(self):
        super().__init__()
        self.open, self.cited, self.loose = [], [], []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag in VOID:
            return
        if "data-file" in attrs:
            self.cited.append([attrs["data-file"], attrs["data-key"].split("\n"), ""])
        self.open.append((tag, "data-file" in attrs))

    def handle_endtag(self, tag):
        if tag not in VOID:
            while self.open.pop()[0] != tag:
                pass

    def handle_data(self, data):
        if any(cites for _, cites in self.open):
            in_curve = self.open[-1][0] == "title"
            self.cited[-1][2] += data.rpartition(": ")[2] if in_curve else data
        elif not {tag for tag, _ in self.open} & UNSEEN:
            self.loose.append(data)


def check_numbers(folder: Path, page: Path) -> Counter:
    """Check all cited numbers, and that every number cites its place; give how many each file has.

    Numbers inside words that cite nothing are names, as `certainty 3` and `Table 4`.
    """
    parser = PageNumbers()
    parser.feed(page.read_text(encoding="utf-8"))
    contents = {file: load(folder / file) for file, _, _ in parser.cited}
    faults = []
    for file, keys, text in parser.cited:
        try:
            values = [value_at(contents[file], key) for key in keys]
        except (LookupError, ValueError) as error:
            faults.append(f"{file} has no {keys}: {error!r}")
            continue
        if not agrees(text, values):
            faults.append(f"{text!r} is shown for {values} of {file} {keys}")
    assert faults == [], f"{len(faults)} faults: {faults[:10]}"
    loose = [text for text in parser.loose if NUMBER.search(text) and not re.search("[a-z]", text)]
    assert loose == [], f"these cite nothing: {loose[:10]}"
    return Counter(file for file, _, _ in parser.cited)


def load(path: Path):
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as lines:
            return list(csv.DictReader(lines))
    return json.loads(path.read_text(encoding="utf-8"))


def value_at(content, key: str):
    """Follow a JSON pointer (RFC 6901)."""
    for part in key.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        content = content[int(name)] if isinstance(content, list) else content[name]
    return content


def agrees(text: str, values: list) -> bool:
    """Tell whether a text shows these values, each rounded as the text has its decimals."""
    if text == "–":
        return values in ([None], [""], ["–"])
    shown = NUMBER.findall(text)
    if len(values) == 1 and not is_float(values[0]):
        parts = values[0] if isinstance(values[0], list) else [str(values[0]).replace("**", "")]
        return text == ", ".join(map(str, parts))
    numbers = [float(value) for value in values]
    if len(shown) == 1:
        numbers = [sum(numbers)]
    return len(shown) == len(numbers) and all(map(is_rounded, shown, numbers))


def is_float(value) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return not isinstance(value, bool)


def is_rounded(shown: str, value: float) -> bool:
    """Tell whether a number was rounded to its last digit, its thousands apart."""
    digits, _, power = shown.partition("e")
    decimals = len(digits.partition(".")[2]) - int(power or 0)
    whole = re.fullmatch(r"[-+]?(\d{1,3}(,\d{3})*|0\d*)", digits.partition(".")[0])
    error = abs(float(shown.replace(",", "")) - value)
    return whole is not None and error <= 0.5 * 10.0**-decimals * (1 + 1e-9)
