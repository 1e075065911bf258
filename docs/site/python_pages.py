"""Pages of the Python interface, filled by autodoc from the docstrings."""

import gazescribe as gs

ROOMS = {
    "Geometry": (
        "Arrays in, arrays out: Gaussians, ellipses, frames, IoU, saliency measures. numpy alone.",
        (
            "geometry.gaussians",
            "geometry.canvas",
            "geometry.ellipses",
            "geometry.letterbox",
            "geometry.iou",
            "geometry.saliency",
            "geometry.published",
            "geometry.sampling",
        ),
    ),
    "Stages": (
        (
            "What commands call: a function a stage, on folders and files. Settings are a section"
            " of the parameters, such as `load_params().associate`."
        ),
        (
            "commands.params",
            "windows.windows",
            "windows.associate",
            "windows.tune.run",
            "maps.heatmaps",
            "dictation.run",
            "images.reading",
            "export.run",
            "core.tables",
        ),
    ),
}
"""Modules of `gazescribe.pipeline` that are worth importing, by page."""


def python_pages() -> dict[str, str]:
    """Give the text of each page by its path, in reST, which autodoc writes."""
    pages = {"reference/python.rst": _interface()}
    for title, (about, modules) in ROOMS.items():
        parts = [_heading(title, "="), about, *map(_module, modules)]
        pages[f"reference/{title.lower()}.rst"] = "\n\n".join(parts) + "\n"
    return pages


def _interface() -> str:
    parts = [
        _heading("Public interface", "="),
        (
            "``import gazescribe as gs``; the :doc:`tour </docs/python>` shows it at work."
            " ``gs.__version__`` is the version."
        ),
        *(_public(name) for name in gs.__all__ if name != "__version__"),
    ]
    return "\n\n".join(parts) + "\n"


def _public(name: str) -> str:
    is_class = isinstance(getattr(gs, name), type)
    directive = "autoclass" if is_class else "autofunction"
    members = "\n   :members:\n   :inherited-members: Exception" if is_class else ""
    return f"{_heading(name, '-')}\n\n.. {directive}:: gazescribe.{name}{members}"


def _module(name: str) -> str:
    """Write out what a module has of public functions and classes, as it introduces itself."""
    directive = f".. automodule:: gazescribe.pipeline.{name}\n   :members:"
    return f"{_heading(name, '-')}\n\n{directive}"


def _heading(text: str, line: str) -> str:
    return f"{text}\n{line * len(text)}"
