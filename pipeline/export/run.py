"""Write an export beside its place, look at it again, and move it there whole."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.files import replacing_folder, write_json
from gazescribe.pipeline.core.parallel import map_tasks
from gazescribe.pipeline.core.remote import address_of
from gazescribe.pipeline.core.tables import read_table
from gazescribe.pipeline.core.yaml_files import override
from gazescribe.pipeline.dictation.label_maps import load_label_map
from gazescribe.pipeline.dictation.mentions import read_mentions
from gazescribe.pipeline.export import (
    as_bids,
    as_coco,
    as_hf,
    as_npy,
    as_npz,
    as_parquet,
    as_tar,
    as_zarr,
)
from gazescribe.pipeline.export.about import duties_of, provenance, sources_of
from gazescribe.pipeline.export.card import title_of, write_card
from gazescribe.pipeline.export.check import PICTURES, Forbidden, check_export, forbid
from gazescribe.pipeline.export.contents import Contents, MapSet, gather
from gazescribe.pipeline.export.croissant import describe, sha256
from gazescribe.pipeline.export.ids import ID_COLUMNS, read_key
from gazescribe.pipeline.export.images import count_images, plan_images, write_image
from gazescribe.pipeline.export.preview_page import shown_maps
from gazescribe.pipeline.export.table_files import FileSet, MapParts
from gazescribe.pipeline.geometry.sizes import parse_size
from gazescribe.pipeline.maps.heatmaps import run as draw_heatmaps
from gazescribe.pipeline.maps.settings import Heatmaps
from gazescribe.pipeline.sources.loading import load_manifest
from gazescribe.pipeline.sources.manifests import Manifest, Screen

OF_MAPS: dict[str, Callable[[Contents, Path, MapParts], list[FileSet]]] = {
    "parquet": as_parquet.write,
    "npy": as_npy.write,
    "npz": as_npz.write,
    "webdataset": as_tar.write,
    "hf": as_hf.write,
    "zarr": as_zarr.write,
}
FORMATS = (*OF_MAPS, "coco", "bids")
PROVENANCE = "provenance.json"
HALF = 0.5  # of the map's maximum
DRAWN = {
    "label": "maps of labels, and no window of a label",
    "saliency": "saliency maps, for no window has a label, and no reading",
}


@dataclass(frozen=True)
class ExportRequest:
    """What an export should hold."""

    form: str  # one of `FORMATS`
    shards: tuple[Path, ...] = ()  # folders of maps
    # label maps, or of gaze without labels saliency maps, are drawn at these: N or HxW model pixels
    sizes: tuple[str, ...] = ()
    threshold: float | None = None  # where maps are cut into regions, for COCO
    images: Path | None = None  # radiographs are included from here
    text: bool = False  # dictations are included
    key_file: Path | None = None  # ids are replaced by hashes with this key
    annotations: Path | None = None  # mentions: they and all that readers noted are included
    scanpaths: Path | None = None  # folder of scan paths: they are included
    rules: Path | None = None  # folder of the rules that know the labels of the mentions
    published: datetime | None = None  # day on which the export is published

    @property
    def cut(self) -> float | None:
        """The threshold of the regions; None for other formats than COCO."""
        if self.form != "coco":
            return None
        return HALF if self.threshold is None else self.threshold

    def published_on(self, sources: Sequence[Manifest]) -> str | None:
        """Day of publication: as asked, else that of the newest source; never of a clock."""
        if self.published:
            return self.published.date().isoformat()
        return max((source.released for source in sources if source.released), default=None)

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
    request: ExportRequest,
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
    request.check(out)
    if scheduler and address_of(out) and (request.form == "zarr" or request.sizes):
        # Tasks look at what was written before, which machines without this disk do not have.
        raise GazeError(
            "workers of a scheduler write neither zarr nor maps of --size to a store.",
            remedy="Leave out --scheduler, or give maps by --shards in another format.",
        )
    key = read_key(request.key_file) if request.key_file else None
    sources = sources_of(tables)
    duties = duties_of(sources, images=request.images is not None, text=request.text)
    machines: dict[str, Any] = {"workers": workers, "scheduler": scheduler}
    parallel = partial(map_tasks, workers=workers, scheduler=scheduler)
    with replacing_folder(out, "exports", mark=PROVENANCE) as folder:
        drawn = folder / ".drawn"  # for the time of the export
        sets = [(shards.resolve().name, shards) for shards in request.shards]
        kind = _kind_of_maps(associated) if request.sizes else "label"
        for text in request.sizes:
            size = parse_size(text)
            name = "{}-{}x{}".format(kind, *size) if size else text
            sized = override(params, size=text)
            counted = draw_heatmaps(tables, associated, drawn / name, kind, sized, **machines)
            if not counted["n_maps"]:
                message = f"--size draws {DRAWN[kind]} has gaze."
                raise GazeError(message, where=associated)
            sets.append((name, drawn / name))
        with_gaze = request.form == "bids"
        mentions, vocabulary = _mentions(tables, request)
        contents = gather(
            tables,
            associated,
            sets,
            key=key,
            text=request.text,
            fixations=with_gaze,
            mentions=mentions,
            scanpaths=request.scanpaths,
        )
        files = _write(contents, folder, request, parallel)
        counts = {f"{reason} left out": n for reason, n in contents.left_out.items()}
        if request.images is not None:
            tasks, planned = plan_images(tables, request.images, folder, key)
            written = parallel(write_image, tasks, description="images")
            counts |= count_images(written, planned, request.images)
            files.append(_images(contents, folder, request.form))
        made = provenance(
            contents,
            sources,
            duties,
            counts,
            form=request.form,
            threshold=request.cut,
            hashed=key is not None,
        )
        labels = (*contents.labels, *vocabulary)
        forbidden = _forbidden(tables, labels, request, contents.sets)
        write_json(made, folder / PROVENANCE)
        write_card(folder, contents, files, sources, made)
        shutil.rmtree(drawn, ignore_errors=True)
        _describe(folder, contents, files, sources, made, request.published_on(sources))
        faults = check_export(folder, forbidden)
        if faults:
            message = "the export would hold what nobody asked for; nothing was written."
            remedy = "Say --include-text or --include-images where it is meant."
            raise GazeError(message, where=out, remedy=remedy, faults=faults)
    return made


def _mentions(tables: Path, request: ExportRequest) -> tuple[pa.Table | None, tuple[str, ...]]:
    """Read the mentions, where they are asked for, and the names that their labels may have."""
    if request.annotations is None:
        return None, ()
    label_map = load_label_map(request.rules)
    readings = read_table(tables, "readings", ["reading_id", "text"])
    return read_mentions(request.annotations, readings, label_map), tuple(label_map.by_name)


def _kind_of_maps(associated: Path) -> Literal["label", "saliency"]:
    """Tell which maps a size is drawn of: all gaze where nobody named a label."""
    labels = read_table(associated, "windows", ["labels"])["labels"]
    return "label" if any(map(len, labels.to_pylist())) else "saliency"


def _write(
    contents: Contents, folder: Path, request: ExportRequest, parallel: Callable[..., Any]
) -> list[FileSet]:
    def map_parts(function: Callable[[Any], Any]) -> list[Any]:
        return list(parallel(function, contents.parts, description=request.form))

    if request.cut is not None:
        return as_coco.write(contents, folder, map_parts, parallel, threshold=request.cut)
    if request.form == "bids":
        return as_bids.write(contents, folder, _screens(contents))
    return list(OF_MAPS[request.form](contents, folder, map_parts))


def _images(contents: Contents, folder: Path, form: str) -> FileSet:
    if form == "hf":
        return as_hf.pack_images(contents, folder)
    return FileSet(PICTURES, f"{PICTURES}/*.png", "image/png", "Radiographs, by dicom_id")


def _screens(contents: Contents) -> dict[str, Screen]:
    """Find what the readers of each data set sat in front of, which BIDS asks for."""
    screens = {}
    for name in sorted(set(contents.tables["readings"]["dataset"].to_pylist())):
        screen = load_manifest(name).screen
        if screen is None or screen.sampling_hz is None:
            message = f"BIDS asks for the sampling rate, which the manifest of {name} does not say."
            raise GazeError(message, remedy="Add `sampling_hz` to its section `screen`.")
        screens[name] = screen
    return screens


def _describe(
    folder: Path,
    contents: Contents,
    files: Sequence[FileSet],
    sources: Sequence[Manifest],
    record: Mapping[str, Any],
    published_on: str | None,
) -> None:
    """Write what describes all files: Croissant, checksums."""
    shapes = {map_set.name: map_set.size for map_set in contents.sets}
    cited = " ".join(citation.text for citation in sources[0].citations)
    about = {
        "name": title_of(sources),
        "description": sources[0].description,
        "license": [source.licence.url or source.licence.name for source in sources],
        "version": record["made_by"]["gazescribe"],
        **({"citeAs": cited} if cited else {}),
        **({"url": sources[0].access.url} if sources[0].access.url else {}),
        **({"datePublished": published_on} if published_on else {}),
    }
    described = describe(folder, files, about, shapes)
    (folder / "croissant.json").write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    sums = [f"{sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in paths]
    (folder / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")


def _forbidden(
    tables: Path, labels: Sequence[str], request: ExportRequest, sets: Sequence[MapSet]
) -> Forbidden:
    """Find the dictations and ids of the sources, unless they were asked for."""
    columns = read_table(tables, "readings", ["text", *ID_COLUMNS]).to_pydict()
    texts = [] if request.text else [text for text in columns["text"] if text]
    ids: list[object] = []
    if request.key_file:
        for name in ID_COLUMNS:
            ids += [raw_id for raw_id in columns[name] if raw_id is not None]
    previews = (shown for map_set in sets for _, shown in shown_maps(map_set))
    pictures = request.images is None
    return forbid(texts, ids, labels, pictures=pictures, previews=previews)
