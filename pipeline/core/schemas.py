"""Every table of the pipeline: columns, types, nullability, units, meaning. The only definition.

Times are seconds (float64) from the start of the reading's audio. Pixels are the original image's,
origin at the centre of the top-left pixel, x right, y down. Unknown is null, never -1.
The same words land in the Parquet files: per column as field metadata (`unit`, `description`), per
file as `schema_version` and `table`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pyarrow as pa

SCHEMA_VERSION = "1"

POLARITIES = ("positive", "negative", "uncertain")
STATES = (*POLARITIES, "not_mentioned")
SPLITS = ("train", "validate", "test")
DATASETS = ("reflacx", "egd")
OF_MIMIC = ("reflacx", "egd", "mimic", "mimic-cxr-jpg")
"""Data sets of MIMIC-CXR's images and subjects; for the networks the last is `mimic`."""
WINDOW_KINDS = ("sentence", "mention", "report", "reading")
WINDOW_STATUSES = ("ok", "empty", "reversed")
HEATMAP_KINDS = ("label", "report", "saliency", "ellipse")
MIL_DATASETS = ("mimic", "reflacx")
MIL_MAPS = ("decoder", "spatial", "gradcam")
DIAGNOSES = ("normal", "chf", "pneumonia")
SALIENCY_MAPS = ("saliency", "gradcam", "centre", "mean")
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

ID = pa.string()
COUNT = pa.int32()
TIME = pa.float64()
PIXEL = pa.float64()
PIXELS = pa.int32()
NUMBER = pa.int64()


@dataclass(frozen=True)
class Table:
    """One table: its name, the columns that identify a row, its schema, and what a row is.

    The file is named as the table, unless `file` says otherwise. Where there is a `further` field,
    a file has more columns of that kind, whose names begin with its name.
    """

    name: str
    key: tuple[str, ...]
    schema: pa.Schema
    description: str
    file: str = ""
    further: pa.Field | None = None

    def widened(self, names: Iterable[str]) -> "Table":
        """Give the table with the further ones among these columns, in their order."""
        if self.further is None:
            return self
        prefix, schema = self.further.name, self.schema
        about = self.further.metadata[b"description"].decode()
        for name in names:
            if name.startswith(prefix) and name not in schema.names:
                metadata = {"description": f"{about} {name.removeprefix(prefix)}"}
                schema = schema.append(self.further.with_name(name).with_metadata(metadata))
        return replace(self, schema=schema)

    @property
    def columns(self) -> list[str]:
        """Column names in order."""
        return list(self.schema.names)


TABLES: dict[str, Table] = {}  # filled below, in the order of the pipeline


def _column(
    name: str, kind: pa.DataType, description: str, *, unit: str = "", null: bool = False
) -> pa.Field:
    metadata = {"description": description}
    if unit:
        metadata["unit"] = unit
    return pa.field(name, kind, nullable=null, metadata=metadata)


def _table(
    name: str,
    key: tuple[str, ...],
    description: str,
    columns: list[pa.Field],
    file: str = "",
    further: pa.Field | None = None,
) -> None:
    metadata = {"table": name, "schema_version": SCHEMA_VERSION, "description": description}
    schema = pa.schema(columns, metadata=metadata)
    TABLES[name] = Table(name, key, schema, description, file, further)


def _box(prefix: str, description: str, kind: pa.DataType = PIXEL, *, null: bool) -> list[pa.Field]:
    return [
        _column(f"{prefix}{side}_px", kind, f"{description}: {side}", unit="px", null=null)
        for side in ("xmin", "ymin", "xmax", "ymax")
    ]


_READING_ID = _column("reading_id", ID, "One reader looking at one image once")
_CHARS = [
    _column("char_start", COUNT, "First character in the reading's text", unit="character"),
    _column("char_end", COUNT, "One past the last character", unit="character"),
]
_RUN = [
    _column("run", ID, "Name of the run: <model>-seed<seed>"),
    _column("model", ID, "What was trained, seeds aside"),
    _column("seed", NUMBER, "Seed of the run", null=True),
]

