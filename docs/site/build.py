"""Build the documentation site into `build/site`, to be opened as a file: `make docs`.

Pages keep the places that they have in the repository, so that links between them hold in both.
Beside them come references and the gallery, made from the code. Navigation is what docs/README.md
lists.
"""

import re
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from command_pages import command_pages  # noqa: E402  the path comes first
from parameter_pages import parameter_pages  # noqa: E402  likewise
from python_pages import python_pages  # noqa: E402  likewise

PAGES = ("*.md", "CITATION.cff", "docs/*", "docs/recorders/*")
SCRIPTS = Path("examples/gallery")
ELSEWHERE = {
    "params.yaml": "reference/parameters.md",
    "examples/gallery/README.rst": "gallery/index.rst",
}
"""What is no page, and the page that stands for it."""
BESIDE = {
    "Begin": ["Examples <gallery/index>", "Contents <docs/README>"],
    "Reference": [
        "Commands <reference/commands>",
        "Parameters <reference/parameters>",
        "Profiles <reference/profiles>",
        "Public interface <reference/python>",
        "Geometry <reference/geometry>",
        "Stages <reference/stages>",
    ],
}
"""Pages made from the code, by the group of docs/README.md that they are in."""


def write_pages(out: Path) -> None:
    """Write all that Sphinx reads, anew: an example that ran with other code is out of date."""
    for folder in (out, out.parent / "examples"):
        shutil.rmtree(folder, ignore_errors=True)
    for pattern in PAGES:
        for path in ROOT.glob(pattern):
            if path.is_file():
                _copy(path.relative_to(ROOT), out)
    shutil.copytree(ROOT / SCRIPTS, out.parent / "examples")
    for name, text in (command_pages() | parameter_pages(ROOT) | python_pages()).items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(text)
    (out / "README.md").rename(out / "index.md")
    _append(out / "index.md", navigation((ROOT / "docs" / "README.md").read_text()))
    _append(out / "docs/recorders.md", {"Recorders": sorted(_recorders())})


def _copy(path: Path, out: Path) -> None:
    """Copy a file of the repository to its place among the pages."""
    (out / path).parent.mkdir(parents=True, exist_ok=True)
    if path.suffix != ".md":
        shutil.copy(ROOT / path, out / path)
        return
    text, up = (ROOT / path).read_text(), "../" * (len(path.parts) - 1)
    for file, page in ELSEWHERE.items():
        text = text.replace(f"]({up}{file})", f"]({up}{page})")
    (out / path).write_text(text)


def _recorders() -> list[str]:
    return [f"recorders/{path.stem}" for path in (ROOT / "docs" / "recorders").glob("*.md")]


def navigation(contents: str) -> dict[str, list[str]]:
    """Give the pages that docs/README.md lists, by group, with those made from the code."""
    groups: dict[str, list[str]] = {}
    for line in contents.splitlines():
        if heading := re.fullmatch(r"\| ([A-Z][^|]*) \| \|", line):
            group = groups.setdefault(heading[1], [])
        elif row := re.match(r"\| \[([^\]]+)\]\(([^)]+)\.md\)", line):
            page = row[2].removeprefix("../") if row[2].startswith("../") else f"docs/{row[2]}"
            group.append(f"{row[1]} <{page}>")
    for name, pages in BESIDE.items():
        groups[name] += pages
    return groups


def _append(page: Path, groups: dict[str, list[str]]) -> None:
    """Put what a page leads to at its end, where only the navigation shows it."""
    with page.open("a") as file:
        for caption, pages in groups.items():
            listed = "\n".join(pages)
            file.write(f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{listed}\n```\n")


def build(pages: Path, out: Path, *options: str) -> int:
    """Run Sphinx, for which a warning is an error; give its exit code."""
    from sphinx.cmd.build import main  # slow to import

    strict = ("-W", "--keep-going", "-q", "-b", "html")
    return main([*strict, *options, "-d", f"{pages}-read", "-c", str(HERE), str(pages), str(out)])


def find_calls(out: Path) -> list[str]:
    """Find what pages would fetch from elsewhere; the site is to be read without network."""
    fetching = r"<(?:script|img|link|iframe)\b[^>]*?"
    fetched = re.compile(fetching + r"""(?:src|href)=["'](?:https?:)?//[^"']+""")
    return [
        f"{path.relative_to(out)}: {found[0]}"
        for path in sorted(out.rglob("*.html"))
        for found in fetched.finditer(path.read_text())
    ]


if __name__ == "__main__":
    write_pages(ROOT / "build" / "pages")
    site = ROOT / "build" / "site"
    if build(ROOT / "build" / "pages", site):
        sys.exit(1)
    if calls := find_calls(site):
        sys.exit("\n".join(["pages fetch from elsewhere:", *calls]))
    print("Open build/site/index.html in a browser.")  # noqa: T201  a program of its own
