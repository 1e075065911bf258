"""Write an export beside its place, look at it again, and move it there whole."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.files import entries, replacing_folder, write_json
from gazescribe.pipeline.core.parallel import map_tasks
from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.core.yaml_files import override
from gazescribe.pipeline.export import (
    as_bids,
    as_coco,
    as_hf,
    as_npy,
    as_parquet,
    as_tar,
    as_zarr,
    croissant,
)
from gazescribe.pipeline.export.about import duties_of, provenance, sources_of
from gazescribe.pipeline.export.card import title_of, write_card
from gazescribe.pipeline.export.check import Forbidden, check_export, forbid
from gazescribe.pipeline.export.contents import Contents, gather
from gazescribe.pipeline.export.forms import Each, Files
from gazescribe.pipeline.export.ids import read_key
from gazescribe.pipeline.export.images import count_images, plan_images, write_image
from gazescribe.pipeline.geometry.sizes import parse_size
from gazescribe.pipeline.maps.heatmaps import run as draw_heatmaps
from gazescribe.pipeline.maps.settings import Heatmaps
from gazescribe.pipeline.sources.loading import load_manifest
from gazescribe.pipeline.sources.manifests import Manifest, Screen

OF_MAPS: dict[str, Callable[[Contents, Path, Each], list[Files]]] = {
    "parquet": as_parquet.write,
    "npy": as_npy.write,
    "webdataset": as_tar.write,
    "hf": as_hf.write,
    "zarr": as_zarr.write,
}
FORMATS = (*OF_MAPS, "coco", "bids")
PROVENANCE = "provenance.json"
HALF = 0.5  # of the map's maximum


@dataclass(frozen=True)
class Wish:
    """What an export should hold.

    Attributes
    ----------
    form : str
        One of `FORMATS`.
    shards : tuple of pathlib.Path
        Folders of maps.
    sizes : tuple of str
        Label maps are drawn at these: N or HxW model pixels.
    threshold : float or None
        Where maps are cut into regions, for COCO.
    images : pathlib.Path or None
        Radiographs are included from here.
    text : bool
        Dictations are included.
    key_file : pathlib.Path or None
        Ids are replaced by hashes with this key.
    """

    form: str
    shards: tuple[Path, ...] = ()
    sizes: tuple[str, ...] = ()
    threshold: float | None = None
    images: Path | None = None
    text: bool = False
    key_file: Path | None = None

    def check(self, out: Path) -> None:
        """Refuse what does not go together."""
        has_maps = bool(self.shards or self.sizes)
        if self.form == "coco" and not has_maps:
            raise GazeError("regions are cut from maps.", remedy="Give --shards or --size.")
        if self.form == "bids" and has_maps:
            raise GazeError(
                "BIDS holds fixations, no maps.", remedy="Export maps in another format."
            )
        if self.threshold is not None and self.form != "coco":
            raise GazeError(f"--threshold is for coco, not for {self.form}.")
        if self.key_file and out.resolve() in self.key_file.resolve().parents:
            raise GazeError("the key may not lie in the export.", where=self.key_file)


def run(
    tables: Path,
    associated: Path,
    out: Path,
    wish: Wish,
    params: Heatmaps,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
) -> dict[str, Any]:
    """Write an export; give its provenance.

    Raises
    ------
    GazeError
        If inputs do not fit together, or the export holds what it must not.
    """
    wish.check(out)
    key = read_key(wish.key_file) if wish.key_file else None
    sources = sources_of(tables)
    duties = duties_of(sources, images=wish.images is not None, text=wish.text)
    at = partial(map_tasks, workers=workers, scheduler=scheduler)
    with replacing_folder(out, mark=PROVENANCE, check=_refuse_others) as folder:
        drawn = folder / ".drawn"
        rendered = _draw(tables, associated, drawn, wish.sizes, params, workers, scheduler)
        contents = gather(
            tables,
            associated,
            [(one.resolve().name, one) for one in wish.shards] + rendered,
            key=key,
            text=wish.text,
            fixations=wish.form == "bids",
        )
        files = _write(contents, folder, wish, at)
        counts: dict[str, int] = {}
        if wish.images is not None:
            tasks, planned = plan_images(tables, wish.images, folder, key)
            written = at(write_image, tasks, description="images")
            counts = count_images(written, planned, wish.images)
            files.append(Files("images", "images/*.png", "image/png", "Radiographs, by dicom_id"))
        shutil.rmtree(drawn, ignore_errors=True)
        made = provenance(
            contents,
            sources,
            duties,
            counts,
            form=wish.form,
            threshold=_threshold(wish),
            hashed=key is not None,
        )
        _accompany(folder, contents, files, sources, made)
        faults = check_export(folder, _forbidden(tables, wish))
        if faults:
            what = "the export would hold what nobody asked for; nothing was written."
            remedy = "Say --include-text or --include-images where it is meant."
            raise GazeError(what, where=out, remedy=remedy, faults=faults)
    return made


def _threshold(wish: Wish) -> float | None:
    if wish.form != "coco":
        return None
    return HALF if wish.threshold is None else wish.threshold


def _refuse_others(out: Path) -> None:
    """Refuse to replace what is no earlier export."""
    found = entries(out) if out.is_dir() else set()
    if found and PROVENANCE not in found:
        what = "this is not empty and no earlier export."
        raise GazeError(what, where=out, remedy="Name another.")


def _draw(
    tables: Path,
    associated: Path,
    folder: Path,
    sizes: Sequence[str],
    params: Heatmaps,
    workers: int | None,
    scheduler: str | None,
) -> list[tuple[str, Path]]:
    """Draw label maps at each size, for the time of the export."""
    drawn = []
    for text in sizes:
        size = parse_size(text)
        name = "label-{}x{}".format(*size) if size else text
        draw_heatmaps(
            tables,
            associated,
            folder / name,
            "label",
            override(params, size=text),
            workers=workers,
            scheduler=scheduler,
        )
        drawn.append((name, folder / name))
    return drawn


def _write(contents: Contents, folder: Path, wish: Wish, at: Callable[..., Any]) -> list[Files]:
    def each(function: Callable[[Any], Any]) -> list[Any]:
        return list(at(function, contents.parts, description=wish.form))

    if wish.form == "coco":
        written = as_coco.write(contents, folder, each, threshold=_threshold(wish) or HALF)
    elif wish.form == "bids":
        written = as_bids.write(contents, folder, _screens(contents))
    else:
        written = OF_MAPS[wish.form](contents, folder, each)
    return list(written)


def _screens(contents: Contents) -> dict[str, Screen]:
    """Find what the readers of each data set sat in front of, which BIDS asks for."""
    names = sorted(set(contents.tables["readings"]["dataset"].to_pylist()))
    found = {name: load_manifest(name).screen for name in names}
    unknown = [name for name, screen in found.items() if screen is None]
    if unknown:
        what = f"BIDS asks for the sampling rate, which the manifest of {unknown[0]} does not say."
        raise GazeError(what, remedy="Add its section `screen`.")
    return {name: screen for name, screen in found.items() if screen is not None}


def _accompany(
    folder: Path,
    contents: Contents,
    files: Sequence[Files],
    sources: Sequence[Manifest],
    made: Mapping[str, Any],
) -> None:
    """Write what lies beside the data: provenance, card, Croissant, checksums."""
    write_json(made, folder / PROVENANCE)
    write_card(folder, contents, files, sources, made)
    shapes = {one.name: one.size for one in contents.sets}
    cited = " ".join(citation.text for citation in sources[0].citations)
    about = {
        "name": title_of(sources),
        "description": sources[0].description,
        "license": [one.licence.url or one.licence.name for one in sources],
        "version": made["made_by"]["gazescribe"],
        **({"citeAs": cited} if cited else {}),
        **({"url": sources[0].access.url} if sources[0].access.url else {}),
        **({"datePublished": sources[0].released} if sources[0].released else {}),
    }
    described = croissant.describe(folder, files, about, shapes)
    (folder / "croissant.json").write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    sums = [f"{croissant.sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in paths]
    (folder / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")


def _forbidden(tables: Path, wish: Wish) -> Forbidden:
    names = ["text", "reading_id", "dicom_id", "study_id", "subject_id"]
    readings = read_table(tables, "readings", names)
    texts = [] if wish.text else [text for text in readings["text"].to_pylist() if text]
    columns = [readings[name].drop_null().to_pylist() for name in names[1:]]
    ids = [one for column in columns for one in column] if wish.key_file else []
    return forbid(texts, ids, pictures=wish.images is None)
