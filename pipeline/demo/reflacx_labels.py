"""Labels of REFLACX readings: the columns of each phase, ellipses, certainties, flags.

Source: spec REFLACX A5.1, A5.2, A10.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from gazescribe.pipeline.demo.cases import Lesion
from gazescribe.pipeline.demo.reflacx_plan import ReadingPlan

NOT_GRADED = frozenset(("Other", "Quality issue", "Support devices"))
COLUMNS: dict[str, tuple[str | None, str | None]] = {  # by class: in phase 1, in phases 2 and 3
    "acute fracture & fracture": ("Fracture", "Acute fracture"),
    "airway wall thickening": ("Airway wall thickening", None),
    "atelectasis": ("Atelectasis", "Atelectasis"),
    "consolidation": ("Consolidation", "Consolidation"),
    "enlarged cardiac silhouette": ("Enlarged cardiac silhouette", "Enlarged cardiac silhouette"),
    "enlarged hilum": (None, "Enlarged hilum"),
    "groundglass opacity": ("Groundglass opacity", "Groundglass opacity"),
    "hiatal hernia": (None, "Hiatal hernia"),
    "high lung volume - emphysema & emphysema": ("Emphysema", "High lung volume / emphysema"),
    "interstitial lung disease & fibrosis": ("Fibrosis", "Interstitial lung disease"),
    "mass": ("Mass", "Lung nodule or mass"),
    "nodule": ("Nodule", "Lung nodule or mass"),
    "pleural effusion": ("Pleural effusion", "Pleural abnormality"),
    "pleural thickening": ("Pleural thickening", "Pleural abnormality"),
    "pneumothorax": ("Pneumothorax", "Pneumothorax"),
    "pulmonary edema": ("Pulmonary edema", "Pulmonary edema"),
    "support devices": ("Support devices", "Support devices"),
    "wide mediastinum & abnormal mediastinum contour": (
        "Wide mediastinum",
        "Abnormal mediastinal contour",
    ),
}
OTHER_ITEMS = ("elevated hemidiaphragm", "rib deformity")
OTHER_COMMA = "scoliosis, mild"


def labels_of(phase: int) -> list[str]:
    """Name the label columns of a phase, by the alphabet (A5.1)."""
    names = {"Other", "Quality issue"} if phase == 1 else {"Other"}  # columns of no finding
    for columns in COLUMNS.values():
        name = columns[phase > 1]
        if name is not None:
            names.add(name)
    return sorted(names)


EllipseRow = tuple[tuple[int, ...], int, frozenset[str]]


def ellipses_of(plan: ReadingPlan, lesions: Sequence[Lesion]) -> list[EllipseRow]:
    """Draw the ellipses of what the reader saw: box in whole pixels, certainty, labels.

    One row where an ellipse has several labels; devices are drawn only as an edge case.
    """
    size_px = plan.case.width_px, plan.case.height_px
    rows: dict[tuple[int, ...], tuple[int, set[str]]] = {}
    for lesion in lesions:
        column = COLUMNS[lesion.finding][plan.phase > 1]
        drawn = column not in NOT_GRADED or "device ellipse" in plan.edge_cases
        if column is None or not drawn:
            continue
        key = tuple(np.rint(lesion.box_px(*size_px)).astype(int).tolist())
        certainty, named = rows.get(key, (0, set()))
        rows[key] = max(certainty, lesion.certainty), named | {column}
    if "ellipse outside" in plan.edge_cases and rows:
        key = next(iter(rows))
        rows[-7, key[1], key[2], size_px[1] + 9] = rows.pop(key)
    ellipses = [(box, certainty, frozenset(named)) for box, (certainty, named) in rows.items()]
    return sorted(ellipses, key=lambda row: min(row[2]))


def label_cells(
    plan: ReadingPlan, lesions: Sequence[Lesion], ellipses: Sequence[EllipseRow], complaint: bool
) -> dict[str, Any]:
    """Fill the label columns of the metadata: a certainty, a flag, or free text (A5.2).

    A label's certainty is the most of its `ellipses`', from `ellipses_of`. `complaint` says whether
    the reader of phase 1 found the image bad.
    """
    cells: dict[str, Any] = dict.fromkeys(labels_of(plan.phase), 0)
    for name in NOT_GRADED & set(cells):
        cells[name] = False
    for _, certainty, named in ellipses:
        for name in named - NOT_GRADED:
            cells[name] = max(cells[name], certainty)
    findings = {lesion.finding for lesion in lesions}
    # The makers' program writes False where a device was drawn (A5.2).
    cells["Support devices"] = "support devices" in findings and not any(
        "Support devices" in named for *_, named in ellipses
    )
    if plan.phase == 1:
        cells["Quality issue"] = complaint
    cells["Other"] = "|".join(_other(plan, findings))
    if "left-over certainty" in plan.edge_cases:
        absent = [name for name, value in cells.items() if value == 0 and name not in NOT_GRADED]
        cells[absent[0]] = -1
    return cells


def _other(plan: ReadingPlan, findings: set[str]) -> list[str]:
    """List findings without a column, and what else a reader may have noted."""
    items = sorted(name for name in findings if COLUMNS[name][plan.phase > 1] is None)
    if "other list" in plan.edge_cases:
        items += OTHER_ITEMS
    if "other comma" in plan.edge_cases:
        items.append(OTHER_COMMA)
    return items
