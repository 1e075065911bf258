"""Regular expressions are such that every Python we run on reads them alike."""

import ast
import re

import pytest

from tests.unit.house.test_rooms import FILES, relative

POSSESSIVE = re.compile(r"(?<!\\)\)(?:[*+?]|\{[\d,]+\})\+|\(\?>")


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("(?:a|b)*+", True), ("(?>a)", True), ("(a){2}+", True), ("a++(?:b)*", False)],
)
def test_possessive_groups_are_told(text, is_one):
    assert bool(POSSESSIVE.search(text)) == is_one


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_no_group_is_possessive(path):
    """Python before 3.11.5, Debian 12's among them, matches them wrongly."""
    strings = [node.value for node in ast.walk(ast.parse(path.read_text())) if is_text(node)]
    assert [text for text in strings if POSSESSIVE.search(text)] == []


def is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
