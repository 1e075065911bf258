"""Texts of the program as Markdown."""

import re


def code(text: str) -> str:
    """Set a text as code; a bar would end a cell of a table."""
    return "`" + text.replace("|", r"\|") + "`"


def linked(text: str, up: str = "../../") -> str:
    """Link pages that a text names, and keep what Markdown would take for its own."""
    text = text.replace("<", "&lt;").replace(">", "&gt;").replace("*", r"\*")
    text = re.sub(r"(?<![\w`-])(--[a-z][a-z-]*)", r"`\1`", text)
    return re.sub(r"(?<![\w/`])docs/([\w-]+)\.md", rf"[docs/\1.md]({up}docs/\1.md)", text)
