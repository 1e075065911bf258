import pytest
from pydantic import ValidationError

from gazescribe.pipeline.commands.params import load_params
from gazescribe.pipeline.gaze.sync.settings import Sync


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param("reach_s", 61, id="farther than a minute"),
        pytest.param("step_s", 0, id="no step"),
        pytest.param("smooth_s", -0.1, id="smoothing"),
        pytest.param("n_bootstrap", 0, id="no resample"),
        pytest.param("confidence", 1, id="all of the resamples"),
        pytest.param("max_off", 5, id="unknown key"),
    ],
)
def test_values_out_of_range_are_refused_by_name(key, value):
    values = load_params().sync.model_dump() | {key: value}
    with pytest.raises(ValidationError, match=key):
        Sync(**values)
