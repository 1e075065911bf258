import json
import re

import numpy as np
import pytest

from gazescribe.pipeline.core.errors import SchemaError
from gazescribe.pipeline.windows.learned.fit_file import read_fit, write_fit
from gazescribe.pipeline.windows.learned.learn import apply_fit, learn_by_folds
from tests.unit.pipeline.windows.learned.learned_readings import (
    LABELS,
    observed,
    settings,
    several,
)

PARAMS = settings(iterations=3)


@pytest.fixture(scope="module")
def fit():
    return learn_by_folds(several(4), LABELS, PARAMS)[0]


def test_a_fit_says_the_same_from_its_file(fit, tmp_path):
    write_fit(fit, tmp_path / "fit.json")
    again = read_fit(tmp_path / "fit.json")
    assert (again.params, again.labels, again.subjects) == (fit.params, fit.labels, fit.subjects)
    for name in ("odds", "search_s", "places_s"):
        assert np.array_equal(getattr(again.learnt, name), getattr(fit.learnt, name)), name
    first, second = (apply_fit([observed(9)], one)[0]["R009"] for one in (fit, again))
    assert all(np.array_equal(first[key], second[key]) for key in first)
    write_fit(again, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "fit.json").read_bytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"format": "2"}, "format: .*'gazescribe fit 1', found '2'", id="format"),
        pytest.param({"odds": [1.0]}, "odds has 1 numbers, its params make 42", id="odds"),
        pytest.param({"labels": ["Edema"]}, "places name the label 'Fracture'", id="label"),
        pytest.param({"search": [-1.0] * 576}, "search.0: .*greater than or equal to 0", id="less"),
        pytest.param({"search": []}, "search: .*at least 576 items", id="cells"),
    ],
)
def test_files_that_are_no_fit(fit, tmp_path, change, message):
    path = tmp_path / "fit.json"
    write_fit(fit, path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(SchemaError) as refused:
        read_fit(path)
    assert "associate --method learned" in str(refused.value)
    assert re.search(message, str(refused.value)), str(refused.value)
