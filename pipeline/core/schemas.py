"""Every table of the pipeline: columns, types, nullability, units, meaning. The only definition.

Times are seconds (float64) from the start of the reading's audio. Pixels are the original image's,
origin at the centre of the top-left pixel, x right, y down. Unknown is null, never -1.
The same words land in the Parquet files: per column as field metadata (`unit`, `description`), per
file as `schema_version` and `table`.
"""

import pyarrow as pa

from gazescribe.pipeline.core.columns import (
    CHARS,
    COUNT,
    ID,
    NUMBER,
    PIXEL,
    PIXELS,
    READING_ID,
    TIME,
    Table,
    box,
    column,
    table,
)
from gazescribe.pipeline.core.looking_schemas import LOOKING_TABLES
from gazescribe.pipeline.core.score_schemas import SCORE_TABLES
from gazescribe.pipeline.core.values import (
    CHEXPERT_LABELS,
    DATASETS,
    HEATMAP_KINDS,
    POLARITIES,
    SPLITS,
    STATES,
    WINDOW_STATUSES,
)

_IN_ORDER = [  # of the pipeline
    table(
        "readings",
        ("reading_id",),
        "One reader looking at one image once",
        [
            READING_ID,
            column("dataset", ID, f"Source: {', '.join(DATASETS)}"),
            column("phase", COUNT, "REFLACX collection phase, 1 to 3", null=True),
            column("dicom_id", ID, "Image; not a key, phases 1 and 2 have five readers an image"),
            column("study_id", NUMBER, "MIMIC study", null=True),
            column("subject_id", NUMBER, "MIMIC subject; splits never cut through one"),
            column("split", ID, f"{', '.join(SPLITS)}, by subject, for the MIL network", null=True),
            column(
                "egd_split",
                ID,
                "EGD's own split by subject, stratified by diagnosis, for the cooperative network",
                null=True,
            ),
            column("width_px", PIXELS, "Width of the original image", unit="px", null=True),
            column("height_px", PIXELS, "Height of the original image", unit="px", null=True),
            column(
                "image_path",
                ID,
                "File below the folder of the radiographs, with or without suffix",
                null=True,
            ),
            column(
                "has_gaze", pa.bool_(), "False when the eye tracking was discarded or is absent"
            ),
            column(
                "text", ID, "The dictation; every char_start and char_end counts in it", null=True
            ),
            column("diagnosis", ID, "EGD: normal, chf or pneumonia", null=True),
        ],
    ),
    table(
        "fixations",
        ("reading_id", "fixation"),
        "One fixation, in time order",
        [
            READING_ID,
            column("fixation", COUNT, "Number within the reading, from 0 in time order"),
            column("onset_s", TIME, "Start", unit="s"),
            column("offset_s", TIME, "End", unit="s"),
            column("x_px", PIXEL, "Centre; may lie outside the image", unit="px"),
            column("y_px", PIXEL, "Centre; may lie outside the image", unit="px"),
            column("px_per_deg_x", PIXEL, "Image pixels a degree of visual angle", unit="px/deg"),
            column("px_per_deg_y", PIXEL, "Image pixels a degree of visual angle", unit="px/deg"),
            *box("shown_", "Part of the image on screen, null = all of it", null=True),
            column("pupil_area_norm", PIXEL, "Pupil area over its mean at calibration", null=True),
        ],
    ),
    table(
        "words",
        ("reading_id", "word"),
        "One dictated word or punctuation mark",
        [
            READING_ID,
            column("word", COUNT, "Number within the reading, from 0 in spoken order"),
            column("text", ID, "As written in the transcript"),
            column("onset_s", TIME, "Start", unit="s"),
            column("offset_s", TIME, "End; equal to the start for words of no length", unit="s"),
            *CHARS,
            column("sentence", COUNT, "Sentence that the word belongs to"),
        ],
    ),
    table(
        "sentences",
        ("reading_id", "sentence"),
        "One sentence: words up to a mark, written or spoken, or to a pause, or to the last word",
        [
            READING_ID,
            column("sentence", COUNT, "Number within the reading, from 0"),
            column("onset_s", TIME, "Start of the first word", unit="s"),
            column("offset_s", TIME, "End of the mark, or of the last word", unit="s"),
            *CHARS,
        ],
    ),
    table(
        "samples",
        ("reading_id", "sample"),
        "One gaze sample of the tracker",
        [
            READING_ID,
            column("sample", COUNT, "Number within the reading, from 0 in time order"),
            column("time_s", TIME, "When", unit="s"),
            column("x_px", PIXEL, "Position; null when there is none", unit="px", null=True),
            column("y_px", PIXEL, "Position; null when there is none", unit="px", null=True),
            column(
                "valid", pa.bool_(), "The tracker found an eye; EGD: and a fixation (FPOGV is 1)"
            ),
            column("inside", pa.bool_(), "The position lies on the image"),
        ],
    ),
    table(
        "certainties",
        ("reading_id", "label"),
        "How certain the reader was of a label of the data set",
        [
            READING_ID,
            column("label", ID, "The data set's own column name"),
            column("certainty", COUNT, "0 absent … 5 certain; null: chosen, not stated", null=True),
        ],
    ),
    table(
        "ellipses",
        ("reading_id", "ellipse", "label"),
        "One label of one ellipse the reader drew",
        [
            READING_ID,
            column("ellipse", COUNT, "Number within the reading, from 0 in file order"),
            column("label", ID, "The data set's own column name"),
            *box("", "Ends of the axes; may lie outside the image", null=False),
            column("certainty", COUNT, "1 unlikely … 5 certain"),
        ],
    ),
    table(
        "regions",
        ("reading_id", "region"),
        "A named box: the chest, or a structure of the anatomy",
        [
            READING_ID,
            column("region", ID, "chest, or the structure's name in the data set"),
            *box("", "Box; may lie outside the image", null=False),
        ],
    ),
    table(
        "attributes",
        ("reading_id", "name"),
        "Anything else the data set says of a reading: flags, free text, findings",
        [
            READING_ID,
            column("name", ID, "The data set's own column name, or ours in lower case"),
            column("value", ID, "As text; flags are true or false"),
        ],
    ),
    table(
        "mentions",
        ("report_id", "char_start", "char_end", "label"),
        "One label of one span of a report",
        [
            column("report_id", ID, "The report; the reading for dictations"),
            *CHARS,
            column("label", ID, "Class of the labeler, lower case"),
            column("concept", ID, "What was said: an entry of rules/"),
            column("text", ID, "text[char_start:char_end]"),
            column("sentence", COUNT, "Sentence of the report, from 0"),
            column("polarity", ID, ", ".join(POLARITIES)),
            column("rule_id", ID, "Rule that decided the polarity", null=True),
            column("trigger", ID, "Words that made the rule fire", null=True),
            column("onset_s", TIME, "Start of the first word that overlaps", unit="s", null=True),
            column("offset_s", TIME, "End of the last word that overlaps", unit="s", null=True),
        ],
    ),
    table(
        "windows",
        ("reading_id", "window"),
        "A stretch of time whose gaze is drawn as one map",
        [
            READING_ID,
            column("window", COUNT, "Number within the reading, from 0"),
            column("kind", ID, "sentence, mention, report (to the last word), reading (all gaze)"),
            column("sentence", COUNT, "Sentence it belongs to", null=True),
            column("char_start", COUNT, "First character of its text", unit="character", null=True),
            column("char_end", COUNT, "One past its last character", unit="character", null=True),
            column("start_s", TIME, "Start", unit="s"),
            column("end_s", TIME, "End", unit="s"),
            column("labels", pa.list_(pa.string()), "Channels mentioned in it, in channel order"),
            column("n_mentions", pa.list_(COUNT), "Spans that mention it, for each of labels"),
            column("n_uncertain", pa.list_(COUNT), "Of these uncertain, for each of labels"),
            column("n_fixations", COUNT, "Fixations that overlap it", unit="count"),
            column("gaze_s", TIME, "Summed overlap of these fixations", unit="s"),
            column("status", ID, ", ".join(WINDOW_STATUSES)),
            column("width_px", PIXELS, "Width of the original image", unit="px", null=True),
            column("height_px", PIXELS, "Height of the original image", unit="px", null=True),
        ],
    ),
    table(
        "gaussians",
        ("reading_id", "window", "fixation"),
        "One fixation of one window: the lossless form of every heatmap",
        [
            READING_ID,
            column("window", COUNT, "Window of the reading"),
            column("fixation", COUNT, "Fixation of the reading"),
            column("x_px", PIXEL, "Centre", unit="px"),
            column("y_px", PIXEL, "Centre", unit="px"),
            column("sigma_x_px", PIXEL, "Standard deviation", unit="px"),
            column("sigma_y_px", PIXEL, "Standard deviation", unit="px"),
            column("weight_s", TIME, "Overlap of fixation and window", unit="s"),
            *box(
                "clip_",
                "Pixels drawn, half open [min, max): the shown rectangle, rounded half to even,"
                " inside the image",
                PIXELS,
                null=False,
            ),
        ],
    ),
    table(
        "heatmaps",
        ("reading_id", "kind", "label"),
        "Index of the shards: one map",
        [
            READING_ID,
            column("kind", ID, ", ".join((*HEATMAP_KINDS, "gradcam"))),
            column("label", ID, "Channel; empty for kinds that have none"),
            column("dataset", ID, "Source"),
            column("phase", COUNT, "REFLACX collection phase", null=True),
            column("split", ID, ", ".join(SPLITS), null=True),
            column("dicom_id", ID, "Image"),
            column("shard", COUNT, "NNNNN of heatmaps-NNNNN.npy"),
            column("row", COUNT, "Row of that shard"),
            column("peak", PIXEL, "Largest window maximum at full size before division", null=True),
            column("gaze_s", TIME, "Summed weights of its windows", unit="s", null=True),
            column("n_fixations", COUNT, "Gaussians drawn", unit="count", null=True),
            column("n_mentions", COUNT, "Mentions of the label in its windows", null=True),
            column("n_uncertain", COUNT, "Of these, uncertain ones", null=True),
            column(
                "sigma_deg", PIXEL, "Standard deviation of the Gaussians", unit="deg", null=True
            ),
            column("amplitude", ID, "mass: unit volume; peak: unit height", null=True),
            column("height", PIXELS, "Height of the map", unit="model px"),
            column("width", PIXELS, "Width of the map", unit="model px"),
            column("scale", PIXEL, "model = (image_px + 0.5)·scale + pad − 0.5"),
            column("pad_x_px", PIXEL, "Left padding", unit="model px"),
            column("pad_y_px", PIXEL, "Top padding", unit="model px"),
        ],
    ),
    table(
        "scores",
        ("rule", "label", "threshold"),
        "Mean IoU of one rule's maps of a label with the readers' own ellipses, at one threshold",
        [
            column("rule", ID, "Name of the rule; windows as the published code names them"),
            column("start", ID, "Rule for the window's start", null=True),
            column("lag_s", TIME, "Delay of that rule", unit="s", null=True),
            column("end", ID, "Rule for the window's end", null=True),
            column("label", ID, "Channel"),
            column("threshold", PIXEL, "Maps count where they are above it"),
            column("iou", PIXEL, "Mean over cases; null where there is none", null=True),
            column("n", COUNT, "Readings whose reader drew the label", unit="count"),
        ],
    ),
    table(
        "studies",
        ("study_id",),
        "One MIMIC study and its CheXpert labels as named states",
        [
            column("study_id", NUMBER, "MIMIC study"),
            column("subject_id", NUMBER, "MIMIC subject"),
            *[column(name, ID, f"CheXpert label: {', '.join(STATES)}") for name in CHEXPERT_LABELS],
        ],
    ),
    table(
        "images",
        ("dicom_id",),
        "One image of the networks: frontal, the only frontal of its study, labelled",
        [
            column("dicom_id", ID, "Image"),
            column("study_id", NUMBER, "MIMIC study"),
            column("subject_id", NUMBER, "MIMIC subject"),
            column("view", ID, "PA or AP"),
            column("width_px", PIXELS, "Width", unit="px", null=True),
            column("height_px", PIXELS, "Height", unit="px", null=True),
            column("split", ID, f"{', '.join(SPLITS)}, by subject, validation subjects moved"),
            column("path", ID, "files/pNN/pSUBJECT/sSTUDY/DICOM without suffix"),
        ],
    ),
    table(
        "image_shards",
        ("dicom_id",),
        "One radiograph in the image shards: where it lies and how it was fitted",
        [
            column("dicom_id", ID, "Image"),
            column("study_id", NUMBER, "MIMIC study", null=True),
            column("subject_id", NUMBER, "MIMIC subject"),
            column("shard", COUNT, "Number of the file images-NNNNN.npy"),
            column("row", COUNT, "Row in that file"),
            column("height", PIXELS, "Height of the frame, model pixels", unit="px"),
            column("width", PIXELS, "Width of the frame, model pixels", unit="px"),
            column("scale", PIXEL, "Model pixels an image pixel"),
            column("pad_x_px", PIXEL, "Empty model pixels left of the image", unit="px"),
            column("pad_y_px", PIXEL, "Empty model pixels above the image", unit="px"),
            column("image_width_px", PIXELS, "Width of the file's image", unit="px"),
            column("image_height_px", PIXELS, "Height of the file's image", unit="px"),
        ],
    ),
    *LOOKING_TABLES,
    *SCORE_TABLES,
]
TABLES: dict[str, Table] = {each.name: each for each in _IN_ORDER}
