"""Command `demo`: synthetic REFLACX, EGD and MIMIC trees, whole or not at all.

Writes: OUT/reflacx, OUT/egd, OUT/mimic-cxr-jpg, OUT/mimic-cxr (EGD's DICOM files), and
OUT/ground_truth.jsonl, which no reader reads. Params: section `demo`.
"""

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from gazescribe.pipeline.demo.settings import Demo, Images

TREES = ("reflacx", "egd", "mimic-cxr-jpg", "mimic-cxr")
TRUTH = "ground_truth.jsonl"
BATCH = 16  # readings or images a task


def write_demo(
    out: Path,
    settings: Demo,
    images: Images,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
) -> dict[str, int]:
    """Write all trees into an empty folder.

    Parameters
    ----------
    out : pathlib.Path
        The folder.
    settings : Demo
        What is planted.
    images : {'native', 'small', 'none'}
        Size of the pictures, and with `small` of every coordinate.
    workers, scheduler : optional
        As in `pipeline.core.parallel.map_tasks`; the files do not depend on them.

    Returns
    -------
    dict of str to int
        What was written.

    Raises
    ------
    ParamsError
        If there are too few readings for the three phases.
    """
    from gazescribe.pipeline.core.parallel import map_tasks
    from gazescribe.pipeline.demo import mimic, reflacx
    from gazescribe.pipeline.demo.egd import inverted_ids, write_egd, write_pictures
    from gazescribe.pipeline.demo.population import draw_cases
    from gazescribe.pipeline.demo.reflacx_plan import plan_readings

    population = draw_cases(settings.readings, settings.seed, small=images == "small")
    plans = plan_readings(population, settings, with_samples=images != "none")
    pictures, unlabelled = mimic.plan_images(population, settings.seed, settings.edge_case_rate)
    jpg = out / "mimic-cxr-jpg"
    tasks: list[Callable[[], Any]] = [
        partial(write_egd, out, population.egd, settings, images),
        *(
            partial(reflacx.write_readings, batch, out / "reflacx", settings)
            for batch in _batches(plans)
        ),
    ]
    n_readings = len(tasks)
    if images != "none":
        tasks += [partial(mimic.write_images, batch, jpg) for batch in _batches(pictures)]
        inverted = inverted_ids(population.egd)
        tasks += [
            partial(write_pictures, batch, out, inverted) for batch in _batches(population.egd)
        ]
    egd_truths, *done = map_tasks(
        _call, tasks, workers=workers, scheduler=scheduler, description="writing"
    )
    written = [reading for batch in done[: n_readings - 1] for reading in batch]
    reflacx.write_metadata(out / "reflacx", written)
    mimic.write_tables(pictures, unlabelled, jpg)
    truths = [reading.truth for reading in written if reading.truth is not None]
    lines = [json.dumps(truth, sort_keys=True) + "\n" for truth in (*truths, *egd_truths)]
    (out / TRUTH).write_text("".join(lines), encoding="utf-8")
    return {
        "reflacx_readings": len(plans),
        "reflacx_discarded": len(plans) - len(truths),
        "reflacx_images": sum(len(cases) for cases in population.phases.values()),
        "egd_cases": len(population.egd),
        "mimic_images": len(pictures),
        "mimic_studies": len({image.case.study_id for image in pictures}),
        "mimic_studies_unlabelled": len(unlabelled),
        "pictures": len(pictures) if images != "none" else 0,
    }


def _batches(items: Sequence[Any]) -> list[Sequence[Any]]:
    return [items[first : first + BATCH] for first in range(0, len(items), BATCH)]


def _call(task: Callable[[], Any]) -> Any:
    return task()
