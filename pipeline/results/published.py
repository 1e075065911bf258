"""The papers' own figures, to stand beside ours: `data_manifests/published/*.yaml`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, Self, TypeVar

from gazescribe.pipeline.core.errors import ManifestError
from gazescribe.pipeline.core.resources import resource
from gazescribe.pipeline.core.yaml_files import Strict, read_yaml

Content = TypeVar("Content", bound=Strict)


class PublishedValue(Strict):
    """One published number, with its interval where that is known too."""

    value: float
    low: float | None = None
    high: float | None = None
    source: str


MapKind = Literal["decoder", "spatial", "gradcam"]
ByModel = dict[str, PublishedValue | None]


class Grid(Strict):
    """Values tried for a parameter, and the one taken."""

    tried: list[float]
    chosen: float


class Fraction(Strict):
    """The Ellipse model with a part of the annotated images."""

    iou: dict[float, PublishedValue]
    equals_et: PublishedValue


class PublishedNoise(Strict):
    """The ET model with mentions of one label degraded on purpose."""

    label: str
    iou: PublishedValue
    auroc: PublishedValue
    recall: PublishedValue
    precision: PublishedValue


class EgdCounts(Strict):
    """Images that could be used; readings whose gaze begins after a mention; Pneumothorax."""

    images: int
    gaze_begins_late: int
    pneumothorax: int


class PublishedMil(Strict):
    """Figures of Lanfredi et al. 2023; null where no public text has them."""

    paper: str
    doi: str
    sources: dict[str, str]
    table_1: dict[str, ByModel]
    table_3: dict[str, dict[str, int]]
    egd: EgdCounts
    table_5: dict[str, ByModel]
    maps: dict[str, MapKind]
    table_6: dict[str, ByModel]
    table_7: dict[str, ByModel]
    fraction: Fraction
    noise: PublishedNoise
    lambdas: dict[str, Grid]
    map_threshold: PublishedValue

    def beside(self, labels: Sequence[str], images: str, scored_by: Mapping[str, str]) -> Self:
        """Keep the figures that are of these labels, images and readings; itself where all are.

        Means over the labels are of all of the paper's labels or of none.
        """
        of_all = {*labels} == {*self.table_1}
        is_iou = dict(scored_by) == {"reflacx": "ellipse"}
        is_auroc = images == "mimic"
        if of_all and is_iou and is_auroc:
            return self
        means = {
            metric: figures
            for metric, figures in self.table_5.items()
            if of_all and (is_auroc if metric == "auroc" else is_iou)
        }
        iou = of_all and is_iou
        return self.model_copy(
            update={
                "table_1": {name: self.table_1[name] for name in labels if name in self.table_1}
                if is_auroc
                else {},
                "table_5": {"iou": {}, **means},
                "table_6": {name: self.table_6[name] for name in labels if name in self.table_6}
                if is_iou
                else {},
                "table_7": self.table_7 if iou else {},
                "maps": self.maps if is_iou else {},
                "fraction": self.fraction.model_copy(update={} if iou else {"iou": {}}),
            }
        )


class Spread(Strict):
    """A published mean over images and their population standard deviation."""

    value: float
    sd: float
    source: str


class Remarks(Strict):
    """Remarks on the published figures, for the notes of a table."""

    table_1: list[str]
    table_2: list[str]


class PublishedCooperative(Strict):
    """Figures of Qiu, Rivaz, Xiao 2025."""

    paper: str
    doi: str
    n_test: int
    sources: dict[str, str]
    table_1: dict[str, dict[str, PublishedValue]]
    averaging: dict[str, Literal["macro", "micro"]]
    table_2: dict[str, dict[str, Spread]]
    remarks: Remarks


def load_published(name: str, model: type[Content], folder: Path | None = None) -> Content:
    """Read the figures of one paper; refuse a file that does not say what it must, all at once."""
    folder = folder or resource("data_manifests") / "published"
    return read_yaml(folder / f"{name}.yaml", model, ManifestError)
