"""What a page says of sharing it: as much as the sources ask, and no more."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.export.about import sources_of
from gazescribe.pipeline.sources.manifests import Manifest
from gazescribe.pipeline.sources.table_manifests import OwnManifest


@dataclass(frozen=True)
class Notice:
    """What a page says at its head, with its first words set off, and at its foot."""

    strength: int  # pages about several data sets carry the strongest notice
    mark: str  # the words set off
    head: str  # what follows them
    foot: str


_HOLD = "These pages hold radiographs, dictations and gaze of single readings."
SYNTHETIC = Notice(
    0,
    "All synthetic:",
    "nobody was read or measured.",
    "All synthetic: nobody was read or measured. Say so wherever these pages are shown.",
)
OPEN = Notice(
    1,
    "Single readings.",
    "Cite the data set, and keep to its licence.",
    f"{_HOLD} The licence of the data set says how they may be shared.",
)
UNKNOWN = Notice(
    2,
    "Keep local",
    "unless its licence, which is not known here, lets you share it.",
    f"{_HOLD} Under which licence the data came is not known here: share them only if you may.",
)
AGREEMENT = Notice(
    3,
    "Keep local.",
    "Under a data use agreement; do not share this page.",
    f"{_HOLD} They fall under the data use agreement of the data set: keep them local, and share"
    " neither pages nor screenshots.",
)


def notice_of(tables: Iterable[Path]) -> Notice:
    """Choose the notice for ingested folders: the strongest that one of their sources asks for.

    It is `AGREEMENT` where there are no folders.
    """
    notices = []
    for folder in tables:
        try:
            notices += [_of_source(manifest) for manifest in sources_of(folder)]
        except ManifestError:  # a data set of one's own whose manifest lies elsewhere
            notices.append(UNKNOWN)
    return max(notices, key=lambda notice: notice.strength, default=AGREEMENT)


def _of_source(manifest: Manifest) -> Notice:
    if manifest.name == "demo":
        return SYNTHETIC
    if manifest.licence == OwnManifest.model_fields["licence"].default:
        return UNKNOWN
    return OPEN if manifest.licence.redistributable else AGREEMENT
