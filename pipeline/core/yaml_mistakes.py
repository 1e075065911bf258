"""The usual mistakes in YAML, said as people make them and not as a parser meets them."""

import re

import yaml

from gazescribe.pipeline.core.errors import shorten

MISTAKES = (  # of the line at which the parser stops, or the one above; the first that fits
    (r" *\t", "it begins with a tab: indent with blanks"),
    (r"[^#]*?:\s+([{*%@`&!|>][^\s,\"']*[^}\]\"',:{\[\s])\s*", "{} must stand in quotes"),
    (r"\s*[\w ]+:\s+[^\"'{\[#|>\s].*:\s.*", "a value that holds a colon must stand in quotes"),
    (r"\s*[\w.]+:[^\s/\\:]+", "a blank is missing behind the colon"),
    (r"\s*([A-Za-z][^:#\"'\[\]{},]*)", "{} has no colon behind its key"),
)


def usual_mistake(text: str, fault: yaml.YAMLError) -> str | None:
    """Name the line that cannot be read and the usual mistake in it; None if it is another.

    `fault` is that of the parser in Python, which says where it stopped, and why.
    """
    mark = getattr(fault, "problem_mark", None)
    if mark is None or "undefined alias" in str(fault):
        return None
    lines = text.splitlines()
    for number in (mark.line, mark.line - 1):  # it may stop one line late
        line = lines[number] if 0 <= number < len(lines) else ""
        for pattern, message in MISTAKES:
            if match := re.match(pattern + ("" if "tab" in message else "$"), line):
                value = shorten(match[1].strip(), 40) if match.groups() else ""
                return f"line {number + 1}: {message.format(value)}"
    if "block mapping start" in str(fault):
        return f"line {mark.line + 1}: it is indented otherwise than the keys above"
    if "mapping values are not allowed" in str(fault):
        return f"line {mark.line + 1}: the line above has a value, so nothing can be part of it"
    return None
