"""What each extra of the package brings, to say which one somebody lacks."""

from gazescribe.pipeline.core.errors import GazeError

EXTRAS = {
    "networks": (
        *("dvclive", "pytorch_lightning", "pytorch_metric_learning", "safetensors", "timm"),
        *("torch", "torchmetrics", "torchvision"),
    ),
    "cloud": ("fsspec", "s3fs"),
    "dvc": ("dvc",),
    "formats": ("h5py", "pycocotools", "skimage", "zarr"),
    "gaze": ("I2MC", "pymovements"),
    "radiographs": ("numba",),
    "spacy": ("negspacy", "spacy"),
}
"""Modules by the extra of `pyproject.toml` that they come with."""


def lacking_extra(error: ModuleNotFoundError) -> GazeError | None:
    """Make of a module that is not there the extra to install; None where it is no extra's."""
    module = (error.name or "").partition(".")[0]
    extra = extra_of(module)
    if extra is None:
        return None
    return GazeError(f"{module} is not installed, which this needs.", remedy=install(extra))


def extra_of(module: str) -> str | None:
    """Name the extra that a module comes with."""
    return next((extra for extra, modules in EXTRAS.items() if module in modules), None)


def install(extra: str) -> str:
    """Say how to install an extra."""
    return f'Install the extra {extra}: `pip install "gazescribe[{extra}]"`.'
