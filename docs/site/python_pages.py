"""Pages of the Python interface, filled by autodoc from the docstrings."""

import gazescribe as gs

GEOMETRY = ("gaussians", "canvas", "ellipses", "letterbox", "iou", "saliency", "published")
"""Modules of the room whose functions are all worth importing."""
STAGES = {
    "commands.params": ["load_params", "load_profile"],
    "demo.run": ["write_demo"],
    "core.tables": ["read_table", "conform"],
    "dictation.run": ["label_file"],
    "windows.windows": ["sentence_window", "associate_reading"],
    "windows.associate": ["run"],
    "windows.tune.run": ["run"],
    "maps.heatmaps": ["run"],
    "images.reading": ["read_radiograph", "letterboxed"],
    "images.run": ["run"],
    "export.run": ["run"],
}
"""Functions of `gazescribe.pipeline` that commands call, in the order of the data flow."""


def python_pages() -> dict[str, str]:
    """Give the text of each page by its path, in reST, which autodoc writes."""
    return {
        "reference/python.rst": _interface(),
        "reference/geometry.rst": _geometry(),
        "reference/stages.rst": _stages(),
    }


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


def _geometry() -> str:
    parts = [
        _heading("Geometry", "="),
        "Arrays in, arrays out: Gaussians, ellipses, frames, IoU, saliency measures. numpy alone.",
    ]
    for name in GEOMETRY:
        directive = f".. automodule:: gazescribe.pipeline.geometry.{name}\n   :members:"
        parts += [_heading(name.capitalize(), "-"), directive]
    return "\n\n".join(parts) + "\n"


def _stages() -> str:
    parts = [
        _heading("Stages", "="),
        (
            "What commands call, on folders and files. Settings are a section of the parameters,"
            " such as ``load_params().associate``."
        ),
    ]
    for module, names in STAGES.items():
        parts.append(_heading(module, "-"))
        parts += [f".. autofunction:: gazescribe.pipeline.{module}.{name}" for name in names]
    return "\n\n".join(parts) + "\n"


def _heading(text: str, line: str) -> str:
    return f"{text}\n{line * len(text)}"
