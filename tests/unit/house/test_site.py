"""The documentation site: all that it should have, and that nothing in it leads nowhere."""

import re
import sys

import click
import pytest
import yaml

import gazescribe as gs
from gazescribe.pipeline.commands.cli import COMMANDS, main
from gazescribe.pipeline.commands.params import Params
from tests.conftest import ROOT

PROFILES = sorted((ROOT / "params").glob("*.yaml"))


@pytest.fixture(scope="module")
def site():
    """The modules of docs/site, which are scripts beside one another."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "docs" / "site")
        import build  # found on the path above

        yield build
        for name in ("build", "command_pages", "parameter_pages", "parameter_entries"):
            sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def pages(site, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "pages"
    site.write_pages(folder)
    return folder


def test_navigation_leads_to_every_page(site, pages):
    listed = {
        page.rpartition("<")[2].rstrip(">")
        for group in site.navigation((ROOT / "docs" / "README.md").read_text()).values()
        for page in group
    }
    written = {path.relative_to(pages).with_suffix("").as_posix() for path in pages.rglob("*.*")}
    assert {page for page in listed if page != "gallery/index"} <= written
    docs = {f"docs/{path.stem}" for path in (ROOT / "docs").glob("*.md")}
    assert docs <= listed


@pytest.mark.parametrize("name", COMMANDS)
def test_a_page_has_all_options_of_its_command(pages, name):
    text = (pages / "reference" / "commands" / f"{name}.md").read_text()
    command = main.get_command(click.Context(main), name)
    assert command.example in text
    options = [one for one in command.params if isinstance(one, click.Option)]
    assert not [one.opts for one in options if not one.hidden and f"`{one.opts[0]}" not in text]
    assert "[default" not in text


def leaves(content, prefix=""):
    for key, value in content.items():
        if isinstance(value, dict) and value and key not in {"models", "variants"}:
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def test_every_parameter_is_listed_with_its_comment(pages):
    path = ROOT / "params.yaml"
    text = (pages / "reference" / "parameters.md").read_text()
    keys = list(leaves(yaml.safe_load(path.read_text())))
    assert len(keys) > 150
    values = {key for key in keys if not key.endswith("variants") and f"`{key}`" not in text}
    assert {key for key in values if not is_in_a_flow(key, path)} == set()
    for section in Params.model_fields:
        assert f"`{section}`" in text or f"## {section}" in text
    said = " ".join(re.sub(r"&[lg]t;|[\\`]|\[(docs/[\w-]+\.md)\]\([^)]*\)", unmarked, text).split())
    comments = [line.partition("# ")[2] for line in path.read_text().splitlines()]
    parts = [comment.replace("`", "").strip() for comment in comments[6:] if comment]
    assert len(parts) > 150
    assert [part for part in parts if part not in said] == []


def unmarked(found):
    return {"&lt;": "<", "&gt;": ">"}.get(found[0], found[1] or "")


def is_in_a_flow(key, path):
    """Whether the value that holds a key is written on one line."""
    outer, _, _ = key.rpartition(".")
    return bool(re.search(rf"^ +{outer.rpartition('.')[2]}: {{", path.read_text(), re.MULTILINE))


def test_profiles_stand_beside_one_another(pages):
    text = (pages / "reference" / "profiles.md").read_text()
    for path in PROFILES:
        for network in ("mil", "cooperative"):
            for key, value in yaml.safe_load(path.read_text())[network].items():
                entry = text.partition(f"`{network}.{key}`\n")[2].partition("\n\n`")[0]
                said = re.search(rf"(?:all|{path.stem}): `([^`]*)`", entry)
                assert said, (path.stem, network, key)
                if isinstance(value, int | float | str):
                    assert yaml.safe_load(said[1]) == value


def test_keys_are_read_with_their_comments(site, tmp_path):
    from parameter_entries import Entry, read_entries  # found by the fixture

    path = tmp_path / "some.yaml"
    path.write_text(
        "# Of the file.\n"
        "\n"
        "first: [1,\n"
        "        2]  # on two lines\n"
        "            # and on\n"
        "second:  # holds more\n"
        "  # a heading\n"
        "  third: {a: 1}\n"
        "  # another\n"
        "  fourth: '#'  # no comment before this\n"
    )
    assert read_entries(path) == [
        Entry("first", "[1, 2]", "on two lines and on", ""),
        Entry("second", None, "holds more", ""),
        Entry("second.third", "{a: 1}", "", "a heading"),
        Entry("second.fourth", "'#'", "no comment before this", "another"),
    ]


def test_the_public_interface_is_documented(pages):
    text = (pages / "reference" / "python.rst").read_text()
    named = set(re.findall(r"auto(?:class|function):: gazescribe\.(\w+)", text))
    assert named == {*gs.__all__} - {"__version__"}


@pytest.mark.filterwarnings(
    "ignore::PendingDeprecationWarning", "ignore::DeprecationWarning"
)  # extensions use what Sphinx 11 will no longer have
def test_no_link_leads_nowhere(site, pages):
    """Sphinx reads all pages and finds what they refer to; any warning fails."""
    out = pages.parent / "checked"
    assert site.build(pages, out, "-b", "dummy", "-D", "plot_gallery=0") == 0


def test_what_would_be_fetched_from_elsewhere_is_found(site, tmp_path):
    (tmp_path / "page.html").write_text(
        '<a href="https://doi.org/1">a link may</a><script src="_static/own.js"></script>'
    )
    assert site.find_calls(tmp_path) == []
    (tmp_path / "page.html").write_text('<script async="async" src="https://cdn.example/m.js">')
    assert site.find_calls(tmp_path) == [
        'page.html: <script async="async" src="https://cdn.example/m.js'
    ]
