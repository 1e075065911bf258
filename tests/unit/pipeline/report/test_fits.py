import pytest

from gazescribe.pipeline.report.fits import fits
from gazescribe.pipeline.report.layout import RunLayout
from gazescribe.pipeline.windows.learned.fit_file import write_fit
from gazescribe.pipeline.windows.learned.learn import learn_by_folds
from tests.unit.pipeline.windows.learned.learned_readings import LABELS, settings, several


@pytest.fixture
def run(tmp_path):
    fit, _ = learn_by_folds(several(4), LABELS, settings(iterations=2))
    (tmp_path / "mylab").mkdir()
    write_fit(fit, tmp_path / "mylab" / "fit.json")
    datasets = {
        "mylab": {"tables": "tables", "associated": "mylab"},
        "windows": {"tables": "tables", "associated": "windows"},
        "silent": {"tables": "tables"},
    }
    return tmp_path, RunLayout(schema_version=1, datasets=datasets)


def test_each_fit_is_shown(run):
    (section,) = fits(*run)
    assert (section.key, section.title) == ("learned-mylab", "Association that learns: mylab")
    assert "by what 4 readings teach" in section.lead[0].striptags()
    assert [picture.title for picture in section.pictures] == [
        "When gaze is on what is named",
        "Where gaze is on what is named",
    ]
    assert all(picture.data.startswith("data:image/") for picture in section.pictures)
    assert "4 readings of 4 subjects" in section.pictures[0].caption
