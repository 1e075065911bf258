"""Search the window of gaze that fits the readers' ellipses best.

Reads: `readings, fixations, words, sentences, ellipses` of a folder of REFLACX tables; mentions of
our labeler or of anybody else's.
Writes: `scores.parquet`, `scores.csv`, `ranking.csv`, `by_label.csv`, `params.patch.yaml`,
`tune.json`, pictures, and `captions.json` of them.
Params: `tune` and `figures`; of `associate` and `heatmaps` what is not searched; `learned` if it is
compared.
Drops: readings that are no training cases of the phases asked for, counted by reason. A label that
its reader drew and the report does not mention stays, and scores 0.
Source: Lanfredi et al. 2023, Section 2.8; `spec/mil.md` section 3.
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import yaml

from gazescribe.pipeline.core.errors import GazeError
from gazescribe.pipeline.core.files import replacing_folder, write_headline, write_json
from gazescribe.pipeline.core.settings import Figures
from gazescribe.pipeline.core.tables import (
    read_table,
    split_source,
    usable_readings,
    write_table,
)
from gazescribe.pipeline.dictation.label_maps import LabelMap, load_label_map
from gazescribe.pipeline.dictation.mentions import read_mentions
from gazescribe.pipeline.geometry.iou import ALL_THRESHOLDS, PUBLISHED_THRESHOLDS
from gazescribe.pipeline.windows.learned.run import SharedOut, share_out_readings
from gazescribe.pipeline.windows.parts import Tasks
from gazescribe.pipeline.windows.tune.candidates import Candidate, beyond, search_rules
from gazescribe.pipeline.windows.tune.cases import Case, gather
from gazescribe.pipeline.windows.tune.layers import N_LEVELS, Drawing
from gazescribe.pipeline.windows.tune.results import (
    Results,
    by_label,
    compare,
    metrics,
    patch,
    ranking,
    score_table,
)
from gazescribe.pipeline.windows.tune.score import DRAWN, WHOLE_REPORT, score_all
from gazescribe.pipeline.windows.tune.settings import SearchSettings

PARAMS: dict[str, Any] = {  # all that the search depends on; `dvc.yaml` names the same
    "tune": True,
    "associate": {"mention_time", "trailing_text", "uncertain_opens", "sigma_deg"},
    "heatmaps": {"amplitude", "min_certainty"},
    "learned": True,
}


def run(
    tables: Path,
    mentions: Path,
    out: Path,
    params: SearchSettings,
    pictures: Figures,
    *,
    rules: Path | None = None,
    encoding: str = "utf-8",
    workers: int | None = None,
    scheduler: str | None = None,
) -> dict[str, Any]:
    """Search; write scores, ranking, patch, metrics and pictures; give the metrics.

    Raises
    ------
    GazeError
        If tables, mentions or rules do not fit together, or no case is left.
    """
    label_map = load_label_map(rules)
    where = {"workers": workers, "scheduler": scheduler}
    shared = None
    if params.tune.learned.used:
        shared = share_training(tables, mentions, params, label_map, rules, encoding)
    shares = shared.shares if shared else None
    cases, counts = gather(
        tables, mentions, params, label_map, rules, encoding=encoding, shares=shares
    )
    if not any(len(case.gaussians["onset_s"]) for case in cases):
        message = f"none of {len(cases)} readings with an ellipse and a mention has a fixation."
        remedy = "Ingest them again, or find fixations in samples with `gazescribe fixations`."
        raise GazeError(message, where=tables, remedy=remedy)
    candidates = [*search_rules(), *beyond(params.tune, params.learned if shared else None)]
    results = search(cases, candidates, params, label_map.channels, **where)
    summary = {
        "params": params.model_dump(include=PARAMS),
        "split_source": split_source(tables),
        **counts,
        **metrics(results, params.tune),
    }
    _write(results, summary, out, params, pictures)
    return summary


def share_training(
    tables: Path,
    mentions: Path,
    params: SearchSettings,
    label_map: LabelMap,
    rules: Path | None,
    encoding: str,
) -> SharedOut:
    """Share out the fixations of training readings, each by what other subjects taught.

    All training readings with gaze teach, also those that are no cases; no ellipse does.
    """
    readings = read_table(tables, "readings")
    spoken = read_mentions(mentions, readings, label_map, encoding=encoding)
    ids, _ = usable_readings(readings.filter(pc.equal(readings["split"], "train")))
    associate = params.associate.model_copy(update={"unit": "sentence"})
    tasks = Tasks(ids, spoken)
    return share_out_readings(tables, tasks, associate, params.learned, label_map, rules)


def search(
    cases: Sequence[Case],
    rules: Sequence[Candidate],
    params: SearchSettings,
    channels: Sequence[str],
    **where: Any,
) -> Results:
    """Score and rank rules on cases, with floors and ceilings beside them."""
    candidates = [*rules, WHOLE_REPORT]
    size = (params.tune.size, params.tune.size)
    drawing = Drawing(size, params.tune.resize, params.heatmaps.amplitude)
    tried = np.array(ALL_THRESHOLDS)
    if params.tune.thresholds == "published":
        tried = np.array(PUBLISHED_THRESHOLDS)  # all of them are among the levels
    levels = np.rint(tried * (N_LEVELS - 1)).astype(int)
    with TemporaryDirectory() as folder:
        labels = score_all(cases, candidates, drawing, channels, levels, Path(folder), **where)
        return compare([*candidates, *DRAWN], labels, tried, params.tune)


def _write(
    results: Results,
    summary: dict[str, Any],
    out: Path,
    params: SearchSettings,
    pictures: Figures,
) -> None:
    from gazescribe.pipeline.core.figures import captions, save
    from gazescribe.pipeline.windows.tune.plots import iou_by_delay, iou_by_label

    extra = {"split_source": summary["split_source"], "params": params.tune.model_dump_json()}
    scores = score_table(results)
    shown = scores.filter(pc.is_in(scores["threshold"], pa.array(PUBLISHED_THRESHOLDS)))
    ranked, labels = ranking(results, params.tune.confidence), by_label(results)
    frames = {"scores": shown.to_pandas(), "ranking": ranked, "by_label": labels}
    score = summary["best"][f"iou_{results.ranked_by}"]
    by_delay = iou_by_delay(ranked, f"iou_{results.ranked_by}")
    plates = {"iou_by_delay": by_delay, "iou_by_label": iou_by_label(labels)}
    head = f"# Best window of `gazescribe tune`: macro mean IoU {score} ({results.ranked_by}).\n"
    text = head + yaml.safe_dump(patch(results), sort_keys=False)
    with replacing_folder(out, "scores of rules", obsolete=(), mark="tune.json") as folder:
        write_table(scores, folder, "scores", extra)
        for name, frame in frames.items():
            path = folder / f"{name}.csv"
            frame.to_csv(path, index=False, float_format="%.6g", lineterminator="\n")
        (folder / "params.patch.yaml").write_text(text, encoding="utf-8")
        for name, plate in plates.items():
            save(plate.figure, folder, name, pictures)
        write_json(captions(plates), folder / "captions.json")
        write_headline(folder, "tune", {"iou": summary["best"]["iou_cross_validated"]})
        write_json(summary, folder / "tune.json")
