"""What the CheXpert labeler would have said of an image's report: 14 columns, four states.

Source: spec REFLACX B2: states 1, 0, -1 or blank, and how often each label is denied.
"""

import numpy as np

from gazescribe.pipeline.core.schemas import CHEXPERT_LABELS
from gazescribe.pipeline.demo.cases import Case

DENIED_PERCENT: dict[str, float] = {  # of studies (B2)
    "Atelectasis": 0.4,
    "Cardiomegaly": 7.0,
    "Consolidation": 3.5,
    "Edema": 11.1,
    "Enlarged Cardiomediastinum": 2.3,
    "Fracture": 0.4,
    "Lung Lesion": 0.4,
    "Lung Opacity": 1.3,
    "Pleural Effusion": 11.9,
    "Pleural Other": 0.1,
    "Pneumonia": 10.7,
    "Pneumothorax": 18.5,
    "Support Devices": 1.4,
}
MEANS: dict[str, dict[str, float]] = {  # chance that a finding is reported under a label
    "acute fracture & fracture": {"Fracture": 1.0},
    "airway wall thickening": {},
    "atelectasis": {"Atelectasis": 1.0, "Lung Opacity": 0.3},
    "consolidation": {"Consolidation": 1.0, "Lung Opacity": 0.5, "Pneumonia": 0.5},
    "enlarged cardiac silhouette": {"Cardiomegaly": 1.0},
    "enlarged hilum": {},
    "groundglass opacity": {"Lung Opacity": 1.0, "Pneumonia": 0.3},
    "hiatal hernia": {},
    "high lung volume - emphysema & emphysema": {},
    "interstitial lung disease & fibrosis": {"Lung Opacity": 1.0},
    "mass": {"Lung Lesion": 1.0},
    "nodule": {"Lung Lesion": 1.0},
    "pleural effusion": {"Pleural Effusion": 1.0},
    "pleural thickening": {"Pleural Other": 1.0},
    "pneumothorax": {"Pneumothorax": 1.0},
    "pulmonary edema": {"Edema": 1.0, "Lung Opacity": 0.2},
    "support devices": {"Support Devices": 1.0},
    "wide mediastinum & abnormal mediastinum contour": {"Enlarged Cardiomediastinum": 1.0},
}
UNCERTAIN_UP_TO = 3  # certainty of a lesion whose report hedges


def chexpert_labels(case: Case) -> dict[str, int | None]:
    """Label a study from what its image shows.

    Parameters
    ----------
    case : Case
        Its study id seeds what the image leaves open, so that every table says the same.

    Returns
    -------
    dict of str to int or None
        1 positive, 0 negative, -1 uncertain, None not mentioned; in the order of `CHEXPERT_LABELS`.
        `No Finding` is 1 where nothing but devices is positive or uncertain and no finding without
        a column (hernia, emphysema) is there.
    """
    rng = np.random.default_rng(case.study_id)
    states: dict[str, int | None] = dict.fromkeys(CHEXPERT_LABELS)
    for lesion in case.lesions:
        for label, chance in MEANS[lesion.finding].items():
            state = -1 if lesion.certainty <= UNCERTAIN_UP_TO else 1
            if rng.random() < chance:
                states[label] = max(states[label] or state, state)
    normal = not any(lesion.finding != "support devices" for lesion in case.lesions)
    if normal:
        states["No Finding"] = 1
    for label, percent in DENIED_PERCENT.items():
        # A healthy chest has more denied: what is denied over all, said of the images without it.
        if states[label] is None and rng.random() < 2 * percent / 100:
            states[label] = 0
    return states
