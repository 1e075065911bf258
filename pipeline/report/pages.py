"""Templates filled and written: everything escaped, embedded, and nothing fetched.

A page names the only style and script it may run by their hashes (Content-Security-Policy), so that
text from a data set that got into the page as markup would still do nothing.
"""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gazescribe.pipeline.report.numbers import number

TEMPLATES = Path(__file__).parent / "templates"
GENERATOR = "gazescribe report"


def write_page(
    path: Path, template: str, styles: Sequence[str], scripts: Sequence[str], **content: Any
) -> None:
    """Write one page with the content that its template asks for.

    Template, styles and scripts are names of files in `templates/`; several are joined.
    """
    style_text, script_text = _joined(styles), _joined(scripts)
    allowed = f"script-src {_hash(script_text)}; " if scripts else ""
    page = _environment().get_template(template)
    text = page.render(
        style=style_text,
        script=script_text,
        policy=(
            "default-src 'none'; img-src data:; media-src data:; "
            f"style-src {_hash(style_text)}; {allowed}"
            "base-uri 'none'; form-action 'none'"
        ),
        generator=generator(),
        **content,
    )
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def generator() -> str:
    """Name the program that writes the pages, with its version."""
    return f"{GENERATOR} {version('gazescribe')}"


def _joined(names: Sequence[str]) -> str:
    return "".join(map(_source, names))


@cache
def _source(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _hash(source: str) -> str:
    digest = hashlib.sha256(source.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["number"] = number
    environment.policies["json.dumps_kwargs"] = {
        "sort_keys": True,
        "allow_nan": False,
        "separators": (",", ":"),
    }
    return environment
