"""Settings of the documentation site; `make docs` builds it by `build.py`."""

import logging

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

# The styles of code below make all loggers print, and figures are written with fonts.
logging.getLogger("fontTools").setLevel(logging.WARNING)

project = "gazescribe"
copyright = "the authors of gazescribe"  # noqa: A001  Sphinx's name
html_title = "gazescribe"
language = "en"
root_doc = "index"
default_role = "code"  # docstrings have `names` in single backticks

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 4

napoleon_google_docstring = False
napoleon_use_rtype = False
autodoc_typehints = "none"  # numpydoc says them, with shapes and units
autodoc_member_order = "bysource"

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_search_summary = False  # it is fetched, which no browser does from a file
html_last_updated_fmt = None  # the same bytes on another day
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"

sphinx_gallery_conf = {
    "examples_dirs": "../examples",  # beside the pages: what they write is no page
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "FileNameSortKey",
    "download_all_examples": False,
    "show_memory": False,
    "write_computation_times": False,  # a page with scripts from elsewhere
    "show_signature": False,
    "min_reported_time": 3600,  # s: no time at the foot of a page
    "remove_config_comments": True,
    "image_scrapers": ("matplotlib",),
    "capture_repr": (),  # what is printed, and no more
    "abort_on_example_error": True,
}


class PlainText(TextLexer):
    """What has no lexer: files of recorders."""


def setup(app: Sphinx) -> None:
    """Show files of recorders as plain text."""
    for name in ("asc", "csv", "tsv", "txt"):
        app.add_lexer(name, PlainText)
