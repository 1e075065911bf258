"""Load the manifest of a data set: by its name, or from a file of your own."""

from pathlib import Path

from gazescribe.pipeline.core.errors import ManifestError, nearest
from gazescribe.pipeline.core.resources import shipped
from gazescribe.pipeline.core.yaml_files import read_yaml
from gazescribe.pipeline.sources.manifests import SHIPPED, Manifest


def load_manifest(dataset: str, folder: Path | None = None) -> Manifest:
    """Read the manifest of a data set: an `OwnManifest` if the data set is not one of ours.

    Parameters
    ----------
    dataset : str
        `reflacx`, `egd`, `mimic-cxr-jpg` or `demo`; the name of anybody's own manifest in
        `data_manifests/`; or the path of such a file, with its suffix `.yaml`.
    folder : pathlib.Path, optional
        Where the manifests lie; else `data_manifests/` here, else the packaged one.

    Raises
    ------
    ManifestError
        If the file is absent, or says what no manifest may say; all faults at once.
    """
    # Its many models take a while to build, and the shipped data sets need none of them.
    from gazescribe.pipeline.sources.own_manifests import read_own

    if Path(dataset).suffix in {".yaml", ".yml"}:
        return read_own(Path(dataset))
    if folder is None:
        manifests = known_manifests()
        if dataset not in manifests:
            raise ManifestError(
                f"there is no manifest {dataset!r}{nearest(dataset, manifests)} (known:"
                f" {', '.join(sorted(manifests))}).",
                remedy="Name one of these, or the path of a YAML file (docs/own-data.md).",
            )
        path = manifests[dataset]
    else:
        path = folder / f"{dataset}.yaml"
    return read_yaml(path, Manifest, ManifestError) if dataset in SHIPPED else read_own(path)


def load_readable(dataset: str) -> Manifest:
    """Read the manifest of a data set with tables to be read; raises as `load_manifest` does."""
    manifest = load_manifest(dataset)
    if manifest.name == "demo":
        trees = "reflacx, egd, mimic-cxr-jpg"
        raise ManifestError(f"demo is no tree of its own but holds three: name one of {trees}.")
    return manifest


def known_manifests() -> dict[str, Path]:
    """Find the manifests by name, one's own before those of public data sets and the shipped."""
    folders = [
        shipped("data_manifests") / "public",
        shipped("data_manifests"),
        Path("data_manifests"),
    ]
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.yaml"))}


def complete_dataset(_context: object, _parameter: object, incomplete: str) -> list[str]:
    """Give the data sets that a shell may complete an argument to."""
    return sorted(name for name in {*known_manifests()} - {"demo"} if name.startswith(incomplete))
