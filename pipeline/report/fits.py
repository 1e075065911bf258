"""What the page of a run shows of association that learns: when and where gaze is on findings."""

from pathlib import Path
from tempfile import TemporaryDirectory

from gazescribe.pipeline.core.settings import Figures
from gazescribe.pipeline.report.layout import RunLayout
from gazescribe.pipeline.report.numbers import cite, told
from gazescribe.pipeline.report.sheets import Figure, Section, embed_figure, figure_paths
from gazescribe.pipeline.windows.learned.fit_file import FIT_FILE, read_fit
from gazescribe.pipeline.windows.learned.learn import Fit


def fits(folder: Path, run: RunLayout) -> list[Section]:
    """Show the fit of each data set whose fixations were shared out by one."""
    sections = []
    for name, dataset in run.datasets.items():
        file = f"{dataset.associated}/{FIT_FILE}"
        if dataset.associated is None or not (folder / file).is_file():
            continue
        fit = read_fit(folder / file)
        lead: list[str] = [
            told(
                "Fixations are shared out between sentences and search by what {n} readings teach;"
                " no ellipse is used.",
                n=cite(fit.n_readings, file, "n_readings"),
            )
        ]
        title = f"Association that learns: {name}"
        sections.append(Section(f"learned-{name}", title, lead, pictures=_draw(fit)))
    return sections


def _draw(fit: Fit) -> list[Figure]:
    from gazescribe.pipeline.core.figures import save  # matplotlib is slow to import
    from gazescribe.pipeline.windows.learned.plots import odds_by_time, places_by_label

    drawn = []
    with TemporaryDirectory() as folder:
        for number, plate in enumerate((odds_by_time(fit), places_by_label(fit))):
            save(plate.figure, Path(folder), str(number), Figures(text="outlines"))
            paths = figure_paths(Path(folder), str(number))
            drawn.append(embed_figure(paths, plate.title, caption=plate.caption))
    return drawn
