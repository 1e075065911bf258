"""Cases of the window search with numbers that can be checked by hand."""

import numpy as np

from gazescribe.pipeline.windows.tune.cases import Case, Spoken

IMAGE_SIZE = (64, 48)
EDEMA = (Spoken(1, 6.0, 8.0, ("Edema",)),)


def case(
    spoken=EDEMA,
    onset_s=(0.0, 3.0, 5.0, 7.5),
    offset_s=(2.0, 4.5, 7.0, 9.0),
    boxes=None,
    **changes,
):
    """Three sentences, [0, 4], [5, 9], [10, 13]; the second says edema from 6 to 8 s."""
    n = len(onset_s)
    random = np.random.default_rng(n)
    height, width = IMAGE_SIZE
    gaussians = {
        "window": np.zeros(n, int),
        "fixation": np.arange(n),
        "x_px": random.uniform(0, width, n),
        "y_px": random.uniform(0, height, n),
        "sigma_x_px": np.full(n, 4.0),
        "sigma_y_px": np.full(n, 5.0),
        "weight_s": np.ones(n),
        "clip_xmin_px": np.zeros(n, int),
        "clip_ymin_px": np.zeros(n, int),
        "clip_xmax_px": np.full(n, width),
        "clip_ymax_px": np.full(n, height),
        "onset_s": np.array(onset_s, float),
        "offset_s": np.array(offset_s, float),
    }
    fields = {
        "reading_id": "R1",
        "subject_id": 99000001,
        "dicom_id": "image 1",
        "image_size": IMAGE_SIZE,
        "gaussians": gaussians,
        "sentences": {
            "onset_s": np.array([0.0, 5.0, 10.0]),
            "offset_s": np.array([4.0, 9.0, 13.0]),
        },
        "spoken": tuple(spoken),
        "report_s": 13.0,
        "boxes": {"Edema": [(10.0, 10.0, 30.0, 40.0)]} if boxes is None else boxes,
    }
    return Case(**(fields | changes))