_table(
    "readings",
    ("reading_id",),
    "One reader looking at one image once",
    [
        _READING_ID,
        _column("dataset", ID, f"Source: {', '.join(DATASETS)}"),
        _column("phase", COUNT, "REFLACX collection phase, 1 to 3", null=True),
        _column("dicom_id", ID, "Image; not a key, phases 1 and 2 have five readers an image"),
        _column("study_id", NUMBER, "MIMIC study", null=True),
        _column("subject_id", NUMBER, "MIMIC subject; splits never cut through one"),
        _column("split", ID, f"{', '.join(SPLITS)}, by subject, for the MIL network", null=True),
        _column(
            "egd_split",
            ID,
            "EGD's own split by subject, stratified by diagnosis, for the cooperative network",
            null=True,
        ),
        _column("width_px", PIXELS, "Width of the original image", unit="px", null=True),
        _column("height_px", PIXELS, "Height of the original image", unit="px", null=True),
        _column(
            "image_path",
            ID,
            "File below the folder of the radiographs, with or without suffix",
            null=True,
        ),
        _column("has_gaze", pa.bool_(), "False when the eye tracking was discarded or is absent"),
        _column("text", ID, "The dictation; every char_start and char_end counts in it", null=True),
        _column("diagnosis", ID, "EGD: normal, chf or pneumonia", null=True),
    ],
)
_table(
    "fixations",
    ("reading_id", "fixation"),
    "One fixation, in time order",
    [
        _READING_ID,
        _column("fixation", COUNT, "Number within the reading, from 0 in time order"),
        _column("onset_s", TIME, "Start", unit="s"),
        _column("offset_s", TIME, "End", unit="s"),
        _column("x_px", PIXEL, "Centre; may lie outside the image", unit="px"),
        _column("y_px", PIXEL, "Centre; may lie outside the image", unit="px"),
        _column("px_per_deg_x", PIXEL, "Image pixels a degree of visual angle", unit="px/deg"),
        _column("px_per_deg_y", PIXEL, "Image pixels a degree of visual angle", unit="px/deg"),
        *_box("shown_", "Part of the image on screen, null = all of it", null=True),
        _column("pupil_area_norm", PIXEL, "Pupil area over its mean at calibration", null=True),
    ],
)
_table(
    "words",
    ("reading_id", "word"),
    "One dictated word or punctuation mark",
    [
        _READING_ID,
        _column("word", COUNT, "Number within the reading, from 0 in spoken order"),
        _column("text", ID, "As written in the transcript"),
        _column("onset_s", TIME, "Start", unit="s"),
        _column("offset_s", TIME, "End; equal to the start for words of no length", unit="s"),
        *_CHARS,
        _column("sentence", COUNT, "Sentence that the word belongs to"),
    ],
)
_table(
    "sentences",
    ("reading_id", "sentence"),
    "One sentence: words up to a mark, written or spoken, or to a pause, or to the last word",
    [
        _READING_ID,
        _column("sentence", COUNT, "Number within the reading, from 0"),
        _column("onset_s", TIME, "Start of the first word", unit="s"),
        _column("offset_s", TIME, "End of the mark, or of the last word", unit="s"),
        *_CHARS,
    ],
)
_table(
    "samples",
    ("reading_id", "sample"),
    "One gaze sample of the tracker",
    [
        _READING_ID,
        _column("sample", COUNT, "Number within the reading, from 0 in time order"),
        _column("time_s", TIME, "When", unit="s"),
        _column("x_px", PIXEL, "Position; null when there is none", unit="px", null=True),
        _column("y_px", PIXEL, "Position; null when there is none", unit="px", null=True),
        _column("valid", pa.bool_(), "The tracker found an eye; EGD: and a fixation (FPOGV is 1)"),
        _column("inside", pa.bool_(), "The position lies on the image"),
    ],
)
_table(
    "certainties",
    ("reading_id", "label"),
    "How certain the reader was of a label of the data set",
    [
        _READING_ID,
        _column("label", ID, "The data set's own column name"),
        _column("certainty", COUNT, "0 absent … 5 certain; null: chosen, not stated", null=True),
    ],
)
_table(
    "ellipses",
    ("reading_id", "ellipse", "label"),
    "One label of one ellipse the reader drew",
    [
        _READING_ID,
        _column("ellipse", COUNT, "Number within the reading, from 0 in file order"),
        _column("label", ID, "The data set's own column name"),
        *_box("", "Ends of the axes; may lie outside the image", null=False),
        _column("certainty", COUNT, "1 unlikely … 5 certain"),
    ],
)
_table(
    "regions",
    ("reading_id", "region"),
    "A named box: the chest, or a structure of the anatomy",
    [
        _READING_ID,
        _column("region", ID, "chest, or the structure's name in the data set"),
        *_box("", "Box; may lie outside the image", null=False),
    ],
)
_table(
    "attributes",
    ("reading_id", "name"),
    "Anything else the data set says of a reading: flags, free text, findings",
    [
        _READING_ID,
        _column("name", ID, "The data set's own column name, or ours in lower case"),
        _column("value", ID, "As text; flags are true or false"),
    ],
)
_table(
    "mentions",
    ("report_id", "char_start", "char_end", "label"),
    "One label of one span of a report",
    [
        _column("report_id", ID, "The report; the reading for dictations"),
        *_CHARS,
        _column("label", ID, "Class of the labeler, lower case"),
        _column("concept", ID, "What was said: an entry of rules/"),
        _column("text", ID, "text[char_start:char_end]"),
        _column("sentence", COUNT, "Sentence of the report, from 0"),
        _column("polarity", ID, ", ".join(POLARITIES)),
        _column("rule_id", ID, "Rule that decided the polarity", null=True),
        _column("trigger", ID, "Words that made the rule fire", null=True),
        _column("onset_s", TIME, "Start of the first word that overlaps", unit="s", null=True),
        _column("offset_s", TIME, "End of the last word that overlaps", unit="s", null=True),
    ],
)
_table(
    "windows",
    ("reading_id", "window"),
    "A stretch of time whose gaze is drawn as one map",
    [
        _READING_ID,
        _column("window", COUNT, "Number within the reading, from 0"),
        _column("kind", ID, "sentence, mention, report (to the last word), reading (all gaze)"),
        _column("sentence", COUNT, "Sentence it belongs to", null=True),
        _column("char_start", COUNT, "First character of its text", unit="character", null=True),
        _column("char_end", COUNT, "One past its last character", unit="character", null=True),
        _column("start_s", TIME, "Start", unit="s"),
        _column("end_s", TIME, "End", unit="s"),
        _column("labels", pa.list_(pa.string()), "Channels mentioned in it, in channel order"),
        _column("n_mentions", pa.list_(COUNT), "Spans that mention it, for each of labels"),
        _column("n_uncertain", pa.list_(COUNT), "Of these uncertain, for each of labels"),
        _column("n_fixations", COUNT, "Fixations that overlap it", unit="count"),
        _column("gaze_s", TIME, "Summed overlap of these fixations", unit="s"),
        _column("status", ID, ", ".join(WINDOW_STATUSES)),
        _column("width_px", PIXELS, "Width of the original image", unit="px", null=True),
        _column("height_px", PIXELS, "Height of the original image", unit="px", null=True),
    ],
)
_table(
    "gaussians",
    ("reading_id", "window", "fixation"),
    "One fixation of one window: the lossless form of every heatmap",
    [
        _READING_ID,
        _column("window", COUNT, "Window of the reading"),
        _column("fixation", COUNT, "Fixation of the reading"),
        _column("x_px", PIXEL, "Centre", unit="px"),
        _column("y_px", PIXEL, "Centre", unit="px"),
        _column("sigma_x_px", PIXEL, "Standard deviation", unit="px"),
        _column("sigma_y_px", PIXEL, "Standard deviation", unit="px"),
        _column("weight_s", TIME, "Overlap of fixation and window", unit="s"),
        *_box(
            "clip_",
            "Pixels drawn, half open [min, max): the shown rectangle, rounded half to even,"
            " inside the image",
            PIXELS,
            null=False,
        ),
    ],
)
_table(
    "heatmaps",
    ("reading_id", "kind", "label"),
    "Index of the shards: one map",
    [
        _READING_ID,
        _column("kind", ID, ", ".join((*HEATMAP_KINDS, "gradcam"))),
        _column("label", ID, "Channel; empty for kinds that have none"),
        _column("dataset", ID, "Source"),
        _column("phase", COUNT, "REFLACX collection phase", null=True),
        _column("split", ID, ", ".join(SPLITS), null=True),
        _column("dicom_id", ID, "Image"),
        _column("shard", COUNT, "NNNNN of heatmaps-NNNNN.npy"),
        _column("row", COUNT, "Row of that shard"),
        _column("peak", PIXEL, "Largest window maximum at full size before division", null=True),
        _column("gaze_s", TIME, "Summed weights of its windows", unit="s", null=True),
        _column("n_fixations", COUNT, "Gaussians drawn", unit="count", null=True),
        _column("n_mentions", COUNT, "Mentions of the label in its windows", null=True),
        _column("n_uncertain", COUNT, "Of these, uncertain ones", null=True),
        _column("sigma_deg", PIXEL, "Standard deviation of the Gaussians", unit="deg", null=True),
        _column("amplitude", ID, "mass: unit volume; peak: unit height", null=True),
        _column("height", PIXELS, "Height of the map", unit="model px"),
        _column("width", PIXELS, "Width of the map", unit="model px"),
        _column("scale", PIXEL, "model = (image_px + 0.5)·scale + pad − 0.5"),
        _column("pad_x_px", PIXEL, "Left padding", unit="model px"),
        _column("pad_y_px", PIXEL, "Top padding", unit="model px"),
    ],
)
_table(
    "scores",
    ("rule", "label", "threshold"),
    "Mean IoU of one rule's maps of a label with the readers' own ellipses, at one threshold",
    [
        _column("rule", ID, "Name of the rule; windows as the published code names them"),
        _column("start", ID, "Rule for the window's start", null=True),
        _column("lag_s", TIME, "Delay of that rule", unit="s", null=True),
        _column("end", ID, "Rule for the window's end", null=True),
        _column("label", ID, "Channel"),
        _column("threshold", PIXEL, "Maps count where they are above it"),
        _column("iou", PIXEL, "Mean over cases; null where there is none", null=True),
        _column("n", COUNT, "Readings whose reader drew the label", unit="count"),
    ],
)
_table(
    "studies",
    ("study_id",),
    "One MIMIC study and its CheXpert labels as named states",
    [
        _column("study_id", NUMBER, "MIMIC study"),
        _column("subject_id", NUMBER, "MIMIC subject"),
        *[_column(name, ID, f"CheXpert label: {', '.join(STATES)}") for name in CHEXPERT_LABELS],
    ],
)
_table(
    "images",
    ("dicom_id",),
    "One image of the networks: frontal, the only frontal of its study, labelled",
    [
        _column("dicom_id", ID, "Image"),
        _column("study_id", NUMBER, "MIMIC study"),
        _column("subject_id", NUMBER, "MIMIC subject"),
        _column("view", ID, "PA or AP"),
        _column("width_px", PIXELS, "Width", unit="px", null=True),
        _column("height_px", PIXELS, "Height", unit="px", null=True),
        _column("split", ID, f"{', '.join(SPLITS)}, by subject, validation subjects moved"),
        _column("path", ID, "files/pNN/pSUBJECT/sSTUDY/DICOM without suffix"),
    ],
)
_table(
    "image_shards",
    ("dicom_id",),
    "One radiograph in the image shards: where it lies and how it was fitted",
    [
        _column("dicom_id", ID, "Image"),
        _column("study_id", NUMBER, "MIMIC study", null=True),
        _column("subject_id", NUMBER, "MIMIC subject"),
        _column("shard", COUNT, "Number of the file images-NNNNN.npy"),
        _column("row", COUNT, "Row in that file"),
        _column("height", PIXELS, "Height of the frame, model pixels", unit="px"),
        _column("width", PIXELS, "Width of the frame, model pixels", unit="px"),
        _column("scale", PIXEL, "Model pixels an image pixel"),
        _column("pad_x_px", PIXEL, "Empty model pixels left of the image", unit="px"),
        _column("pad_y_px", PIXEL, "Empty model pixels above the image", unit="px"),
        _column("image_width_px", PIXELS, "Width of the file's image", unit="px"),
        _column("image_height_px", PIXELS, "Height of the file's image", unit="px"),
    ],
)
_table(
    "mil_classification",
    ("run", "dataset", "split", "dicom_id", "reading_id", "label"),
    "What one run of the multiple-instance network says of one label of one image",
    [
        *_RUN,
        _column("dataset", ID, f"Where the label comes from: {', '.join(MIL_DATASETS)}"),
        _column("split", ID, "validate or test"),
        _column("dicom_id", ID, "Image"),
        _column("subject_id", NUMBER, "MIMIC subject"),
        _column("reading_id", ID, "REFLACX reading; null for mimic", null=True),
        _column("label", ID, "Channel"),
        _column("probability", pa.float64(), "Of the label, 0 to 1"),
        _column("target", pa.bool_(), "The image has the label"),
    ],
    "classification",
)
_table(
    "mil_localisation",
    ("run", "split", "reading_id", "label", "map"),
    "How one map of one run fits the ellipses of one label in one reading",
    [
        *_RUN,
        _column("split", ID, "validate or test"),
        _column("reading_id", ID, "REFLACX reading whose reader drew the label"),
        _column("dicom_id", ID, "Image"),
        _column("subject_id", NUMBER, "MIMIC subject"),
        _column("label", ID, "Channel"),
        _column("map", ID, ", ".join(MIL_MAPS)),
        _column("iou", pa.list_(pa.float32()), "For each threshold of scores.json"),
        _column("hit", pa.bool_(), "Most of the map's maximum lies inside (pointing game)"),
        _column("area_px", PIXELS, "Of the ellipses", unit="model px"),
    ],
    "localisation",
)
_table(
    "cooperative_classification",
    ("run", "split", "dicom_id"),
    "What one run of the cooperative network or a baseline diagnoses in one image",
    [
        *_RUN,
        _column("fold", COUNT, "Held-out fold of a cross-validation", null=True),
        _column("split", ID, "validate or test"),
        _column("dicom_id", ID, "Image"),
        _column("subject_id", NUMBER, "MIMIC subject"),
        _column("target", ID, "Diagnosis"),
    ],
    "classification",
    _column("p_", pa.float64(), "Probability of"),
)
_table(
    "cooperative_saliency",
    ("run", "split", "reading_id", "map", "pixels"),
    "How one map fits where the reader of one image looked",
    [
        *_RUN,
        _column("fold", COUNT, "Held-out fold of a cross-validation", null=True),
        _column("split", ID, "validate or test"),
        _column("dicom_id", ID, "Image"),
        _column("subject_id", NUMBER, "MIMIC subject"),
        _column("reading_id", ID, "EGD reading whose gaze is the target"),
        _column("map", ID, ", ".join(SALIENCY_MAPS)),
        _column("pixels", ID, "valid: those of the image; all: the padding around it, too"),
        _column("kl", pa.float64(), "Divergence from the target", unit="nat", null=True),
        _column("cc", pa.float64(), "Correlation with the target", null=True),
        _column("hs", pa.float64(), "Histogram similarity", null=True),
        _column("sim", pa.float64(), "SIM of the MIT benchmark", null=True),
        _column("nss", pa.float64(), "Normalised scan-path saliency", null=True),
        _column("auc_judd", pa.float64(), "Against all other pixels", null=True),
        _column("auc_shuffled", pa.float64(), "Against gaze on other images", null=True),
        _column(
            "information_gain",
            pa.float64(),
            "Over the centre prior, a fixation",
            unit="bit",
            null=True,
        ),
    ],
    "saliency",
)
