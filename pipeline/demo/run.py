"""Command `demo`: synthetic REFLACX, EGD and MIMIC trees, whole or not at all.

Writes: OUT/reflacx, OUT/egd, OUT/mimic-cxr-jpg, OUT/mimic-cxr (EGD's DICOM files), and
OUT/ground_truth.jsonl, which no reader reads. Params: section `demo`.
"""

import json
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

from gazescribe.pipeline.demo.drawn import Drawn
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
    from gazescribe.pipeline.demo import egd, egd_gaze, mimic, reflacx
    from gazescribe.pipeline.demo.egd_readings import read_all
    from gazescribe.pipeline.demo.egd_tables import in_sheet_order
    from gazescribe.pipeline.demo.population import draw_cases
    from gazescribe.pipeline.demo.reflacx_plan import plan_readings

    seed, with_images = settings.seed, images != "none"
    draw = partial(draw_cases, settings.readings, seed, small=images == "small")
    population = draw()
    plans = plan_readings(population, settings, with_samples=with_images)
    plan_images = partial(mimic.plan_images, seed=seed, edge_case_rate=settings.edge_case_rate)
    cases = in_sheet_order(population.egd, seed)
    readings = read_all(cases, settings)
    of_reflacx, of_egd, jpg = out / "reflacx", out / "egd", out / "mimic-cxr-jpg"
    record = partial(egd_gaze.record_session, seed=seed, samples=with_images)
    tasks: list[list[Callable[[], Any]]] = [  # in the order in which their results are written
        [partial(egd.write_tables, of_egd, cases, seed)],
        [partial(reflacx.write_readings, batch, of_reflacx, settings) for batch in _batches(plans)],
        [partial(egd.write_dictations, of_egd, batch, seed) for batch in _batches(readings)],
        [partial(record, session) for session in egd_gaze.plan_sessions(readings, settings)],
        [],
    ]
    if with_images:
        inverted = egd.inverted_ids(cases)
        pictures, _ = plan_images(population)
        tasks[-1] += [partial(mimic.write_images, batch, jpg) for batch in _batches(pictures)]
        tasks[-1] += [
            partial(egd.write_pictures, batch, out, inverted) for batch in _batches(population.egd)
        ]
    del population  # drawn again below: meanwhile its memory is the workers'
    results = map_tasks(
        _call,
        list(chain.from_iterable(tasks)),
        workers=workers,
        scheduler=scheduler,
        description="writing",
    )
    tables, written, dictations, sessions = (islice(results, len(part)) for part in tasks[:4])
    deque(tables, maxlen=0)
    with (out / TRUTH).open("w", encoding="utf-8") as truth:
        # What comes from workers is written at once: of 100,000 readings it is gigabytes.
        n_truths = reflacx.write_metadata(of_reflacx, chain.from_iterable(written), truth)
        for row in chain.from_iterable(dictations):
            truth.write(json.dumps(row, sort_keys=True) + "\n")
    egd_gaze.write_gaze(of_egd, sessions, samples=with_images)
    deque(results, maxlen=0)
    # With the last result workers have gone: what is sorted whole takes their memory.
    reflacx.sort_metadata(of_reflacx)
    population = draw()
    pictures, unlabelled = plan_images(population)
    mimic.write_tables(pictures, unlabelled, jpg)
    return {
        "reflacx_readings": len(plans),
        "reflacx_discarded": len(plans) - n_truths,
        "reflacx_images": sum(len(cases) for cases in population.phases.values()),
        "egd_cases": len(cases),
        "mimic_images": len(pictures),
        "mimic_studies": len(population.cases),
        "mimic_studies_unlabelled": len(unlabelled),
        "pictures": len(pictures) if with_images else 0,
    }


def _batches(items: Drawn[Any]) -> Iterator[Drawn[Any]]:
    for first in range(0, len(items), BATCH):
        yield items[first : first + BATCH]


def _call(task: Callable[[], Any]) -> Any:
    return task()
