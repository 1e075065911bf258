"""The score tables of both networks."""

import pyarrow as pa

from gazescribe.pipeline.core.columns import COUNT, ID, NUMBER, PIXELS, RUN, column, table
from gazescribe.pipeline.core.values import MIL_DATASETS, MIL_MAPS, SALIENCY_MAPS

SCORE_TABLES = [
    table(
        "mil_classification",
        ("run", "dataset", "split", "dicom_id", "reading_id", "label"),
        "What one run of the multiple-instance network says of one label of one image",
        [
            *RUN,
            column("dataset", ID, f"Where the label comes from: {', '.join(MIL_DATASETS)}"),
            column("split", ID, "validate or test"),
            column("dicom_id", ID, "Image"),
            column("subject_id", NUMBER, "MIMIC subject"),
            column("reading_id", ID, "REFLACX reading; null for mimic", null=True),
            column("label", ID, "Channel"),
            column("probability", pa.float64(), "Of the label, 0 to 1"),
            column("target", pa.bool_(), "The image has the label"),
        ],
        "classification",
    ),
    table(
        "mil_localisation",
        ("run", "split", "reading_id", "label", "map"),
        "How one map of one run fits the ellipses of one label in one reading",
        [
            *RUN,
            column("split", ID, "validate or test"),
            column("reading_id", ID, "REFLACX reading whose reader drew the label"),
            column("dicom_id", ID, "Image"),
            column("subject_id", NUMBER, "MIMIC subject"),
            column("label", ID, "Channel"),
            column("map", ID, ", ".join(MIL_MAPS)),
            column("iou", pa.list_(pa.float32()), "For each threshold of scores.json"),
            column("hit", pa.bool_(), "Most of the map's maximum lies inside (pointing game)"),
            column("area_px", PIXELS, "Of the ellipses", unit="model px"),
        ],
        "localisation",
    ),
    table(
        "cooperative_classification",
        ("run", "split", "dicom_id"),
        "What one run of the cooperative network or a baseline diagnoses in one image",
        [
            *RUN,
            column("fold", COUNT, "Held-out fold of a cross-validation", null=True),
            column("split", ID, "validate or test"),
            column("dicom_id", ID, "Image"),
            column("subject_id", NUMBER, "MIMIC subject"),
            column("target", ID, "Diagnosis"),
        ],
        "classification",
        column("p_", pa.float64(), "Probability of"),
    ),
    table(
        "cooperative_saliency",
        ("run", "split", "reading_id", "map", "pixels"),
        "How one map fits where the reader of one image looked",
        [
            *RUN,
            column("fold", COUNT, "Held-out fold of a cross-validation", null=True),
            column("split", ID, "validate or test"),
            column("dicom_id", ID, "Image"),
            column("subject_id", NUMBER, "MIMIC subject"),
            column("reading_id", ID, "EGD reading whose gaze is the target"),
            column("map", ID, ", ".join(SALIENCY_MAPS)),
            column("pixels", ID, "valid: those of the image; all: the padding around it, too"),
            column("kl", pa.float64(), "Divergence from the target", unit="nat", null=True),
            column("cc", pa.float64(), "Correlation with the target", null=True),
            column("hs", pa.float64(), "Histogram similarity", null=True),
            column("sim", pa.float64(), "SIM of the MIT benchmark", null=True),
            column("nss", pa.float64(), "Normalised scan-path saliency", null=True),
            column("auc_judd", pa.float64(), "Against all other pixels", null=True),
            column("auc_shuffled", pa.float64(), "Against gaze on other images", null=True),
            column(
                "information_gain",
                pa.float64(),
                "Over the centre prior, a fixation",
                unit="bit",
                null=True,
            ),
            column(
                "information_gain_mean",
                pa.float64(),
                "Over the mean of the training maps, a fixation",
                unit="bit",
                null=True,
            ),
        ],
        "saliency",
    ),
]
