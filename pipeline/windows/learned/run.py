"""Share out the fixations of a folder's readings between their sentences and search.

Reads: `readings, fixations`, and where they are `words, sentences, regions`; mentions; a fit of
other data, if one is given.
Params: `learned`; of `associate` what says which mentions open windows.
Source: ours; Lanfredi et al. 2023 ask for it in their last paragraph. How well: docs/learned.md.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from gazescribe.pipeline.core.errors import GazeError, ParamsError
from gazescribe.pipeline.core.tables import read_readings
from gazescribe.pipeline.dictation.label_maps import LabelMap
from gazescribe.pipeline.dictation.places import load_places
from gazescribe.pipeline.windows.learned.fit_file import read_fit
from gazescribe.pipeline.windows.learned.learn import Fit, apply_fit, learn_by_folds
from gazescribe.pipeline.windows.learned.observed import Observed, observe
from gazescribe.pipeline.windows.learned.settings import Learned
from gazescribe.pipeline.windows.parts import Shares, Task, read_parts
from gazescribe.pipeline.windows.settings import Associate


@dataclass(frozen=True)
class SharedOut:
    """The fit that was made or given; shares of the fixations by reading; what was counted."""

    fit: Fit
    shares: dict[str, Shares]
    n_readings_without_places: int  # of a given fit's own subjects

    def counts(self) -> dict[str, int]:
        """Count what it was learnt from, for the summary."""
        return {
            "n_readings_of_fit": self.fit.n_readings,
            "n_subjects_of_fit": len(self.fit.subjects),
            "n_readings_without_places": self.n_readings_without_places,
        }


def share_out_readings(
    tables: Path,
    tasks: Sequence[Task],
    params: Associate,
    learned: Learned | Path,
    label_map: LabelMap,
    rules: Path | None = None,
) -> SharedOut:
    """Learn from the training readings, or take a fit; share out the fixations of all readings.

    `learned` are settings to learn by, or the file of a fit.

    Raises
    ------
    GazeError
        If windows are of single mentions, there is too little to learn from, or a file is at fault.
    """
    if params.unit != "sentence":
        remedy = "Set associate.unit to sentence, or use --method window."
        raise ParamsError("method learned needs unit sentence.", remedy=remedy)
    teacher = learned if isinstance(learned, Learned) else read_fit(learned)
    settings = teacher if isinstance(teacher, Learned) else teacher.params
    observed = observe_readings(tables, tasks, params, settings, label_map, rules)
    n_known = 0
    if isinstance(teacher, Learned):
        try:
            fit, shares = learn_by_folds(observed, label_map.channels, teacher)
        except GazeError as error:
            raise GazeError(error.what, where=tables, remedy=error.remedy) from error
    else:
        fit = teacher
        shares, n_known = apply_fit(observed, fit)
    return SharedOut(fit, shares, n_known)


def observe_readings(
    tables: Path,
    tasks: Iterable[Task],
    params: Associate,
    learned: Learned,
    label_map: LabelMap,
    rules: Path | None = None,
) -> list[Observed]:
    """Take from readings what the model looks at."""
    words = load_places(rules)
    look = partial(observe, params=params, learned=learned, label_map=label_map, words=words)
    observed = []
    for task in tasks:  # not by workers: these take longer to start
        regions = read_readings(tables, "regions", task.ids, optional=True)
        for reading, parts in read_parts(tables, task.mentions, task.ids):
            columns = {**parts, "regions": regions[reading["reading_id"]]}
            observed.append(look(reading, columns))
    return observed
