"""The texts and the page beside an export, from their templates."""

from pathlib import Path
from typing import Any


def jinja_environment(*, autoescape: bool) -> Any:
    """Give jinja's environment of the templates; HTML is escaped, Markdown and Python are not."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=autoescape,  # noqa: S701  (Markdown and Python are no HTML)
    )
