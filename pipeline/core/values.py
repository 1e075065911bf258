"""The words that columns of tables may hold, and settings ask for. The only definition."""

POLARITIES = ("positive", "negative", "uncertain")
STATES = (*POLARITIES, "not_mentioned")
SPLITS = ("train", "validate", "test")
DATASETS = ("reflacx", "egd")
OF_MIMIC = ("reflacx", "egd", "mimic", "mimic-cxr-jpg")
"""Data sets of MIMIC-CXR's images and subjects; for the networks the last is `mimic`."""
WINDOW_KINDS = ("sentence", "mention", "report", "reading")
WINDOW_STATUSES = ("ok", "empty", "reversed")
HEATMAP_KINDS = ("label", "report", "saliency", "ellipse")
WINDOWS_OF = {"label": ("sentence", "mention"), "report": ("report",), "saliency": ("reading",)}
"""Kinds of windows that maps of a kind are drawn from."""
MIL_DATASETS = ("mimic", "reflacx")
MIL_MAPS = ("decoder", "spatial", "gradcam")
DIAGNOSES = ("normal", "chf", "pneumonia")
SALIENCY_MAPS = ("saliency", "gradcam", "centre", "mean", "deepgaze")
SALIENCY_PIXELS = ("valid", "all")
CHEXPERT_LABELS = (
    "Atelectasis",
    "Cardiomegaly",
    "Consolidation",
    "Edema",
    "Enlarged Cardiomediastinum",
    "Fracture",
    "Lung Lesion",
    "Lung Opacity",
    "No Finding",
    "Pleural Effusion",
    "Pleural Other",
    "Pneumonia",
    "Pneumothorax",
    "Support Devices",
)
