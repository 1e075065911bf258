"""The ten labels of Lanfredi et al. 2023, in channel order (spec: Section 2.6, Table 1).

`rules/labels.yaml` says the same for the labeler; a test keeps the two equal. This copy exists so
that `models/` can name its channels on a machine that has no rules folder and no YAML reader.
"""

TEN_LABELS: tuple[str, ...] = (
    "Edema",
    "Opacity",
    "Pneumothorax",
    "Pleural abnormality",
    "Lung Lesion",
    "Atelectasis",
    "Consolidation",
    "Fracture",
    "Cardiomegaly",
    "Abnormal Mediastinum Contour",
)
