"""How each finding looks: the density that its lesion adds to a chest film.

A lesion is drawn in the frame of its ellipse: (p, q) is (-1 .. 1) across and down inside it.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from gazescribe.pipeline.demo.cases import Lesion
from gazescribe.pipeline.demo.chest import Chest, Plane, blobs

MARGIN = 1.35  # how far beyond its ellipse a lesion may reach, in radii


@dataclass(frozen=True)
class Patch:
    """The surroundings of a lesion, each array of the patch's shape.

    `p`, `q` and `r` are ellipse coordinates, `lateral` is +1 towards the chest wall, `lung` is the
    share of aerated lung and `vessels` the density of vessels already drawn.
    """

    p: Plane
    q: Plane
    r: Plane
    lateral: int
    lung: Plane
    vessels: Plane
    rng: np.random.Generator

    def blobs(self, cells: int) -> Plane:
        """Give smooth noise of about `cells` lumps across the patch; it draws from `rng`."""
        return blobs(self.r.shape, cells, self.rng)


def add_lesion(chest: Chest, lesion: Lesion, rng: np.random.Generator) -> None:
    """Add one lesion to a chest's density, in place.

    Its finding chooses the look, its certainty how plain it is; `rng` is its own stream.
    """
    height, width = chest.density.shape
    spans = (
        _span(lesion.y * height, lesion.ry * height, height),
        _span(lesion.x * width, lesion.rx * width, width),
    )
    if any(span.start == span.stop for span in spans):
        return
    rows, columns = (np.arange(span.start, span.stop, dtype=np.float32) for span in spans)
    p = (columns[None, :] + 0.5 - lesion.x * width) / max(lesion.rx * width, 1.5)
    q = (rows[:, None] + 0.5 - lesion.y * height) / max(lesion.ry * height, 1.5)
    r = np.sqrt(p**2 + q**2)
    p, q = np.broadcast_to(p, r.shape), np.broadcast_to(q, r.shape)
    lateral = -1 if lesion.side == "right" or (lesion.side == "middle" and lesion.x < 0.5) else 1
    patch = Patch(p, q, r, lateral, chest.aerated[spans], chest.vessels[spans], rng)
    plain = 0.55 + 0.09 * lesion.certainty
    chest.density[spans] += (plain * LOOKS[lesion.finding](patch)).astype(np.float32)


def _span(centre_px: float, radius_px: float, size_px: int) -> slice:
    reach = MARGIN * max(radius_px, 1.5)
    start = min(max(math.floor(centre_px - reach), 0), size_px)
    return slice(start, min(max(math.ceil(centre_px + reach), start), size_px))


def _falling(steps: Plane) -> Plane:
    """Fall from 1 to 0 as the argument rises through 0 (the logistic curve, turned)."""
    curve: Plane = 1 / (1 + np.exp(steps))
    return curve


def _bell(away: Plane) -> Plane:
    """Give 1 at 0, falling to both sides (a Gaussian without its constant)."""
    curve: Plane = np.exp(-(away**2))
    return curve


def _inside(patch: Patch, softness: float) -> Plane:
    """Give 1 inside the ellipse, falling to 0 across its edge."""
    return _falling((patch.r - 1 + softness) * (3 / softness))


def _edema(patch: Patch) -> Plane:
    haze = _bell(1.14 * patch.r) * (0.24 + 0.05 * patch.blobs(9))
    kerley = _bell(patch.blobs(26) * 2.2) * _inside(patch, 0.3)
    return patch.lung * (haze + 0.09 * kerley)


def _haze(patch: Patch) -> Plane:
    return patch.lung * _inside(patch, 0.35) * (0.17 + 0.025 * patch.blobs(12))


def _consolidation(patch: Patch) -> Plane:
    ragged = patch.r + 0.14 * patch.blobs(6)
    airless = _falling((ragged - 0.82) * 9)
    bronchi = _bell(patch.blobs(9) * 4)
    return patch.lung * airless * (0.36 + 0.04 * patch.blobs(8) - 0.09 * bronchi)


def _atelectasis(patch: Patch) -> Plane:
    plates = np.zeros_like(patch.r)
    for _ in range(3):
        height, slope, bend = patch.rng.uniform((-0.5, -0.3, -0.2), (0.5, 0.3, 0.2))
        plate = patch.q - height - slope * patch.p - bend * patch.p**2
        plates = np.maximum(plates, _bell(plate * 7))
    ends = _falling((np.abs(patch.p) - 0.85) * 14)
    return patch.lung * ends * (0.26 * plates + 0.08 * _inside(patch, 0.4))


def _effusion(patch: Patch) -> Plane:
    # The fluid's surface climbs along the chest wall.
    surface = -0.25 - 0.85 * np.clip(patch.lateral * patch.p + 0.1, 0, 1.2) ** 2
    ends = _falling((np.abs(patch.p) - 1.1) * 14)
    return patch.lung * ends * 0.62 * _falling((surface - patch.q) * 14)


def _pleural(patch: Patch) -> Plane:
    rim = 4 * patch.lung * (1 - patch.lung)
    peel: Plane = np.clip(patch.lateral * patch.p - 0.25, 0, 1) * patch.lung
    return _inside(patch, 0.2) * (0.30 * rim + 0.32 * peel)


def _pneumothorax(patch: Patch) -> Plane:
    # The edge of the collapsed lung faces the middle and the base; beyond it there is only air.
    free_air = _inside(patch, 0.06) * patch.lung
    facing: Plane = np.clip(1.1 - 1.6 * patch.lateral * patch.p + 0.7 * patch.q, 0, 1)
    line = _bell((patch.r - 0.97) * 30) * facing * patch.lung
    return 0.20 * line - free_air * (0.10 + 0.95 * patch.vessels)


def _solid(patch: Patch, density: float, softness: float) -> Plane:
    """Draw an even body: nodule, heart or mediastinum grown into the lung."""
    return patch.lung * density * _inside(patch, softness)


def _mass(patch: Patch) -> Plane:
    lobed = patch.r + 0.07 * patch.blobs(5)
    return patch.lung * 0.44 * _falling((lobed - 0.92) * 16)


def _hilum(patch: Patch) -> Plane:
    lobed = patch.r + 0.15 * patch.blobs(5)
    return (0.25 + 0.75 * patch.lung) * 0.26 * _falling((lobed - 0.85) * 8)


def _hernia(patch: Patch) -> Plane:
    content: Plane = np.where(patch.q < -0.05, 0.02, 0.26)  # gas above, fluid below
    return _inside(patch, 0.08) * content + 0.10 * _bell((patch.r - 0.93) * 16)


def _fracture(patch: Patch) -> Plane:
    """Draw a rib with a step: the two ends no longer meet."""
    along, across = patch.p + 0.35 * patch.q, patch.q - 0.35 * patch.p
    step = np.where(along < 0, across - 0.22, across + 0.22)
    bone = _bell(step * 4.5) * _inside(patch, 0.15)
    gap = _bell(along * 9) * _inside(patch, 0.2)
    return 0.34 * bone - 0.30 * gap


def _device(patch: Patch) -> Plane:
    """Draw a catheter that comes from the top and curls, with its metal tip."""
    path = 0.55 * np.sin(1.4 * patch.q + 0.4) * patch.lateral
    tube = _bell((patch.p - path) * 13) * (np.abs(patch.q) < 0.97)
    tip = _bell(8 * np.hypot(patch.p - path, patch.q - 0.93))
    return 0.45 * tube + 0.7 * tip


def _emphysema(patch: Patch) -> Plane:
    return -patch.lung * _inside(patch, 0.35) * (0.09 + 0.7 * patch.vessels)


def _fibrosis(patch: Patch) -> Plane:
    net = _bell(patch.blobs(40) * 2.4) + _bell(patch.blobs(26) * 3)
    return patch.lung * _inside(patch, 0.3) * (0.04 + 0.13 * net)


def _airway_wall(patch: Patch) -> Plane:
    """Draw tram lines and a ring."""
    away = np.abs(patch.q - 0.3 * patch.p)
    tram = _bell((away - 0.22) * 14) * _inside(patch, 0.2)
    ring = _bell((np.hypot(patch.p + 0.4, patch.q + 0.55) - 0.22) * 18)
    return patch.lung * 0.28 * np.maximum(tram, ring)


def _fold(patch: Patch) -> Plane:
    """Draw a fold of skin or gown: an edge, brighter on one side."""
    edge = patch.p + 0.5 * patch.q
    return 0.16 * np.clip(1 - np.abs(edge - 0.4) * 2.2, 0, 1) * (edge < 0.4) * _inside(patch, 0.2)


LOOKS: dict[str, Callable[[Patch], Plane]] = {
    "acute fracture & fracture": _fracture,
    "airway wall thickening": _airway_wall,
    "atelectasis": _atelectasis,
    "consolidation": _consolidation,
    "enlarged cardiac silhouette": partial(_solid, density=0.58, softness=0.10),
    "enlarged hilum": _hilum,
    "groundglass opacity": _haze,
    "hiatal hernia": _hernia,
    "high lung volume - emphysema & emphysema": _emphysema,
    "interstitial lung disease & fibrosis": _fibrosis,
    "lung nodule or mass": _mass,
    "mass": _mass,
    "nodule": partial(_solid, density=0.36, softness=0.16),
    "pleural abnormality": _pleural,
    "pleural effusion": _effusion,
    "pleural thickening": _pleural,
    "pneumothorax": _pneumothorax,
    "pulmonary edema": _edema,
    "quality issue": _fold,
    "support devices": _device,
    "wide mediastinum & abnormal mediastinum contour": partial(_solid, density=0.45, softness=0.10),
}
