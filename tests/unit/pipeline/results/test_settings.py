import pytest
from pydantic import ValidationError

from gazescribe.pipeline.results.settings import Tabulate

SOUND = {"n_bootstrap": 1, "confidence": 0.95, "seed": 0, "n_examples": 1, "min_patients": 2}


def test_the_least_that_is_allowed():
    assert Tabulate(**SOUND).model_dump() == SOUND


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("n_bootstrap", 0, id="no draw"),
        pytest.param("confidence", 0.0, id="no confidence"),
        pytest.param("confidence", 1.0, id="certainty"),
        pytest.param("seed", -1, id="seed"),
        pytest.param("n_examples", 0, id="no example"),
        pytest.param("min_patients", 1, id="one patient"),
        pytest.param("n_draws", 3, id="unknown"),
    ],
)
def test_what_is_out_of_range_is_named(name, value):
    with pytest.raises(ValidationError) as raised:
        Tabulate(**SOUND | {name: value})
    assert [fault["loc"] for fault in raised.value.errors()] == [(name,)]
